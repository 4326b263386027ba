"""Bounds by Student's t, corrected for skew."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from harness.stats.columns import Numbers


@dataclass(frozen=True, kw_only=True)
class Student:
    """Bounds around `center` with standard error `se` and `df` degrees of freedom, cut at `low` and `high`.

    `skew` is the third moment of the estimate over its variance to the 1.5 (0: plain t; infinite df: normal); it
    bends the bounds by the cubic transformation of Hall 1992, so that a long tail is not taken for a short one.
    `groups` is how many equally heavy rows, or clusters, of the rarer class it comes from.
    """

    center: float
    se: float
    df: float = math.inf
    skew: float = 0.0
    groups: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        below, above = self.reach(alpha)
        return max(self.low, self.center - below), min(self.high, self.center + above)

    def reach(self, alpha: float) -> tuple[float, float]:
        """Return how far the bounds lie below and above the center before they are cut."""
        below, above = self.reaches(np.array([alpha]))
        return float(below[0]), float(above[0])

    def reaches(self, alphas: Numbers) -> tuple[Numbers, Numbers]:
        """Return how far the bounds of each level lie below and above the center before they are cut."""
        t = -(special.ndtri(alphas) if math.isinf(self.df) else special.stdtrit(self.df, alphas))
        return self.se * _unbend(t, self.skew), -self.se * _unbend(-t, self.skew)

    def times(self, rows: float) -> "Student":
        """Return the bounds that as many times the rows would have, if they scattered the same."""
        by = math.sqrt(rows)
        return replace(self, se=self.se / by, df=self.df * rows, skew=self.skew / by, groups=self.groups * rows)

    def p_at_least(self, threshold: float) -> float:
        """Return P(t as far below the threshold as this, or further)."""
        if threshold <= self.low or threshold > self.high:
            return float(threshold <= self.low)
        t = _bend((self.center - threshold) / self.se, self.skew)
        return float(special.ndtr(t) if math.isinf(self.df) else special.stdtr(self.df, t))

    def p_at_most(self, threshold: float) -> float:
        """Return P(t as far above the threshold as this, or further)."""
        mirror = Student(center=-self.center, se=self.se, df=self.df, skew=-self.skew, low=-self.high, high=-self.low)
        return mirror.p_at_least(-threshold)


def _bend(t: float, skew: float) -> float:
    return t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6


def _unbend(t: Numbers, skew: float) -> Numbers:
    return np.asarray(3 / skew * (np.cbrt(1 + skew * (t - skew / 6)) - 1)) if abs(skew) > 1e-9 else t
