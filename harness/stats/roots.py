"""Finds where a function crosses zero."""

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, xtol: float = 2e-12) -> float:
    """Return where a function that differs in sign at `low` and `high` is zero, to within `xtol` (Brent 1973)."""
    from scipy import optimize  # noqa: PLC0415 - as slow to import as the rest of the statistics together

    return float(optimize.brentq(function, low, high, xtol=xtol))
