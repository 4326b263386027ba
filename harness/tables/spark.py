"""Reads tables in Spark: rows leave its workers as Arrow, and profiles as counts that are merged here."""

import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harness.tables.profiles import Kind, Profile, merge_profiles, profile_batches

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PART = "part binary"
LOCAL: dict[str, bool | float | int | str | None] = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


def session(master: str) -> "SparkSession":
    """Return the session that is active in this process, or one on a master (default: this machine)."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - a second, and Java, for whoever names Spark

    builder = SparkSession.builder.appName("harness").config("spark.sql.session.timeZone", "UTC")
    if master.startswith("sc://"):
        return builder.remote(master).getOrCreate()
    builder = builder.master(master or "local[*]").config("spark.ui.enabled", "false")
    if master and not master.startswith("local"):
        return builder.getOrCreate()
    found = builder.config(map=LOCAL).getOrCreate()
    found.sparkContext.pythonExec = sys.executable  # its workers count with this harness
    return found


def name_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a table's name in Spark's SQL; a path is read by the format that its ending tells."""
    if "/" not in name:
        return tuple(name.split("."))
    kind = name.rsplit(".", 1)[-1].lower() if "." in name.rsplit("/", 1)[-1] else "parquet"
    return kind, name


def batches(found: "SparkSession", sql: str) -> Iterator[pa.RecordBatch]:
    """Yield a query's rows in Arrow batches of Spark's size; of this process's memory they take one partition's."""
    for row in found.sql(sql).mapInArrow(_as_messages, PART).toLocalIterator():
        yield from pa.ipc.open_stream(row["part"])


def profile(found: "SparkSession", sql: str, kinds: Mapping[str, Kind]) -> Profile:
    """Return the profile of a query's columns: each partition is counted where it lies."""

    def profile_parts(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield _message(pickle.dumps(profile_batches(parts, kinds)))

    parts = found.sql(sql).mapInArrow(profile_parts, PART).toLocalIterator()
    return merge_profiles([profile_batches([], kinds), *(pickle.loads(row["part"]) for row in parts)])


def _as_messages(parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, part.schema) as stream:
            stream.write_batch(part)
        yield _message(sink.getvalue().to_pybytes())


def _message(content: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([content], pa.binary())], ["part"])


def is_stopped(backend: Any) -> bool:
    """Tell whether a session has ended, so that the next run may open another."""
    context = getattr(backend, "_sc", None)
    return context is not None and context._jsc is None
