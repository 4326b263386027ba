"""What a check reads: a named table, the roles of its columns, and proof that the roles hold."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harness.data.kinds import EXACT, refuse_not_binary, refuse_other_kind, refuse_unlike, refuse_unlike_keys
from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables import scan
from harness.tables.column_names import fold_case
from harness.tables.files import by_file
from harness.tables.queries import Query
from harness.tables.sql import ALL_ROWS, Filling, Sql, column, placeholders, sql
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
        singles = {role: getattr(self, role) for role in SINGLE_ROLES}
        return {role: name for role, name in singles.items() if name is not None}


SINGLE_ROLES = tuple(item.name for item in fields(Roles) if item.name != "cluster")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A named table: where it came from, its digest, the roles of its columns, and the query that reads it.

    `profiled` names the columns that are profiled as soon as any is (`EVERY`: all that play no role). `read` counts
    the rows before any were left out. `until_start` reads the rows up to the start of the run, where the row filters
    end before it.
    """

    name: str
    uri: str
    digest: str
    sql: Sql
    roles: Roles = field(default_factory=Roles)
    filters: tuple[str, ...] = ()
    latest: datetime | None = None
    as_of: datetime | None = None
    provenance: tuple[str, ...] = ()
    profiled: tuple[str, ...] = ()
    until_start: Sql | None = None
    read: int | None = None

    @property
    def columns(self) -> Mapping[str, str]:
        """Return the columns with their SQL types, which a digest's query has for good."""
        return _describe(self.sql, self.digest)

    @property
    def size(self) -> int:
        """Return the number of rows, which a digest's query has for good."""
        return _count_rows(self.sql, self.digest)

    def query(self, template: str, /, **parts: Filling) -> Query:
        """Return a question about the rows in DuckDB's SQL.

        `{rows}` are the rows, `{label}` and other roles the columns that play them, and `{name}` is the part given as
        `name`: the name of a column, which must be there, `column(...)`, `literal(...)`, SQL made by `sql(...)`,
        another dataset or query, or a list of these, which is filled in with commas.
        """
        return Query(sql=self._fill(template, parts))

    def where(self, condition: str, /, **parts: Filling) -> "Dataset":
        """Return the rows for which a condition is true, written as for `query`."""
        return replace(self, sql=self.query(f"{ALL_ROWS}{{rows}} WHERE {condition}", **parts).sql)

    def rows_at_start(self) -> "Dataset":
        """Return the rows up to the start of the run, without labels of a table of their own, to tell how old they are.

        They are the same rows, unless the row filters end with the last full day.
        """
        return replace(self, sql=self.until_start) if self.until_start else self

    def by_file(self) -> Mapping[str, "Dataset"]:
        """Return, by its name, each file of a glob that is read whole, in the order of the names."""
        return {name: replace(self, sql=found) for name, found in by_file(self.sql).items()}

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows in Arrow batches."""
        self.must_have(columns or ())
        return scan.batches(scan.select(self.sql, columns))

    def rows(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of the named columns (default all) as one Arrow table."""
        self.must_have(columns or ())
        return scan.table(scan.select(self.sql, columns))

    def profile(self, columns: Sequence[str] | None = None) -> "Profile":
        """Return the counts of the named columns (default: all of a known kind that play no role), or those saved.

        A column is scanned once for a process, however often it is asked for, and together with the others that the
        steps of the suite ask for.
        """
        from harness.tables import profiling  # noqa: PLC0415 - costs a fifth of a second, and few runs profile

        if not profiling.is_saved(self.sql):
            self.must_have(columns or ())
        playing = {*self.roles.single_columns().values(), *self.roles.cluster}
        return profiling.profile(self.sql, self.digest, columns, playing, self._columns_to_profile(playing))

    def observations(self, *, y: str, score: str | None = None, where: str = "true", **parts: Filling) -> pa.Table:
        """Return a Sample's rows: id, y, score, weight and clusters by their roles, sorted by id.

        `y`, `score` and `where` are SQL over the columns, written as for `query`; y and score become doubles.
        """
        named = {"id": self.roles.id, "weight": self.roles.weight} | {f"cluster.{c}": c for c in self.roles.cluster}
        chosen = [sql("{c} AS {name}", c=column(c), name=column(name)) for name, c in named.items() if c]
        values = {"y": y} | ({} if score is None else {"score": score})
        chosen += [self._fill(f"CAST({value} AS DOUBLE) AS {name}", parts) for name, value in values.items()]
        order = " ORDER BY id" if self.roles.id else ""
        which = self._fill(where, parts)
        return self.query(f"SELECT {{chosen}} FROM {{rows}} WHERE {{which}}{order}", chosen=chosen, which=which).table()

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
        changed.must_have([*changed.roles.single_columns().values(), *changed.roles.cluster])
        for role, name in changed.roles.single_columns().items():
            if role in roles and role in ("score", "weight"):
                refuse_other_kind(self, self.sql, role, name)
        return changed

    def with_column(self, name: str, expression: str, /, **parts: Filling) -> "Dataset":
        """Return the same rows with one more column, computed by SQL that is written as for `query`."""
        named = {"value": self._fill(expression, parts), "name": column(self.new_name(name))}
        return replace(self, sql=self.query("SELECT *, {value} AS {name} FROM {rows}", **named).sql)

    def new_name(self, *names: str) -> str:
        """Return the first of some names that no column has yet, whatever the case of its letters."""
        known = {fold_case(name): name for name in self.columns}
        for name in names:
            if fold_case(name) not in known:
                return name
        taken = known[fold_case(names[-1])]
        raise UsageError(
            f"dataset {self.name!r} ({self.uri}) has the column {taken!r} already, so none can be added as "
            f"{names[-1]!r}; rename one of them"
        )

    def record(self) -> Data:
        """Return what a run keeps of this dataset."""
        return Data(
            uri=self.uri,
            digest=self.digest,
            rows=self.size,
            filters=self.filters,
            latest=self.latest,
            provenance=self.provenance,
            read=self.read,
        )

    def _columns_to_profile(self, playing: Collection[str]) -> Sequence[str]:
        """Return the columns to profile together with those asked for."""
        columns = self.columns if self.profiled else {}
        return [n for n in columns if n in self.profiled or (EVERY in self.profiled and n not in playing)]

    def must_have(self, names: Sequence[str]) -> None:
        """Refuse names that are no columns of it."""
        columns = self.columns if names else {}
        for name in names:
            if name not in columns:
                raise UsageError(
                    f"dataset {self.name!r} ({self.uri}) has no column {name!r}{did_you_mean(name, columns)}"
                )

    def must_be_binary(self, role: str, read: Iterable[object] | None = None) -> None:
        """Refuse a label or a decision with a value other than 0 and 1, false and true; missing ones may be there.

        `read` are its values where they have been read, so that they are not asked for once more; of none that were,
        the column's kind alone is looked at.
        """
        refuse_not_binary(self, role, self.column(role), read)

    def must_compare(self, other: "Dataset", pairs: Mapping[str, str]) -> None:
        """Refuse columns (own: the other's) that are not there or hold values of different kinds."""
        self.must_have([*pairs])
        other.must_have([*pairs.values()])
        refuse_unlike(self, other, pairs)

    def must_join(self, other: "Dataset", keys: Mapping[str, str]) -> None:
        """Refuse keys (own: the other's) that cannot be compared, and doubles from 2^53 up, which name no one row."""
        self.must_compare(other, keys)
        refuse_unlike_keys(self, other, keys)

    def _fill(self, template: str, parts: Mapping[str, Filling]) -> Sql:
        roles = [role for role in placeholders(template) if role in SINGLE_ROLES and role not in parts]
        named = {**{role: self.column(role) for role in roles}, **parts}
        return sql(template, rows=self, **{name: self._quote(part) for name, part in named.items()})

    def _quote(self, part: Filling) -> Filling:
        """Return a part with the columns that it names quoted, once they are there."""
        named = [part] if isinstance(part, str) else part
        if not isinstance(named, Sequence):
            return named
        self.must_have([each for each in named if isinstance(each, str)])
        return [column(each) if isinstance(each, str) else each for each in named]


@lru_cache(maxsize=1024)
def _count_rows(query: Sql, digest: str) -> int:
    """Count once: a record is still written when the engine that held the rows is gone."""
    return scan.count(query)


@lru_cache(maxsize=1024)
def _describe(query: Sql, digest: str) -> Mapping[str, str]:
    """Describe once: each placeholder of a query asks for it."""
    return MappingProxyType(scan.columns(query))


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
        filtered = f"its filters leave none ({', '.join(data.filters)}), so widen them"
        cause = filtered if data.filters else "the table itself is empty, so name another source"
        message = f"nothing can be measured on it: {cause}"
        raise HarnessError(f"dataset {data.name!r} ({data.uri}) has no rows; {message}")
    return data


REPAIR = "repair or leave out those rows"
REMEDY = {
    "label": "repair those rows, leave out those without a label (`exclude: {COLUMN: [null]}`), or say what a row that "
    "its table of labels has not is: `labels: {..., absent_is: 0}`"
}


def verify(data: Dataset) -> Dataset:
    """Return the dataset when every role holds; otherwise say which does not, before anything is measured."""
    if not _roles_to_check(data):
        return data
    counts = data.query("SELECT {tallies} FROM {rows}", tallies=list(_tallies(data))).one()
    for at, (role, name) in enumerate(_roles_to_check(data)):
        if counts[f"bad{at}"]:
            raise HarnessError(
                f"dataset {data.name!r}: {counts[f'bad{at}']} of {counts['rows']} rows have no usable {role} "
                f"in column {name!r} ({_unusable(role, data.columns[name])}); {REMEDY.get(role, REPAIR)}"
            )
    _ids_are_unique(data, counts)
    return data


def _unusable(role: str, kind: str) -> str:
    if role == "weight":
        return "missing, NaN, infinite or below 0"
    inexact = role == "id" and kind in EXACT
    return f"missing, NaN, or from {EXACT[kind]} up a double" if inexact else "missing, NaN or infinite"


def _roles_to_check(data: Dataset) -> Sequence[tuple[str, str]]:
    clusters = [(f"cluster {column}", column) for column in data.roles.cluster]
    return [*data.roles.single_columns().items(), *clusters]


def _tallies(data: Dataset) -> Iterator[Sql]:
    yield sql("count(*) AS rows")
    types = data.columns
    for at, (role, name) in enumerate(_roles_to_check(data)):
        finite = " OR NOT isfinite({c})" if types[name] in FINITE else ""
        if role == "id" and types[name] in EXACT:
            finite += f" OR abs({{c}}) >= {EXACT[types[name]]}"
        if role == "weight":
            finite += " OR {c} < 0"
        yield sql(f"count(*) FILTER ({{c}} IS NULL{finite}) AS bad{at}", c=column(name))
    yield sql("count(DISTINCT {c}) AS ids" if data.roles.id else "NULL AS ids", c=column(data.roles.id or "id"))


def _ids_are_unique(data: Dataset, counts: Mapping[str, object]) -> None:
    if data.roles.id and counts["ids"] != counts["rows"]:
        raise HarnessError(
            f"dataset {data.name!r}: {counts['rows']} rows carry {counts['ids']} different values of id "
            f"{data.roles.id!r}; keep one row for each id"
        )
