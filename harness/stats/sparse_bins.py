"""Bins of few rows: what chance alone adds to a distance there, and how far the truth may lie from it."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.stats.binomial import Binomial
from harness.stats.columns import Numbers
from harness.stats.inference import Inference

Flags = NDArray[np.bool_]
Distance = Callable[[Numbers, Numbers, float, float], Numbers]
SPARSE = 5  # rows expected on the smaller side: fewer say nothing of how far a bin moved
RAREST = 1e-9  # no share is taken for rarer: the index of a bin that one side never meets has no upper bound
MOST_ROWS = 60.0  # of a sparse bin on the smaller side: more are rarer than 1e-20
FEW = 10  # rows on one side: the logarithm of fewer has no normal error


def chance_alone(reference: Numbers, current: Numbers, distance: Distance, share: float) -> Numbers:
    """Return what bins add to a distance on average where each of their rows is a current one with that chance.

    Given its total, a bin's current rows are then binomial, which holds at any number; the second order of the distance
    does not. Bins that many rows may meet are left at 0.
    """
    n, m = float(reference.sum()), float(current.sum())
    added = np.zeros(len(reference))
    fewer = min(share, 1 - share)
    for total in np.unique(reference + current):
        if total * min(n, m) / (n + m) < SPARSE:
            few = np.arange(min(total, MOST_ROWS) + 1)
            ways = special.gammaln(total + 1) - special.gammaln(few + 1) - special.gammaln(total - few + 1)
            chance = np.exp(ways + special.xlogy(few, fewer) + special.xlog1py(total - few, -fewer))
            was, now = (total - few, few) if share <= 0.5 else (few, total - few)
            added[reference + current == total] = float(chance @ distance(was, now, n, m))
    return added


def is_sparse(reference: Numbers, current: Numbers) -> Flags:
    """Return the bins in which too few rows are expected, on the smaller side, to say how far they moved."""
    n, m = float(reference.sum()), float(current.sum())
    found: Flags = (reference + current) * min(n, m) / (n + m) < SPARSE
    return found


def is_lopsided(reference: Numbers, current: Numbers) -> Flags:
    """Return the bins that are not sparse, yet hold few rows on one side."""
    found: Flags = ~is_sparse(reference, current) & (np.minimum(reference, current) < FEW)
    return found


def bounds_of_few_rows(reference: Numbers, current: Numbers, seen: Inference, alpha: float) -> tuple[float, float]:
    """Return bounds of a PSI that let lopsided bins be as rare or frequent on their smaller side as so few rows may be.

    Exact bounds of each such share (Clopper, Pearson 1934), joined with the usual bounds by MOVER (Zou, Donner 2008). A
    bin that 5 rows or more should have met and none did may be as rare as one row in a thousand million.
    """
    lower, upper = seen.bounds(alpha)
    less, more = seen.value - lower, upper - seen.value
    for at in np.flatnonzero(is_lopsided(reference, current)):
        own, other = (reference, current) if reference[at] < current[at] else (current, reference)
        nearer, further = _reach(float(own[at]), float(own.sum()), float(other[at] / other.sum()), alpha)
        less, more = math.hypot(less, nearer), math.hypot(more, further)
    return max(0.0, seen.value - less), seen.value + more


def _reach(k: float, n: float, share: float, alpha: float) -> tuple[float, float]:
    """Return how much nearer, and further, a bin of k in n rows may lie to a share than it was seen."""
    rare, frequent = Binomial(k=k, n=n).bounds(alpha)
    seen = _psi(max(k, 0.5) / n, share)
    least = 0.0 if rare <= share <= frequent else min(_psi(rare, share), _psi(frequent, share))
    most = max(_psi(frequent, share), _psi(rare, share) if share * n >= SPARSE else 0.0)
    return max(0.0, seen - least), max(0.0, most - seen)


def _psi(p: float, q: float) -> float:
    p = max(p, RAREST)
    return (p - q) * math.log(p / q)
