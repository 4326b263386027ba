"""Whole numbers too large for a profile: read as doubles, neighbours beyond 2^53 are one value, and drift is hidden."""

from collections.abc import Iterable, Sequence

import numpy as np

from harness import ColumnProfile, HarnessError

WHOLE = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL")
EXACT = 2.0**53
FEW = 0.01  # of the large values may share a double with another, as equal ids do


def refuse(columns: Sequence[ColumnProfile], sql_types: Iterable[str]) -> None:
    """Refuse columns of whole numbers in which too many large values share a double with others."""
    wide = [kind for kind in sql_types if kind.startswith(WHOLE)]
    large, shared = (sum(found) for found in zip(*map(_large, columns), strict=True))
    if wide and shared > FEW * large:
        raise HarnessError(
            f"column {columns[0].name!r} is {wide[0]}: {shared:,} of {large:,} values beyond 2^53 may only seem to "
            f"equal others, read as doubles; subtract an offset, convert it to text, or name other `columns`"
        )


def _large(column: ColumnProfile) -> tuple[int, int]:
    """Return how many values lie beyond 2^53, and how many of those are in doubles that hold several."""
    bins = column.bins
    beyond = (np.abs(column.values(bins.high)) > EXACT) & (column.kind == "number")
    return int(bins.count[beyond].sum()), int(bins.count[beyond & bins.single & (bins.count > 1)].sum())
