"""Reads tables with DuckDB: the one place that turns a URI into SQL and SQL into Arrow."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    import ibis

from harness.errors import HarnessError, UsageError
from harness.tables import delimited, engines, glob_schema, remote_tables
from harness.tables.remote_tables import Relation

READERS = {".parquet": "read_parquet", ".profile": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
BATCH_ROWS = 65_536


def identifier(name: str) -> str:
    """Return a column name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return a value as a SQL literal."""
    if isinstance(value, bool) or not isinstance(value, str):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def source_sql(uri: str) -> str:
    """Return the query that reads every row of a parquet or CSV file or glob."""
    reader = READERS.get(Path(uri).suffix.lower())
    if reader is None or re.match(r"\w\w+:", uri):
        raise UsageError(
            f"cannot read {uri!r}: sources are {', '.join(READERS)} files and globs, and tables named "
            f"{', '.join(f'{engine}:TABLE' for engine in remote_tables.ENGINES)}; convert it to one"
        )
    if not glob(uri, recursive=True):
        raise UsageError(f"no file at {uri!r}; check the path (relative paths start at the suite's folder)")
    dialect = f", {delimited.options(uri)}" if reader == "read_csv" else ""
    return f"SELECT * FROM {reader}({literal(uri)}{dialect})"


def parquet_file(sql: str) -> str | None:
    """Return the path of the one parquet file that a query reads whole; None for any other query."""
    found = re.fullmatch(r"SELECT \* FROM read_parquet\('([^'*?\[]+)'\)", sql)
    return found[1] if found and Path(found[1]).is_file() else None


def digest(uri: str) -> str:
    """Return `sha256:` of a file's bytes, or of the sorted (name, sha256) list of a glob."""
    paths = [Path(found) for found in sorted(glob(uri, recursive=True))]
    sums = [_sha256(path) for path in paths]
    if len(paths) == 1:
        return f"sha256:{sums[0]}"
    listing = "\n".join(f"{path.name} {total}" for path, total in zip(paths, sums, strict=True))
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


def columns(sql: str) -> Mapping[str, str]:
    """Return the columns of a query with their SQL types."""
    if at := remote_tables.answering(sql):
        return engines.columns(sql, at)
    with _reading():
        relation = _run(sql)
        return dict(zip(relation.columns, map(str, relation.types), strict=True))


def one_row(sql: str) -> Mapping[str, object]:
    """Return the only row of an aggregate query."""
    return dict(table(sql).to_pylist()[0])


def count(sql: str) -> int:
    """Return the number of a query's rows, also of files that are counted together and read apart."""
    query = f"SELECT count(*) AS n FROM ({sql})"
    if at := remote_tables.answering(query):
        return int(engines.table(query, at)["n"][0].as_py())
    with _reading():
        return int(_run(query).to_arrow_table()["n"][0].as_py())


def table(sql: str) -> pa.Table:
    """Return a query's rows as one Arrow table."""
    if at := remote_tables.answering(sql):
        return engines.table(sql, at)
    glob_schema.refuse_mixed(sql)
    with _reading():
        return _run(sql).to_arrow_table()


def batches(sql: str, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows in Arrow batches of so many rows; memory does not grow with the table."""
    if at := remote_tables.answering(sql):
        yield from engines.batches(sql, at, rows)
        return
    glob_schema.refuse_mixed(sql)
    with _reading():
        yield from _run(sql).to_arrow_reader(rows)


def lazy(sql: str) -> "ibis.Table":
    """Return a query as a lazy Ibis table; Ibis costs a second to import, so only who asks pays."""
    import ibis  # noqa: PLC0415

    if at := remote_tables.answering(sql):
        return engines.lazy(sql, at)
    glob_schema.refuse_mixed(sql)
    cursor = _connection()
    return ibis.duckdb.from_connection(cursor).sql(_register_relations(sql, cursor))


def select(sql: str, names: Sequence[str] | None) -> str:
    """Return `sql` narrowed to the named columns."""
    return f"SELECT {', '.join(map(identifier, names)) if names else '*'} FROM ({sql})"


@cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _connection() -> duckdb.DuckDBPyConnection:
    return _database().cursor()


def _run(sql: str) -> duckdb.DuckDBPyRelation:
    cursor = _connection()
    return cursor.sql(_register_relations(sql, cursor))


def _register_relations(sql: str, cursor: duckdb.DuckDBPyConnection) -> str:
    """Let DuckDB scan the tables of other engines that a query reads, and return it with their names."""

    def register_relation(relation: Relation) -> str:
        name = f"{relation.uri} {relation.place}"
        cursor.register(name, _rows(relation))
        return identifier(name)

    return remote_tables.with_names(sql, register_relation)


def _rows(relation: Relation) -> object:
    if relation.engine != "delta":
        return engines.reader(relation)
    from harness.tables import delta  # noqa: PLC0415 - only who names a Delta table needs it

    return delta.rows(relation)


@contextmanager
def _reading() -> Iterator[None]:
    """Name a query's trouble in one line instead of a stack trace."""
    try:
        yield
    except duckdb.Error as error:
        raise HarnessError(" ".join(str(error).split())) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
