"""Answers queries where their tables lie, when that is not DuckDB: in Postgres, Spark or BigQuery, through Ibis."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harness.errors import HarnessError, UsageError
from harness.tables import spark
from harness.tables.column_names import refuse_repeated
from harness.tables.profiles import Kind, Profile, profile_batches
from harness.tables.remote_tables import RemoteTable
from harness.tables.sql import Sql
from harness.text import hide_secrets

if TYPE_CHECKING:
    import ibis

CURSOR_ROWS = 16_384
HASHES: Mapping[str, str] = {
    "sql": "SELECT count(*) AS n, {sums} FROM (SELECT encode(sha256(convert_to(CAST(t AS TEXT), 'UTF8')), 'hex') AS h "
    "FROM {table} t) hashed",
    "spark": "SELECT count(*) AS n, {sums} FROM (SELECT sha2(to_json(struct(*), map('timestampFormat', "
    "'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS', 'timestampNTZFormat', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS')), 256) AS h "
    "FROM {table})",
    "bigquery": "SELECT count(*) AS n, {sums} FROM (SELECT TO_HEX(SHA256(TO_JSON_STRING(t))) AS h FROM {table} t)",
}
SUMS: Mapping[str, str] = {
    "sql": "CAST(sum(CAST(CAST(CAST('x' || substr(h, {at}, 15) AS bit(60)) AS bigint) AS numeric)) AS text)",
    "spark": "CAST(sum(CAST(conv(substr(h, {at}, 15), 16, 10) AS DECIMAL(20, 0))) AS STRING)",
    "bigquery": "CAST(sum(CAST(CAST(CONCAT('0x', SUBSTR(h, {at}, 15)) AS INT64) AS BIGNUMERIC)) AS STRING)",
}
TYPES: Mapping[str, str] = {
    **{"int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT"},
    **{"float32": "FLOAT", "float64": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN", "date": "DATE"},
}
_OPEN = threading.local()


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How one kind of engine is reached, the parts of its tables' names, and how rows leave it in batches."""

    dialect: str
    extra: str
    connect: Callable[[str, str], Any]
    batches: Callable[[Any, str, int], Iterator[pa.RecordBatch]]
    name: Callable[[str], tuple[str, ...]]


def columns(query: Sql, at: RemoteTable) -> Mapping[str, str]:
    """Return the columns of a query with the types that DuckDB has for theirs."""
    return {name: _type(kind) for name, kind in lazy(query, at).schema().items()}


def table(query: Sql, at: RemoteTable) -> pa.Table:
    """Return a query's rows as one Arrow table."""
    found = list(batches(query, at, CURSOR_ROWS))
    return pa.Table.from_batches(found) if found else lazy(query, at).schema().to_pyarrow().empty_table()


def batches(query: Sql, at: RemoteTable, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows in Arrow batches; memory does not grow with the table."""
    with _asking(at):
        yield from ENGINES[at.engine].batches(_backend(at), _translate(query, at), min(rows, CURSOR_ROWS))


def lazy(query: Sql, at: RemoteTable) -> "ibis.Table":
    """Return a query as a lazy Ibis table on its own engine."""
    with _asking(at):
        return _backend(at).sql(_translate(query, at))


def profile(query: Sql, at: RemoteTable, kinds: Mapping[str, Kind]) -> Profile:
    """Return the profile of columns read as doubles, microseconds or text: counted in Spark, or from a cursor."""
    if at.engine != "spark":
        return profile_batches(batches(query, at, CURSOR_ROWS), kinds)
    with _asking(at):
        return spark.profile(_backend(at)._session, _translate(query, at), kinds)


def digest(at: RemoteTable) -> str:
    """Return `content:`, the number of rows and the sum of their hashes: whatever order the rows are in."""
    sums = ", ".join(f"{SUMS[at.engine].format(at=1 + 15 * place)} AS s{place}" for place in range(4))
    sql = HASHES[at.engine].format(sums=sums, table=_table_name(at))
    with _asking(at):
        found = next(ENGINES[at.engine].batches(_backend(at), sql, 1)).to_pylist()[0]
    message = "\n".join([str(dict(columns(at.sql, at))), *(f"{name} {value}" for name, value in found.items())])
    return f"content:sha256:{hashlib.sha256(message.encode()).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class RemoteRows:
    """A table of another engine as an Arrow stream, for queries that join it with one that is elsewhere."""

    table: RemoteTable

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a new stream over all rows; nothing is read before the first batch is asked for."""
        schema = lazy(self.table.sql, self.table).schema().to_pyarrow()
        refuse_repeated(schema.names, self.table.uri)
        parts = (part.cast(schema) for part in batches(self.table.sql, self.table, CURSOR_ROWS))
        return pa.RecordBatchReader.from_batches(schema, parts).__arrow_c_stream__(requested_schema)


def _translate(query: Sql, at: RemoteTable) -> str:
    """Return a query in the engine's own words."""
    from harness.tables import dialects  # noqa: PLC0415 - sqlglot, for tables that DuckDB does not hold

    engine = ENGINES[at.engine]
    tables = [source for source in query.sources if isinstance(source, RemoteTable)]
    names = frozenset((each.alias, engine.name(each.name)) for each in tables)
    return dialects.translate(query.text, engine.dialect, _flags(at), names)


def _table_name(at: RemoteTable) -> str:
    from harness.tables import dialects  # noqa: PLC0415

    engine = ENGINES[at.engine]
    return dialects.table_name(engine.name(at.name), engine.dialect)


def _flags(at: RemoteTable) -> frozenset[str]:
    schema = _schema(at)
    return frozenset(name for name, kind in schema.items() if kind == "boolean")


def _schema(at: RemoteTable) -> Mapping[str, str]:
    known = _thread_cache("schemas")
    if at not in known:
        sql = f"SELECT * FROM {_table_name(at)}"
        known[at] = {name: str(kind).lstrip("!") for name, kind in _backend(at).sql(sql).schema().items()}
    found: Mapping[str, str] = known[at]
    return found


def _type(kind: Any) -> str:
    text = str(kind).lstrip("!")
    if kind.is_timestamp():
        return "TIMESTAMP WITH TIME ZONE" if kind.timezone else "TIMESTAMP"
    return TYPES.get(text, text.upper())


def _thread_cache(name: str) -> dict[Any, Any]:
    if not hasattr(_OPEN, name):
        setattr(_OPEN, name, {})
    found: dict[Any, Any] = getattr(_OPEN, name)
    return found


def _backend(at: RemoteTable) -> Any:
    """Return this thread's connection: not every driver shares one."""
    known = _thread_cache("backends")
    key = (at.engine, at.place)
    if key not in known:
        known[key] = ENGINES[at.engine].connect(at.address, at.name)
    return known[key]


def forget(at: RemoteTable) -> None:
    """Drop what this thread knows of an engine, so that a new run sees new columns and connects anew."""
    _thread_cache("schemas").pop(at, None)
    backend = _thread_cache("backends").get((at.engine, at.place))
    if backend is not None and at.engine == "spark" and spark.is_stopped(backend._session):
        del _thread_cache("backends")[at.engine, at.place]


@contextmanager
def _asking(at: RemoteTable) -> Iterator[None]:
    """Name an engine's trouble in one line, without what it takes to reach it."""
    try:
        yield
    except (HarnessError, GeneratorExit):
        raise
    except ModuleNotFoundError as error:
        message = f"reading {at.uri!r} needs {error.name}; install promotion-harness[{ENGINES[at.engine].extra}]"
        raise UsageError(message) from error
    except Exception as error:  # noqa: BLE001 - a driver raises its own, Py4J's and the system's errors alike
        raise HarnessError(f"{at.uri}: {type(error).__name__}: {_error_text(error, at)}") from None


def _error_text(error: Exception, at: RemoteTable) -> str:
    text = hide_secrets(" ".join(str(error).split()), at.address)
    gone = not text or isinstance(error, OSError) or "Network" in type(error).__name__
    return f"{text[:400]}{'; is the engine still running?' if gone else ''}"


def _postgres(address: str, name: str) -> Any:
    if not address.startswith(("postgresql://", "postgres://")):
        raise UsageError(
            f"source 'sql:{name}' needs `connection: {{env: NAME}}`, a variable that holds postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    import ibis  # noqa: PLC0415
    import psycopg  # noqa: PLC0415

    return ibis.postgres.from_connection(psycopg.connect(address, autocommit=True))


def _spark(address: str, name: str) -> Any:
    import ibis  # noqa: PLC0415

    return ibis.pyspark.connect(spark.session(address))


def _bigquery(address: str, name: str) -> Any:
    import ibis  # noqa: PLC0415

    return ibis.bigquery.connect(project_id=name.split(".")[0])


def _cursor_batches(backend: Any, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
    yield from backend.to_pyarrow_batches(backend.sql(sql), chunk_size=rows)


def _spark_batches(backend: Any, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
    yield from spark.batches(backend._session, sql)


ENGINES: Mapping[str, Engine] = {
    "sql": Engine(
        dialect="postgres",
        extra="postgres",
        connect=_postgres,
        batches=_cursor_batches,
        name=lambda name: tuple(name.split(".")),
    ),
    "spark": Engine(dialect="spark", extra="spark", connect=_spark, batches=_spark_batches, name=spark.name_parts),
    "bigquery": Engine(
        dialect="bigquery",
        extra="bigquery",
        connect=_bigquery,
        batches=_cursor_batches,
        name=lambda name: (name,),
    ),
}
