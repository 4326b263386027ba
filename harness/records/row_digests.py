"""Names rows by their content, so that the same rows are known again wherever they are kept."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Encode = Callable[[int, int], Sequence[bytes | memoryview]]


class RowDigests:
    """The digests of parts of one table: the columns are encoded once, however many parts there are."""

    def __init__(self, rows: pa.Table) -> None:
        columns = {name: rows[name].combine_chunks() for name in sorted(rows.column_names)}
        self._encoders = {name: (_encode_missing(column), _encode(column)) for name, column in columns.items()}

    def of(self, start: int, stop: int) -> str:
        """Return `rows:sha256:` of the columns' names and values in the rows from `start` to before `stop`."""
        total = hashlib.sha256()
        for name, encoders in self._encoders.items():
            total.update(f"{name}:{stop - start}:".encode())
            for encode in encoders:
                for part in encode(start, stop):
                    total.update(part)
        return f"rows:sha256:{total.hexdigest()}"


def content_digest(rows: pa.Table) -> str:
    """Return `rows:sha256:` of the columns' names and values, whatever their chunks and encoding."""
    return RowDigests(rows).of(0, rows.num_rows)


def _encode_missing(column: pa.Array) -> Encode:
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    return lambda start, stop: [missing[start:stop].tobytes()]


def _encode(column: pa.Array) -> Encode:
    if pa.types.is_floating(column.type):
        return _encode_numbers(pc.fill_null(column.cast(pa.float64()), 0.0))
    if pa.types.is_integer(column.type):
        return _encode_numbers(pc.fill_null(column.cast(pa.int64()), 0))
    return _encode_texts(pc.fill_null(column.cast(pa.large_string()), ""))


def _encode_numbers(column: pa.Array) -> Encode:
    values = column.to_numpy(zero_copy_only=False)
    return lambda start, stop: [values[start:stop].tobytes()]


def _encode_texts(column: pa.Array) -> Encode:
    """Encode lengths and letters apart, so that no two lists of texts read the same."""
    if not len(column):
        return lambda start, stop: []
    _, offsets, letters = column.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    content = memoryview(letters) if letters else memoryview(b"")
    return lambda start, stop: [np.diff(ends[start : stop + 1]).tobytes(), content[ends[start] : ends[stop]]]
