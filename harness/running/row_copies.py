"""Keeps the rows of a measurement as they were returned: a check may go on using the memory that they lie in."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

Place = tuple[int, int]  # a buffer's address and size in bytes


class RowCopies:
    """Copies of what a check could still write to; measurements that share a column share its copy."""

    def __init__(self) -> None:
        self._copies: dict[Place, pa.Buffer] = {}

    def copy_table(self, rows: pa.Table) -> pa.Table:
        """Return the same rows, in memory that nobody else writes to."""
        columns = [pa.chunked_array(map(self._copy_chunk, column.chunks), column.type) for column in rows.columns]
        return pa.Table.from_arrays(columns, schema=rows.schema)

    def _copy_chunk(self, chunk: pa.Array) -> pa.Array:
        if not any(_is_mutable(chunk.buffers())):
            return chunk
        if chunk.type.num_fields or isinstance(chunk.type, pa.DictionaryType | pa.BaseExtensionType):
            return chunk.take(pa.array(np.arange(len(chunk))))
        buffers = [buffer and self._copy_buffer(buffer) for buffer in chunk.buffers()]
        return pa.Array.from_buffers(chunk.type, len(chunk), buffers, chunk.null_count, chunk.offset)

    def _copy_buffer(self, buffer: pa.Buffer) -> pa.Buffer:
        place = buffer.address, buffer.size
        known = self._copies.get(place)
        if known is None or not known.equals(buffer):  # written to since, or another one at the same place
            known = self._copies[place] = pa.py_buffer(buffer.to_pybytes())
        return known


def _is_mutable(buffers: Iterable[pa.Buffer | None]) -> Iterable[bool]:
    return (buffer is not None and buffer.is_mutable for buffer in buffers)
