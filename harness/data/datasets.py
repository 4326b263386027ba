"""What a check reads: a named table, the roles of its columns, and proof that the roles hold."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables import scan
from harness.values.runs import Data

if TYPE_CHECKING:
    import ibis

    from harness.tables.profiles import Profile

FINITE = ("FLOAT", "DOUBLE")
EVERY = "*"  # of the columns to profile: all that play no role


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column is what."""

    id: str | None = None
    label: str | None = None
    score: str | None = None
    decision: str | None = None
    time: str | None = None
    weight: str | None = None
    human: str | None = None
    cluster: tuple[str, ...] = ()

    def single_columns(self) -> Mapping[str, str]:
        """Return each single-column role that is set, with its column."""
        singles = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "cluster"}
        return {role: column for role, column in singles.items() if column is not None}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A named table: where it came from, its digest, the roles of its columns, and the query that reads it.

    `profiled` names the columns that are profiled as soon as any is (`EVERY`: all that play no role).
    """

    name: str
    uri: str
    digest: str
    sql: str
    roles: Roles = field(default_factory=Roles)
    filters: tuple[str, ...] = ()
    latest: datetime | None = None
    as_of: datetime | None = None
    provenance: tuple[str, ...] = ()
    profiled: tuple[str, ...] = ()

    @property
    def columns(self) -> Mapping[str, str]:
        """Return the columns with their SQL types."""
        return scan.columns(self.sql)

    @property
    def size(self) -> int:
        """Return the number of rows, which a digest's query has for good."""
        return _count_rows(self.sql, self.digest)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows in Arrow batches."""
        self._must_have(columns or ())
        return scan.batches(scan.select(self.sql, columns))

    def rows(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of the named columns (default all) as one Arrow table."""
        self._must_have(columns or ())
        return scan.table(scan.select(self.sql, columns))

    def counts(self, columns: Sequence[str], most: int) -> pa.Table:
        """Return how many `rows` hold each combination of values, counted where they are; at most so many of them."""
        self._must_have(columns)
        names = ", ".join(map(scan.identifier, columns))
        return scan.table(f"SELECT {names}, count(*) AS rows FROM ({self.sql}) GROUP BY {names} LIMIT {most}")

    def profile(self, columns: Sequence[str] | None = None) -> "Profile":
        """Return the counts of the named columns (default: all of a known kind that play no role), or those saved.

        A column is scanned once for a process, however often it is asked for, and together with the others that the
        steps of the suite ask for.
        """
        from harness.tables import profiling  # noqa: PLC0415 - costs a fifth of a second, and few runs profile

        if not profiling.is_saved(self.sql):
            self._must_have(columns or ())
        playing = {*self.roles.single_columns().values(), *self.roles.cluster}
        return profiling.profile(self.sql, self.digest, columns, playing, self._columns_to_profile(playing))

    def observations(self, *, y: str, score: str | None = None, where: str = "true") -> pa.Table:
        """Return a Sample's rows: id, y, score, weight and clusters by their roles, sorted by id.

        `y`, `score` and `where` are SQL expressions over the columns; y and score become doubles.
        """
        parts = {"id": self.roles.id, "weight": self.roles.weight} | {f"cluster.{c}": c for c in self.roles.cluster}
        chosen = [f"{scan.identifier(column)} AS {scan.identifier(name)}" for name, column in parts.items() if column]
        chosen += [f"CAST({value} AS DOUBLE) AS {name}" for name, value in (("y", y), ("score", score)) if value]
        order = " ORDER BY id" if self.roles.id else ""
        return scan.table(f"SELECT {', '.join(chosen)} FROM ({self.sql}) WHERE {where}{order}")

    def ibis(self) -> "ibis.Table":
        """Return the rows as a lazy Ibis table on DuckDB."""
        return scan.lazy(self.sql)

    def column(self, role: str) -> str:
        """Return the column that plays a role; without one, say which key declares it."""
        found = self.roles.single_columns().get(role)
        if found is None:
            raise UsageError(f"dataset {self.name!r} declares no {role!r} column; add `{role}: COLUMN` to it")
        return found

    def with_roles(self, **roles: Any) -> "Dataset":
        """Return the same rows with further roles, which must name columns that exist."""
        changed = replace(self, roles=replace(self.roles, **roles))
        changed._must_have([*changed.roles.single_columns().values(), *changed.roles.cluster])
        return changed

    def with_column(self, name: str, expression: str) -> "Dataset":
        """Return the same rows with one more column, computed by a SQL expression."""
        return replace(self, sql=f"SELECT *, {expression} AS {scan.identifier(name)} FROM ({self.sql})")

    def record(self) -> Data:
        """Return what a run keeps of this dataset."""
        return Data(
            uri=self.uri,
            digest=self.digest,
            rows=self.size,
            filters=self.filters,
            latest=self.latest,
            provenance=self.provenance,
        )

    def _columns_to_profile(self, playing: Collection[str]) -> Sequence[str]:
        """Return the columns to profile together with those asked for."""
        columns = self.columns if self.profiled else {}
        return [n for n in columns if n in self.profiled or (EVERY in self.profiled and n not in playing)]

    def _must_have(self, names: Sequence[str]) -> None:
        columns = self.columns if names else {}
        for name in names:
            if name not in columns:
                raise UsageError(
                    f"dataset {self.name!r} ({self.uri}) has no column {name!r}{did_you_mean(name, columns)}"
                )


@lru_cache(maxsize=1024)
def _count_rows(sql: str, digest: str) -> int:
    """Count once: a record is still written when the engine that held the rows is gone."""
    return scan.count(sql)


@dataclass(frozen=True, kw_only=True)
class Tables(Mapping[str, Dataset]):
    """The datasets of a suite; whoever asks for one that could not be opened is told why, as nothing else needs it."""

    opened: Mapping[str, Dataset]
    broken: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Dataset:
        if name in self.broken:
            raise HarnessError(self.broken[name])
        return self.opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.opened)

    def __len__(self) -> int:
        return len(self.opened)


def not_empty(data: Dataset) -> Dataset:
    """Return the dataset if it has rows."""
    if data.size == 0:
        message = "nothing can be measured on it, so check its source and its filters"
        raise HarnessError(f"dataset {data.name!r} ({data.uri}) has no rows; {message}")
    return data


def verify(data: Dataset) -> Dataset:
    """Return the dataset when every role holds; otherwise say which does not, before anything is measured."""
    if not _roles_to_check(data):
        return data
    counts = scan.one_row(f"SELECT {', '.join(_tallies(data))} FROM ({data.sql})")
    for role, column in _roles_to_check(data):
        if counts[f"bad {role}"]:
            raise HarnessError(
                f"dataset {data.name!r}: {counts[f'bad {role}']} of {counts['rows']} rows have no usable {role} "
                f"in column {column!r} (missing, NaN or infinite); repair or leave out those rows"
            )
    _ids_are_unique(data, counts)
    _labels_differ(data, counts)
    return data


def _roles_to_check(data: Dataset) -> Sequence[tuple[str, str]]:
    clusters = [(f"cluster {column}", column) for column in data.roles.cluster]
    return [*data.roles.single_columns().items(), *clusters]


def _tallies(data: Dataset) -> Iterator[str]:
    yield 'count(*) AS "rows"'
    types = data.columns
    for role, column in _roles_to_check(data):
        quoted = scan.identifier(column)
        finite = f" OR NOT isfinite({quoted})" if types[column] in FINITE else ""
        yield f'count(*) FILTER ({quoted} IS NULL{finite}) AS "bad {role}"'
    for role in ("id", "label"):
        named = data.roles.single_columns().get(role)
        yield f'count(DISTINCT {scan.identifier(named)}) AS "{role}s"' if named else f'NULL AS "{role}s"'


def _ids_are_unique(data: Dataset, counts: Mapping[str, object]) -> None:
    if data.roles.id and counts["ids"] != counts["rows"]:
        raise HarnessError(
            f"dataset {data.name!r}: {counts['rows']} rows carry {counts['ids']} different values of id "
            f"{data.roles.id!r}; keep one row for each id"
        )


def _labels_differ(data: Dataset, counts: Mapping[str, object]) -> None:
    if data.roles.label and counts["labels"] == 1:
        raise HarnessError(
            f"dataset {data.name!r}: all {counts['rows']} labels in {data.roles.label!r} are of one class; "
            f"quality needs both classes, so widen the window or check how the labels were joined"
        )
