"""How far a bound reaches that reckons with rows, or clusters, of a kind that nobody has drawn yet."""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from harness.stats.columns import Numbers
from harness.stats.roots import root

STEPS = 24  # of how much is unseen, and again between the neighbours of the best of them
SURE = 1 - 1e-12  # quantiles of a level of 1 are infinite
MOST = 14.0  # a million times the rows, in logarithms


def furthest(alpha: float, bounds_at: Callable[[Numbers, Numbers], Numbers]) -> float:
    """Return the largest bound over all that may be unseen, in multiples of one row (or cluster), searched twice.

    Of a kind that would make up `unseen` rows among as many as were drawn none is drawn with chance exp(-unseen). Then
    what was seen need only miss at the level alpha * exp(unseen), for both to happen with chance alpha at most:
    `bounds_at(unseen, levels)` returns the bound at each. Without such a kind that is the bound at alpha itself.
    """
    least, most = 0.0, -math.log(alpha)
    found = -math.inf
    for _ in range(2):
        unseen = np.linspace(least, most, STEPS)
        bounds = bounds_at(unseen, np.minimum(alpha * np.exp(unseen), SURE))
        at = int(np.argmax(bounds))
        found = max(found, float(bounds[at]))
        least, most = unseen[max(at - 1, 0)], unseen[min(at + 1, STEPS - 1)]
    return found


def rows_with_unseen(rows: float, per_group: float, threshold: float, truth: float, alpha: float, beta: float) -> float:
    """Return how many rows decide a share where a kind of cluster may be unseen, if `rows` decide without one."""
    share, distance = (truth if truth < threshold else 1 - truth), abs(threshold - truth)
    z, other = -float(special.ndtri(alpha)), -float(special.ndtri(beta))

    def excess(log_rows: float) -> float:
        n = math.exp(log_rows)
        se = distance / (z + other) * math.sqrt(rows / n)

        def bounds_at(unseen: Numbers, levels: Numbers) -> Numbers:
            kept = np.exp(-unseen * per_group / n)
            return np.asarray(1 - (1 - share + special.ndtri(levels) * se) * kept)

        return furthest(alpha, bounds_at) - share + other * se - distance

    least = math.log(rows)
    return rows if excess(least) <= 0 else math.exp(root(excess, least, least + MOST, xtol=1e-9))
