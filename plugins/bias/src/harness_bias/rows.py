"""The rows themselves, for what counts cannot tell: fetched once, however many groups and rates there are."""

from collections.abc import Mapping, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, column
from harness_bias.grouping import as_number, as_text, name_as, outcomes


def fetch_rows(data: Dataset, groups: Sequence[str], scored: bool) -> pa.Table:
    """Return each row's id, weight and clusters, its outcomes and groups, and its score if that is asked for."""
    roles = data.roles
    named = {"id": roles.id, "weight": roles.weight} | {f"cluster.{name}": name for name in roles.cluster}
    parts = {name: column(each) for name, each in named.items() if each}
    parts |= {f"own {role}": as_number(data, role) for role in outcomes(data)}
    parts |= {f"group {name}": as_text(name) for name in groups}
    if scored:
        parts |= {f"own {role}": as_number(data, role) for role in ("label", "score")}
    chosen = [name_as(value, name) for name, value in parts.items()]
    order = " ORDER BY id" if roles.id else ""
    return data.query(f"SELECT {{chosen}} FROM {{rows}}{order}", chosen=chosen).table()


def sample_rows(rows: pa.Table, where: pa.ChunkedArray, **values: pa.ChunkedArray) -> pa.Table:
    """Return a Sample's rows: the ids, weights and clusters of those rows that are wanted, and values of theirs."""
    own = [name for name in rows.column_names if not name.startswith(("own ", "group "))]
    found = rows.select(own)
    for name, numbers in values.items():
        found = found.append_column(name, numbers)
    return found.filter(where)


def inside(rows: pa.Table, group: Mapping[str, str]) -> pa.ChunkedArray:
    """Return of each row whether it is of a group, given as a value per column."""
    return reduce(pc.and_, (pc.equal(rows[f"group {name}"], value) for name, value in group.items()))


def having(rows: pa.Table, outcome: tuple[str, int]) -> pa.ChunkedArray:
    """Return of each row whether it had an outcome."""
    role, value = outcome
    return pc.equal(rows[f"own {role}"], float(value))
