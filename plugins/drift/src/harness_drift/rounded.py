"""Whole numbers too large for a profile: read as doubles, neighbours beyond 2^53 are one value, and drift is hidden."""

from collections.abc import Iterable, Sequence

import numpy as np

from harness import ColumnProfile

WHOLE = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL")
EXACT = 2.0**53
FEW = 0.01  # of the large values may share a double with another, as equal ids do


def refusal(columns: Sequence[ColumnProfile], sql_types: Iterable[str]) -> str:
    """Return why columns of whole numbers cannot be compared, or nothing: too many large values are one double."""
    wide = sorted({kind for kind in sql_types if kind.startswith(WHOLE)})
    shared = sum(_large(column, shared=True) for column in columns if column.kind == "number")
    every = sum(_large(column, shared=False) for column in columns if column.kind == "number")
    if not wide or shared <= FEW * every:
        return ""
    return (
        f"column {columns[0].name!r} is {wide[0]}: {shared:,} of {every:,} values beyond 2^53 may only seem to equal "
        f"others, as they are read as doubles; subtract an offset, convert it to text, or name other `columns`"
    )


def _large(column: ColumnProfile, *, shared: bool) -> int:
    """Return how many values lie beyond 2^53; of those that are `shared`, only in doubles that hold several."""
    bins = column.bins
    large = np.abs(column.values(bins.high)) > EXACT
    return int(bins.count[large & bins.single & (bins.count > 1)].sum() if shared else bins.count[large].sum())
