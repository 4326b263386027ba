"""Which groups there are, how many rows of each were decided how, and which group the others are compared with."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, HarnessError, Query, Sql, UsageError, column, literal, sql

MOST_GROUPS = 50
MOST_CELLS = 500_000
MISSING = "(missing)"
OUTCOMES = ("decision", "label")
Group = tuple[str, ...]
Outcome = tuple[float, ...]  # the decision, and the label if there is one
Cells = Mapping[tuple[Group, Outcome], int]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The groups by one column or by several at once: each a value per column, the reference apart.

    `cells` tells how many rows of a group had which outcome.
    """

    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    reference: Group
    cells: Mapping[Group, Mapping[Outcome, int]]

    def labels(self, group: Group) -> Mapping[str, str]:
        """Return a group's value by column."""
        return dict(zip(self.columns, group, strict=True))


def count_cells(data: Dataset, columns: Sequence[str]) -> Cells:
    """Return how many rows hold each combination of groups and outcomes, counted where they are."""
    data.must_have(columns)
    for role in outcomes(data):
        data.must_be_binary(role, read=())
    total = _counts(data, columns).table()
    if total.num_rows == 0:
        raise HarnessError(f"dataset {data.name!r} has no rows; nothing can be compared")
    _few(total, columns)
    for role in outcomes(data):
        data.must_be_binary(role, pc.unique(total[f"group {role}"]).to_pylist())
    if total.num_rows == MOST_CELLS:
        message = f"{', '.join(columns)} have {MOST_CELLS:,} or more combinations of groups and outcomes"
        raise HarnessError(f"{message}, and rates of so many tell nothing; name fewer columns")
    return _cells(total, len(columns))


def groupings(cells: Cells, columns: Sequence[str], reference: Any, intersections: bool) -> Iterator[Grouping]:
    """Yield the grouping by each column, and by every two and more together if intersections are asked for."""
    given = _references(columns, reference)
    known = {name: {group[at] for group, _ in cells} for at, name in enumerate(columns)}
    named = {name: _as_group(given[name], known[name]) for name in columns}
    for name in columns:
        _is_there(known[name], name, named[name])
    sizes = range(1, len(columns) + 1 if intersections else 2)
    for chosen in (each for size in sizes for each in combinations(range(len(columns)), size)):
        yield _grouping(cells, chosen, tuple(columns[at] for at in chosen), named)


def as_text(name: str) -> Sql:
    """Return the SQL expression of a row's group; rows without a value are a group of their own."""
    return sql("coalesce(CAST({name} AS VARCHAR), {missing})", name=column(name), missing=literal(MISSING))


def as_number(data: Dataset, role: str) -> Sql:
    """Return the SQL expression of a row's decision or label."""
    return sql("CAST({value} AS DOUBLE)", value=column(data.column(role)))


def name_as(value: Sql, name: str) -> Sql:
    """Return a SQL expression under a name."""
    return sql("{value} AS {name}", value=value, name=column(name))


def independent(data: Dataset) -> bool:
    """Tell whether each row counts by itself and as one."""
    return not data.roles.cluster and data.roles.weight is None


def outcomes(data: Dataset) -> Sequence[str]:
    """Return `decision`, which must be there, and `label` if it is."""
    data.column("decision")
    return [role for role in OUTCOMES if role in data.roles.single_columns()]


def _counts(data: Dataset, columns: Sequence[str]) -> Query:
    """Return the query that groups the values as they are, and puts only what results into words and numbers."""
    read, own = _grouping_columns(data, columns)
    raw = list(dict.fromkeys((*own, *map(data.column, outcomes(data)))))
    counting = "SELECT {raw}, count(*) AS harness_rows FROM {rows} GROUP BY {raw} LIMIT {most}"
    grouped = read.query(counting, raw=raw, most=literal(MOST_CELLS))
    shown = [name_as(as_text(name), f"group {each}") for name, each in zip(own, columns, strict=True)]
    shown += [name_as(as_number(data, role), f"group {role}") for role in outcomes(data)]
    return data.query("SELECT {shown}, harness_rows FROM {grouped}", shown=shown, grouped=grouped)


def _grouping_columns(data: Dataset, columns: Sequence[str]) -> tuple[Dataset, Sequence[str]]:
    """Return which columns tell the groups apart: of numbers with a fraction their words, as 0.0 equals -0.0."""
    known = data.columns
    worded = [name for name in columns if known[name] in ("FLOAT", "DOUBLE")]
    for name in worded:
        data = data.with_column(f"words {name}", "{words}", words=as_text(name))
    return data, [f"words {name}" if name in worded else name for name in columns]


def _cells(total: pa.Table, columns: int) -> Cells:
    """Return the counts by group and outcome; different values may read the same, as a missing one and its words."""
    found: Counter[tuple[Group, Outcome]] = Counter()
    for *values, rows in zip(*(each.to_pylist() for each in total.columns), strict=True):
        found[tuple(values[:columns]), tuple(values[columns:])] += rows
    return found


def _grouping(cells: Cells, chosen: Sequence[int], columns: tuple[str, ...], named: Mapping[str, str]) -> Grouping:
    found: dict[Group, Counter[Outcome]] = {}
    for (group, outcome), rows in cells.items():
        found.setdefault(tuple(group[at] for at in chosen), Counter())[outcome] += rows
    reference = tuple(named[name] for name in columns)
    if reference not in found:
        message = ", ".join(f"{name}: {named[name]}" for name in columns)
        raise HarnessError(f"no row is of the reference group {message}; name another or leave out `intersections`")
    groups = tuple(group for group in sorted(found) if group != reference)
    return Grouping(columns=columns, groups=groups, reference=reference, cells=found)


def _as_group(value: object, known: Collection[str]) -> str:
    """Return a value as the words of its group: `true`, `25`, `1.0` of a column with fractions, `2026-01-01`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    text = str(value)
    if text in known or not isinstance(value, int | float):
        return text
    return next((name for name in sorted(known) if _is_fraction(name) and float(name) == value), text)


def _is_fraction(name: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", name) is not None and not name.lstrip("-").isdigit()


def _references(columns: Sequence[str], reference: Any) -> Mapping[str, Any]:
    named = dict(reference) if isinstance(reference, Mapping) else {columns[0]: reference}
    if set(named) != set(columns):
        wanted = ", ".join(f"{name}: GROUP" for name in columns)
        raise UsageError(
            f"bias.group_rates compares with one reference group for each column; found {reference!r} for "
            f"{', '.join(columns)}; write `reference: {{{wanted}}}`"
        )
    return named


def _few(cells: pa.Table, columns: Sequence[str]) -> None:
    for name in columns:
        found = pc.count_distinct(cells[f"group {name}"]).as_py()
        if found > MOST_GROUPS:
            raise HarnessError(
                f"column {name!r} has more than {MOST_GROUPS} groups, and rates of so many tell nothing; "
                f"make bands of it and name that column"
            )


def _is_there(found: set[str], name: str, reference: str) -> None:
    if reference not in found:
        raise UsageError(f"column {name!r} has no group {reference!r}; it has {', '.join(sorted(found))}")
