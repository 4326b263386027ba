"""Keeps the chance of any false alarm among many; in plain Python, as a gate computes nothing else."""

from collections.abc import Sequence
from itertools import accumulate

from harness.errors import HarnessError


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted so that any false alarm among them has probability alpha at most (Holm 1979)."""
    for p in p_values:
        if not 0 <= p <= 1:
            raise HarnessError(f"p-values lie between 0 and 1; found {p:g}")
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    weighted = (p_values[index] * (len(p_values) - rank) for rank, index in enumerate(order))
    adjusted = dict(zip(order, accumulate(weighted, max), strict=True))
    return tuple(min(1.0, adjusted[index]) for index in range(len(p_values)))
