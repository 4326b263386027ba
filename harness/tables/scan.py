"""Reads tables with DuckDB: the one place that turns a path into SQL and SQL into Arrow."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    import ibis

from harness.errors import HarnessError, UsageError
from harness.tables import delimited, duck, engines, glob_schema, json_lines, remote_tables
from harness.tables.folders import folder_values
from harness.tables.remote_tables import RemoteTable
from harness.tables.sql import Sql, all_rows, column, sql
from harness.text import without_login

CSV = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson")
READ = (".parquet", ".profile", *CSV, *JSON_LINES)
BATCH_ROWS = 65_536


def rows_of(uri: str, types: Mapping[str, str] | None = None) -> Sql:
    """Return the query that reads every row of a file or glob; columns of CSV and JSON lines may be declared."""
    suffix = Path(uri).suffix.lower()
    if suffix not in READ or re.match(r"\w\w+:", uri):
        raise UsageError(
            f"cannot read {without_login(uri)!r}: sources are {', '.join(READ)} files and globs, and tables named "
            f"{', '.join(f'{engine}:TABLE' for engine in remote_tables.ENGINES)}; convert it to one"
        )
    _refuse_what_is_no_file(uri)
    if suffix in CSV:
        return all_rows(delimited.read_files(uri, types))
    if suffix in JSON_LINES:
        return all_rows(json_lines.read_files(uri, types))
    if types:
        raise UsageError(f"types are for CSV and JSON lines, and {uri!r} has types of its own; leave them out")
    return all_rows(glob_schema.read_files(uri))


def _refuse_what_is_no_file(uri: str) -> None:
    found = [Path(path) for path in glob(uri, recursive=True)] if "\0" not in uri else []
    if not found:
        raise UsageError(f"no file at {uri!r}; check the path (relative paths start at the suite's folder)")
    for path in found:
        if path.is_dir():
            inside = path / f"*{path.suffix}"
            raise UsageError(f"{str(path)!r} is a folder; name the files in it: {str(inside)!r}")
        if not path.is_file():
            raise UsageError(f"{str(path)!r} is no file, or a link that leads to none; replace it")
        if not os.access(path, os.R_OK):
            raise HarnessError(f"{str(path)!r} may not be read by this user; change its mode")


def digest(uri: str) -> str:
    """Return `sha256:` of a file's bytes, or of the sorted (name, sha256) list of a glob.

    A name has its folders before it if they name columns.
    """
    paths = [Path(found) for found in sorted(glob(uri, recursive=True))]
    sums = [_sha256(path) for path in paths]
    names = ["/".join([*(f"{k}={v}" for k, v in folder_values(uri, str(p)).items()), p.name]) for p in paths]
    if len(paths) == 1 and names == [paths[0].name]:
        return f"sha256:{sums[0]}"
    listing = "\n".join(f"{name} {total}" for name, total in zip(names, sums, strict=True))
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


def columns(query: Sql) -> Mapping[str, str]:
    """Return the columns of a query with their SQL types."""
    if at := remote_tables.answering(query):
        return engines.columns(query, at)
    with duck.reading():
        relation = _run(query)
        return dict(zip(relation.columns, map(str, relation.types), strict=True))


def count(query: Sql) -> int:
    """Return the number of a query's rows, also of files that are counted together and read apart."""
    counting = sql("SELECT count(*) AS n FROM ({query})", query=query)
    if at := remote_tables.answering(counting):
        return int(engines.table(counting, at)["n"][0].as_py())
    with duck.reading():
        return int(_run(counting).to_arrow_table()["n"][0].as_py())


def table(query: Sql) -> pa.Table:
    """Return a query's rows as one Arrow table."""
    if at := remote_tables.answering(query):
        return engines.table(query, at)
    glob_schema.refuse_mixed(query)
    with duck.reading():
        return _run(query).to_arrow_table()


def batches(query: Sql, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows in Arrow batches of so many rows; memory does not grow with the table."""
    if at := remote_tables.answering(query):
        yield from engines.batches(query, at, rows)
        return
    glob_schema.refuse_mixed(query)
    with duck.reading():
        yield from _run(query).to_arrow_reader(rows)


def lazy(query: Sql) -> "ibis.Table":
    """Return a query as a lazy Ibis table; Ibis costs a second to import, so only who asks pays."""
    import ibis  # noqa: PLC0415

    if at := remote_tables.answering(query):
        return engines.lazy(query, at)
    glob_schema.refuse_mixed(query)
    cursor = duck.cursor()
    _register_tables(query, cursor)
    return ibis.duckdb.from_connection(cursor).sql(query.text)


def select(query: Sql, names: Sequence[str] | None) -> Sql:
    """Return a query narrowed to the named columns."""
    return sql("SELECT {names} FROM ({query})", names=list(map(column, names)) if names else sql("*"), query=query)


def _run(query: Sql) -> duckdb.DuckDBPyRelation:
    cursor = duck.cursor()
    _register_tables(query, cursor)
    return cursor.sql(query.text)


def _register_tables(query: Sql, cursor: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB scan the tables of other engines that a query reads."""
    for found in query.sources:
        if isinstance(found, RemoteTable):
            cursor.register(found.alias, _rows(found))


def _rows(found: RemoteTable) -> object:
    if found.engine != "delta":
        return engines.RemoteRows(table=found)
    from harness.tables import delta  # noqa: PLC0415 - only who names a Delta table needs it

    return delta.rows(found)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
