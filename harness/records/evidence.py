"""Stores the rows behind a sample under the digest of their content."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.errors import HarnessError
from harness.records.evidence_store import Bundle
from harness.values.samples import Sample

LEVELS = ("none", "ids")


def store(sample: Sample, bundle: Bundle, level: str) -> Sample:
    """Return the sample with the digest of its rows, which are written to `<bundle>/<digest>.parquet`.

    Level "ids" keeps the statistic's columns and no features; "none" keeps no rows, only their digest.
    """
    if sample.rows is None:
        return sample
    rows = _sort_rows(sample.rows)
    digest = content_digest(rows)
    name = _name(digest)
    if level != "none" and name not in bundle:
        bundle.write(name, _parquet(rows))
    return replace(sample, rows=rows, digest=digest)


def load(sample: Sample, bundle: Bundle) -> Sample:
    """Return the sample with its rows read back and their digest checked."""
    if sample.digest is None:
        return sample
    name = _name(sample.digest)
    if name not in bundle:
        message = "it was kept at level none, purged, or kept elsewhere: a shared ledger needs a shared `evidence:`"
        raise HarnessError(f"no evidence {sample.digest} in {bundle.where}; {message}")
    try:
        rows = pq.read_table(BytesIO(bundle.read(name)))
    except pa.ArrowException as error:
        message = " ".join(str(error).split())
        raise HarnessError(
            f"evidence {name} in {bundle.where} is damaged ({message}); restore it from a copy"
        ) from error
    if content_digest(rows) != sample.digest:
        raise HarnessError(
            f"evidence {name} in {bundle.where} does not have the digest it is named by; it was changed since"
        )
    return replace(sample, rows=rows)


def content_digest(rows: pa.Table) -> str:
    """Return `rows:sha256:` of the columns' names and values, whatever their chunks and encoding."""
    total = hashlib.sha256()
    for name in sorted(rows.column_names):
        total.update(f"{name}:{rows.num_rows}:".encode())
        for part in _bytes_of(rows[name].combine_chunks()):
            total.update(part)
    return f"rows:sha256:{total.hexdigest()}"


def _bytes_of(column: pa.Array) -> Iterator[bytes]:
    yield pc.is_null(column).to_numpy(zero_copy_only=False).tobytes()
    if pa.types.is_floating(column.type):
        yield pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False).tobytes()
    elif pa.types.is_integer(column.type):
        yield pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).tobytes()
    else:
        texts = pc.fill_null(column.cast(pa.string()), "").to_pylist()
        yield "\x1f".join(f"{len(text)}:{text}" for text in texts).encode()


def _sort_rows(rows: pa.Table) -> pa.Table:
    keys = ["id"] if "id" in rows.column_names else rows.column_names
    return rows.sort_by([(name, "ascending") for name in keys])


def _parquet(rows: pa.Table) -> bytes:
    buffer = BytesIO()
    pq.write_table(rows, buffer, compression="zstd")
    return buffer.getvalue()


def _name(digest: str) -> str:
    return f"{digest.rsplit(':', 1)[1]}.parquet"
