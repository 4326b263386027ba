"""Keeps the chance of any false alarm among many."""

from collections.abc import Sequence

import numpy as np

from harness.errors import HarnessError


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted so that any false alarm among them has probability alpha at most (Holm 1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise HarnessError(f"p-values lie between 0 and 1; found {p[~((p >= 0) & (p <= 1))][0]:g}")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return tuple(adjusted.tolist())
