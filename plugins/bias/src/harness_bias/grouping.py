"""Which groups there are, how many rows of each were decided how, and which group the others are compared with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, HarnessError, UsageError

MOST_GROUPS = 50
MOST_CELLS = 500_000
MISSING = "(missing)"
OUTCOMES = ("decision", "label")
Group = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The groups by one column or by several at once: each a value per column, the reference apart."""

    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    reference: Group

    def labels(self, group: Group) -> Mapping[str, str]:
        """Return a group's value by column."""
        return dict(zip(self.columns, group, strict=True))


def counted(data: Dataset, columns: Sequence[str]) -> pa.Table:
    """Return how many rows hold each combination of groups, decision and label, counted where they are."""
    found = data
    for name in columns:
        _must_have(data, name)
        found = found.with_column(f"group {name}", as_text(name))
    for role in outcomes(data):
        found = found.with_column(f"group {role}", as_number(data, role))
    total = found.counts([f"group {name}" for name in (*columns, *outcomes(data))], MOST_CELLS)
    if total.num_rows == 0:
        raise HarnessError(f"dataset {data.name!r} has no rows; nothing can be compared")
    _few(total, columns)
    _binary(data, total)
    if total.num_rows == MOST_CELLS:
        told = f"{', '.join(columns)} have {MOST_CELLS:,} or more combinations of groups and outcomes"
        raise HarnessError(f"{told}, and rates of so many tell nothing; name fewer columns")
    return total.rename_columns([*columns, *outcomes(data), "rows"])


def groupings(
    cells: pa.Table, columns: Sequence[str], reference: str | Mapping[str, str], intersections: bool
) -> Iterator[Grouping]:
    """Yield the grouping by each column, and by every two and more together if intersections are asked for."""
    named = _references(columns, reference)
    for name in columns:
        _is_there(cells, name, named[name])
    sizes = range(1, len(columns) + 1 if intersections else 2)
    for chosen in (each for size in sizes for each in combinations(columns, size)):
        yield _grouping(cells, chosen, tuple(named[name] for name in chosen))


def quoted(name: str) -> str:
    """Return a column's name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def as_text(name: str) -> str:
    """Return the SQL expression of a row's group; rows without a value are a group of their own."""
    return f"coalesce(CAST({quoted(name)} AS VARCHAR), '{MISSING}')"


def as_number(data: Dataset, role: str) -> str:
    """Return the SQL expression of a row's decision or label."""
    return f"CAST({quoted(data.column(role))} AS DOUBLE)"


def independent(data: Dataset) -> bool:
    """Tell whether each row counts by itself and as one."""
    return not data.roles.cluster and data.roles.weight is None


def outcomes(data: Dataset) -> Sequence[str]:
    """Return `decision`, which must be there, and `label` if it is."""
    data.column("decision")
    return [role for role in OUTCOMES if role in data.roles.named()]


def _grouping(cells: pa.Table, columns: tuple[str, ...], reference: Group) -> Grouping:
    found = cells.group_by(list(columns)).aggregate([]).to_pylist()
    groups = sorted(tuple(str(row[name]) for name in columns) for row in found)
    if reference not in groups:
        told = ", ".join(f"{name}: {value}" for name, value in zip(columns, reference, strict=True))
        raise HarnessError(f"no row is of the reference group {told}; name another or leave out `intersections`")
    return Grouping(columns=columns, groups=tuple(group for group in groups if group != reference), reference=reference)


def _references(columns: Sequence[str], reference: str | Mapping[str, str]) -> Mapping[str, str]:
    named = {columns[0]: reference} if isinstance(reference, str) else dict(reference)
    if set(named) != set(columns):
        wanted = ", ".join(f"{name}: GROUP" for name in columns)
        raise UsageError(
            f"bias.group_rates compares with one reference group for each column; found {reference!r} for "
            f"{', '.join(columns)}; write `reference: {{{wanted}}}`"
        )
    return named


def _must_have(data: Dataset, name: str) -> None:
    if name not in data.columns:
        raise UsageError(f"dataset {data.name!r} has no column {name!r}; it has {', '.join(data.columns)}")


def _few(cells: pa.Table, columns: Sequence[str]) -> None:
    for name in columns:
        found = pc.count_distinct(cells[f"group {name}"]).as_py()
        if found > MOST_GROUPS:
            raise HarnessError(
                f"column {name!r} has more than {MOST_GROUPS} groups, and rates of so many tell nothing; "
                f"make bands of it and name that column"
            )


def _is_there(cells: pa.Table, name: str, reference: str) -> None:
    found = sorted(pc.unique(cells[name]).to_pylist())
    if reference not in found:
        raise UsageError(f"column {name!r} has no group {reference!r}; it has {', '.join(found)}")


def _binary(data: Dataset, cells: pa.Table) -> None:
    for role in outcomes(data):
        other = [value for value in pc.unique(cells[f"group {role}"]).to_pylist() if value not in (0, 1)]
        if other:
            raise HarnessError(
                f"dataset {data.name!r}: {role} {data.column(role)!r} must hold 0 and 1; found {other[0]!r}; "
                f"name a 0/1 column as its {role}"
            )
