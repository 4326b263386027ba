"""Bounds by t that also reckon with a unit of a kind that nobody has seen yet."""

from dataclasses import dataclass, replace

import numpy as np

from harness.stats.columns import Numbers
from harness.stats.searched import smallest_alpha
from harness.stats.student import Student
from harness.stats.unseen import furthest


@dataclass(frozen=True, kw_only=True)
class OneUnseen:
    """Bounds by `seen` of `units`, where one of a kind that was not drawn would take the value `below` or `above`.

    The bound is the furthest over all that may be unseen (harness.stats.unseen): without spread the rule of three
    (Hanley, Lippman-Hand 1983), without such a unit the bound by t. No bound as far from every value that lies nearer
    keeps its level both where the kind exists and where it does not. Such a unit makes up `share` of all that was seen,
    which then counts less by as much. If the kind is all that lies beyond some size, in a tail of `slope` (Hill 1975),
    and t units of it were to be expected, then t + 1 lie beyond the largest seen, and the kind begins ((t + 1) /
    t)**slope times as far out as that.
    """

    seen: Student
    below: float
    above: float
    share: float
    units: float
    slope: float = 0.0

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        below, above = self.reach(alpha)
        return max(self.seen.low, self.seen.center - below), min(self.seen.high, self.seen.center + above)

    def reach(self, alpha: float) -> tuple[float, float]:
        """Return how far the bounds lie below and above the center before they are cut."""
        return self._furthest(0, self.below, alpha), self._furthest(1, self.above, alpha)

    def times(self, rows: float) -> "OneUnseen":
        """Return the bounds that as many times the rows would have, if they scattered the same."""
        less = {name: getattr(self, name) / rows for name in ("below", "above", "share")}
        return replace(self, seen=self.seen.times(rows), units=self.units * rows, **less)

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
        """Return how far the bound of a side lies from the center."""

        def reaches_at(unseen: Numbers, levels: Numbers) -> Numbers:
            worth = unseen ** (1 - self.slope) * (unseen + 1) ** self.slope
            kept = 1 / (1 + self.units * self.share * np.expm1(worth / self.units))
            return kept * self.seen.reaches(levels)[side] + unit * (1 - kept) / self.share

        return furthest(alpha, reaches_at)
