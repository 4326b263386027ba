"""Finds where a function crosses zero."""

import math
from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, xtol: float = 2e-12) -> float:
    """Return where a function that differs in sign at `low` and `high` is zero, to within `xtol` (Brent 1973)."""
    from scipy import optimize  # noqa: PLC0415 - as slow to import as the rest of the statistics together

    return float(optimize.brentq(function, low, high, xtol=xtol))


def root_near(guess: float, falling: Callable[[float], float], most: float) -> float:
    """Return where a falling function is zero, searched from a guess; infinite where it is not within -most and most.

    For functions that take long far from their root: the step to either side is 1.
    """
    low = high = min(max(guess, -most), most)
    while falling(high) > 0:
        if high >= most:
            return math.inf
        high = min(high + 1, most)
    while falling(low) <= 0:
        if low <= -most:
            return -math.inf
        low = max(low - 1, -most)
    return root(falling, low, high)
