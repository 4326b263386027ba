"""Whole numbers too large for a profile: read as doubles, neighbours beyond 2^53 are one value, and drift is hidden."""

import numpy as np

from harness_drift.moved import Moved

WHOLE = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL")
EXACT = 2.0**53
ROOM = 2**20  # doubles that large values must span, so that rounding hides no more than a millionth of their range


def refusal(moved: Moved, sql_type: str) -> str:
    """Return why a column of whole numbers cannot be compared, or nothing."""
    if not sql_type.startswith(WHOLE) or moved.current.kind != "number" or moved.reference.kind != "number":
        return ""
    sides = (moved.reference, moved.current)
    ends = [side.values(keys) for side in sides for keys in (side.bins.low, side.bins.high)]
    large = np.concatenate([each[np.abs(each) > EXACT] for each in ends])
    if not large.size:
        return ""
    step = np.spacing(np.abs(large).max())
    if np.ptp(large) >= ROOM * step:
        return ""
    return (
        f"column {moved.current.name!r} holds {sql_type} from {large.min():.0f} to {large.max():.0f}, so far beyond "
        f"2^53 that only every {step:.0f}th number is told apart, which could hide a drift; subtract an offset, "
        f"convert it to text, or name other `columns`"
    )
