"""Profiles a query's columns in one scan, each column once however often it is asked for."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import HarnessError, UsageError
from harness.tables import engines, profile_files, remote_tables, scan, spikes
from harness.tables.files import parquet_file
from harness.tables.profiles import KINDS, ColumnProfile, Kind, Profile, kind_of, profile_batches
from harness.tables.sql import Sql, column, sql

ROWS = 262_144
DECODED = 524_288
REMEMBERED = 16  # tables
WIDE = 256  # columns of a table that are counted and remembered together
AS_DOUBLE = "CAST({name} AS DOUBLE)"
AS_TEXT = "CAST({name} AS VARCHAR)"
AS_MICROSECONDS = "CASE WHEN isfinite({name}) THEN epoch_us(CAST({name} AS TIMESTAMP)) END"
READ_AS: Mapping[Kind, str] = {"number": AS_DOUBLE, "time": AS_MICROSECONDS, "text": AS_TEXT}
_KNOWN: dict[tuple[str, Sql], Profile] = {}
_ONE_AT_A_TIME = Lock()


def profile(
    query: Sql,
    digest: str,
    names: Sequence[str] | None = None,
    without: Collection[str] = (),
    together: Collection[str] = (),
) -> Profile:
    """Return the profile of a query's columns (default: all that can be profiled, `without` some), or the one saved.

    A scan reads only columns that no earlier one profiled, and then also those to be profiled `together` with them;
    the last 16 tables are remembered by digest and query. The columns of a wide table are counted as they are asked
    for, some hundreds at a time, and only the last of those are remembered.
    """
    columns = scan.columns(query)
    if profile_files.is_profile(columns):
        found = profile_files.load(scan.table(query))
        return found if names is None else found.select(names)
    wanted = _kinds({name: kind for name, kind in columns.items() if names or name not in without}, names)
    if len(wanted) > WIDE:
        return Profile(columns=ColumnsInTurn(query=query, digest=digest, kinds=wanted))
    more = {name: kind for name in together if (kind := kind_of(columns[name])) is not None}
    return _profile_together(query, digest, wanted, more)


@dataclass(kw_only=True, eq=False)
class ColumnsInTurn(Mapping[str, ColumnProfile]):
    """The columns of a wide table, counted when they are asked for: some hundreds at a time take memory."""

    query: Sql
    digest: str
    kinds: Mapping[str, Kind]
    counted: Mapping[str, ColumnProfile] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ColumnProfile:
        """Return a column's profile, counted with those that stand beside it."""
        if name not in self.counted:
            start = self._places[name] // WIDE * WIDE
            kinds = dict(islice(self.kinds.items(), start, start + WIDE))
            self.counted = _profile_together(self.query, self.digest, kinds, {}).columns
        return self.counted[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(self.kinds)}


def _profile_together(query: Sql, digest: str, wanted: Mapping[str, Kind], more: Mapping[str, Kind]) -> Profile:
    """Return the profile of the columns that are wanted, remembered or counted now, together with some more."""
    with _ONE_AT_A_TIME:
        known = _KNOWN.pop((digest, query), Profile(columns={}))
        if wanted.keys() - known.columns.keys():
            most = WIDE - len(wanted)
            known = _with(known, query, wanted, {**wanted, **(more if len(more) <= most else {})})
        if len(known.columns) > WIDE:
            known = known.select(wanted)
        _KNOWN[digest, query] = known
        for old in list(_KNOWN)[:-REMEMBERED]:
            del _KNOWN[old]
        return known.select(wanted)


def is_saved(query: Sql) -> bool:
    """Tell whether a query reads a saved profile."""
    return profile_files.is_profile(scan.columns(query))


def _kinds(columns: Mapping[str, str], names: Sequence[str] | None) -> Mapping[str, Kind]:
    kinds = {name: kind_of(columns[name]) for name in (columns if names is None else names)}
    unknown = [name for name, kind in kinds.items() if kind is None]
    if unknown and names is not None:
        raise UsageError(
            f"column {unknown[0]!r} is {columns[unknown[0]]} and cannot be profiled; profiled are "
            f"{', '.join(name for each in KINDS.values() for name in each)}; convert it or leave it out"
        )
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _with(known: Profile, query: Sql, wanted: Mapping[str, Kind], more: Mapping[str, Kind]) -> Profile:
    """Return what is known and `more`, or only what is `wanted` if another column cannot be read."""
    missing, asked = ({n: kind for n, kind in side.items() if n not in known.columns} for side in (more, wanted))
    try:
        found = _readable(query, missing)
    except HarnessError:
        if missing.keys() == asked.keys():
            raise
        found = _readable(query, asked)
    return Profile(columns={**known.columns, **found.columns})


def _readable(query: Sql, kinds: Mapping[str, Kind]) -> Profile:
    try:
        return spikes.with_spikes(_narrow(query, kinds), _profile_parquet(query, kinds))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"{', '.join(kinds)} cannot be read: {error}; repair what wrote the table") from error


def _profile_parquet(query: Sql, kinds: Mapping[str, Kind]) -> Profile:
    """Read doubles and text of a whole parquet file with pyarrow, which decodes them in half the time."""
    path = parquet_file(query)
    types = pq.read_schema(path) if path else None
    if types is None or not all(_is_ready(types.field(name).type) for name in kinds):
        return _profile_query(query, kinds)
    texts = [name for name, kind in kinds.items() if kind == "text"]
    with pq.ParquetFile(path, read_dictionary=texts, memory_map=True, pre_buffer=False) as plain:
        return Profile(columns={name: _profile_column(plain, name, kind) for name, kind in kinds.items()})


def _profile_column(plain: pq.ParquetFile, name: str, kind: Kind) -> ColumnProfile:
    """Return the profile of one column: columns read one after the other leave room for more rows at once."""
    return profile_batches(plain.iter_batches(DECODED, None, [name], False), {name: kind})[name]


def _is_ready(kind: pa.DataType) -> bool:
    return bool(pa.types.is_float64(kind) or pa.types.is_string(kind))


def _profile_query(query: Sql, kinds: Mapping[str, Kind]) -> Profile:
    narrowed = _narrow(query, kinds)
    at = remote_tables.answering(narrowed)
    return engines.profile(narrowed, at, kinds) if at else profile_batches(scan.batches(narrowed, ROWS), kinds)


def _narrow(query: Sql, kinds: Mapping[str, Kind]) -> Sql:
    """Return the query's columns as they are profiled: doubles, microseconds and text."""
    read = [sql(f"{READ_AS[kind]} AS {{name}}", name=column(name)) for name, kind in kinds.items()]
    return sql("SELECT {read} FROM ({query})", read=read, query=query)
