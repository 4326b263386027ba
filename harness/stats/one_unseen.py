"""Bounds by t that also reckon with a unit of a kind that nobody has seen yet."""

import math
from dataclasses import dataclass, replace

import numpy as np

from harness.stats.searched import smallest_alpha
from harness.stats.student import Student

STEPS = 64  # of the share of the unseen, and again between the neighbours of the best of them
SURE = 1 - 1e-12  # quantiles of a level of 1 are infinite


@dataclass(frozen=True, kw_only=True)
class OneUnseen:
    """Bounds by `seen`, where a unit of a kind that was not drawn would take the value `below` down or `above` up.

    Units that make up t times that one stay unseen with chance exp(-t); then what was seen need only miss with chance
    alpha * exp(t) for both to happen with chance alpha at most. The bound is the furthest over all t: without spread
    the rule of three (Hanley, Lippman-Hand 1983), without such a unit the bound by t. No bound as far from every
    value that lies nearer keeps its level both where the kind exists and where it does not.
    """

    seen: Student
    below: float
    above: float

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        below, above = self.reach(alpha)
        return max(self.seen.low, self.seen.center - below), min(self.seen.high, self.seen.center + above)

    def reach(self, alpha: float) -> tuple[float, float]:
        """Return how far the bounds lie below and above the center before they are cut."""
        return self._furthest(0, self.below, alpha), self._furthest(1, self.above, alpha)

    def times(self, rows: float) -> "OneUnseen":
        """Return the bounds that as many times the rows would have, if they scattered the same."""
        return replace(self, seen=self.seen.times(rows), below=self.below / rows, above=self.above / rows)

    @property
    def se(self) -> float:
        """Return the standard error of the value."""
        return self.seen.se

    @property
    def df(self) -> float:
        """Return the degrees of freedom of the standard error."""
        return self.seen.df

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""
        return smallest_alpha(lambda alpha: self.bounds(alpha)[1] - threshold, most=0.5)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""
        return smallest_alpha(lambda alpha: threshold - self.bounds(alpha)[0], most=0.5)

    def _furthest(self, side: int, unit: float, alpha: float) -> float:
        """Return how far the bound of a side lies from the center over all shares of the unseen, searched twice."""
        least, most, reach = 0.0, -math.log(alpha), np.zeros(1)
        for _ in range(2):
            unseen = np.linspace(least, most, STEPS)
            reach = self.seen.reaches(np.minimum(alpha * np.exp(unseen), SURE))[side] + unit * unseen
            at = int(np.argmax(reach))
            least, most = unseen[max(at - 1, 0)], unseen[min(at + 1, STEPS - 1)]
        return float(reach.max())
