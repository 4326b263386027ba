"""Values that many rows share and that fall into a bin with others: a second look at the rows counts each by itself.

Bins say in which of them such a value may be. How often it occurs cannot be known from parts of the rows, in some of
which it may be as rare as any other, so the rows are asked once all of them are counted.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.tables import bins, scan
from harness.tables.profiles import ColumnProfile, Profile
from harness.tables.sql import Sql, column, literal, sql

EITHER = Sql(pieces=(" OR ",))


def with_spikes(rows: Sql, found: Profile) -> Profile:
    """Return the profile with its spikes, counted in a query of its rows as doubles and microseconds."""
    return Profile(columns={name: _with_spikes(rows, each) for name, each in found.columns.items()})


def _with_spikes(rows: Sql, found: ColumnProfile) -> ColumnProfile:
    crowded = ~found.bins.single & (found.bins.count >= found.frequent_from)
    if found.kind == "text" or not crowded.any():
        return found
    return replace(found, spikes=_count_spikes(rows, found, crowded))


def _count_spikes(rows: Sql, found: ColumnProfile, crowded: NDArray[np.bool_]) -> Mapping[int, int]:
    """Return how often each frequent value of the crowded bins occurs, by its key."""
    ends, name = [found.bins.low[crowded], found.bins.high[crowded]], column(found.name)
    lows, highs = ((bins.numbers_of(keys) if found.kind == "number" else keys).tolist() for keys in ends)
    inside = [
        sql("{name} BETWEEN {low} AND {high}", name=name, low=literal(low), high=literal(high))
        for low, high in zip(lows, highs, strict=True)
    ]
    counted = scan.table(
        sql(
            "SELECT {name} AS spike, count(*) AS n FROM ({rows}) AS counted WHERE {inside} GROUP BY {name} "
            "HAVING count(*) >= {least}",
            name=name,
            rows=rows,
            inside=EITHER.join(inside),
            least=literal(found.frequent_from),
        )
    )
    values = counted["spike"].to_numpy()
    keys = bins.keys_of(values) if found.kind == "number" else values
    return dict(sorted(zip(keys.tolist(), counted["n"].to_pylist(), strict=True)))
