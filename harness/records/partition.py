"""Sorts rows by group once, so that however many groups there are, each is a part that needs no search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Group = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Partition:
    """Rows in order of their group, and from where to before where each group lies."""

    rows: pa.Table
    bounds: Mapping[Group, tuple[int, int]]

    def part(self, group: Group) -> pa.Table:
        """Return the rows of a group, none if there are none."""
        start, stop = self.bounds.get(group, (0, 0))
        return self.rows.slice(start, stop - start)


def number_groups(
    columns: Sequence[pa.ChunkedArray], orders: Sequence[Sequence[str]], size: int
) -> tuple[Codes, Sequence[Group]]:
    """Return the number of each row's group and the groups that occur, sorted by the order of each column's words.

    Of no columns there is one group, that of all `size` rows.
    """
    groups: list[Group] = [()]
    codes = np.zeros(size, dtype=np.int64)
    for column, order in zip(columns, orders, strict=True):
        words = pc.index_in(column, value_set=pa.array(order, column.type)).to_numpy()
        found, codes = np.unique(codes * len(order) + words, return_inverse=True)
        groups = [(*groups[each // len(order)], order[each % len(order)]) for each in found.tolist()]
    return codes, groups


def split_rows(rows: pa.Table, codes: Codes, groups: Sequence[Group]) -> Partition:
    """Return the rows by group, in each in the order they had."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(groups) + 1)).tolist()
    bounds = {group: (ends[at], ends[at + 1]) for at, group in enumerate(groups)}
    return Partition(rows=rows.take(order).combine_chunks(), bounds=bounds)
