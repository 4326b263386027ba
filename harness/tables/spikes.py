"""Values that many rows share and that fall into a bin with others: a second look at the rows counts each by itself.

Bins say in which of them such a value may be. How often it occurs cannot be known from parts of the rows, in some of
which it may be as rare as any other, so the rows are asked once all of them are counted, for all columns in one scan.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from harness.tables import bins, scan
from harness.tables.bins import Keys
from harness.tables.profiles import ColumnProfile, Profile
from harness.tables.sql import Sql, column, literal, sql

EITHER = Sql(pieces=(" OR ",))


def with_spikes(rows: Sql, found: Profile) -> Profile:
    """Return the profile with its spikes, counted in a query of its rows as doubles and microseconds."""
    crowded = {name: each for name, each in found.columns.items() if each.kind != "text" and _crowded(each).size}
    if not crowded:
        return found
    counted = scan.table(_counting(rows, list(crowded.values())))
    spikes = [_spikes(counted, place, each) for place, each in enumerate(crowded.values())]
    return Profile(columns={**found.columns, **dict(zip(crowded, spikes, strict=True))})


def _crowded(found: ColumnProfile) -> Keys:
    """Return the least and the greatest key of each bin of several values in which a frequent one may be."""
    held = ~found.bins.single & (found.bins.count >= found.frequent_from)
    return np.column_stack([found.bins.low[held], found.bins.high[held]])


def _counting(rows: Sql, columns: Sequence[ColumnProfile]) -> Sql:
    """Return the query that counts the frequent values of each column's crowded bins: in a row, one column has one."""
    names = [column(f"spike {place}") for place in range(len(columns))]
    parts = [
        sql("CASE WHEN {inside} THEN {own} END AS {name}", inside=_inside(each), own=column(each.name), name=name)
        for each, name in zip(columns, names, strict=True)
    ]
    return sql(
        "SELECT {names}, count(*) AS n FROM (SELECT {parts} FROM ({rows}) AS profiled) AS crowded "
        "GROUP BY GROUPING SETS ({sets}) HAVING count(*) >= {least}",
        names=names,
        parts=parts,
        rows=rows,
        sets=[sql("({name})", name=name) for name in names],
        least=literal(min(each.frequent_from for each in columns)),
    )


def _inside(found: ColumnProfile) -> Sql:
    ends = _crowded(found)
    values = bins.numbers_of(ends) if found.kind == "number" else ends
    name = column(found.name)
    return EITHER.join(
        sql("{name} BETWEEN {low} AND {high}", name=name, low=literal(low), high=literal(high))
        for low, high in values.tolist()
    )


def _spikes(counted: pa.Table, place: int, found: ColumnProfile) -> ColumnProfile:
    own = counted.filter(counted[f"spike {place}"].is_valid())
    values, counts = own[f"spike {place}"].to_numpy(), own["n"].to_pylist()
    keys = bins.keys_of(values) if found.kind == "number" else values
    known = {key: n for key, n in zip(keys.tolist(), counts, strict=True) if n >= found.frequent_from}
    return replace(found, spikes=dict(sorted(known.items())))
