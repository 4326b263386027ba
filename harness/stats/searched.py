"""P-values of bounds that have no closed inverse, and bounds seen through another scale."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from scipy import special

from harness.stats.intervals import Interval
from harness.stats.roots import root

WIDEST = 8.0  # standard normal quantiles: p-values are not told apart below 1e-15


def smallest_alpha(excess: Callable[[float], float], *, most: float = 1.0) -> float:
    """Return the alpha at which a bound that falls as alpha grows meets its threshold; excess is bound - threshold.

    Above `most`, where the bound may no longer fall, it is 1.
    """
    widest = -float(special.ndtri(most)) if most < 1 else -WIDEST

    def excess_at(z: float) -> float:
        return excess(float(special.ndtr(-z)))

    if excess_at(widest) >= 0:
        return 1.0
    if excess_at(WIDEST) <= 0:
        return 0.0
    return float(special.ndtr(-root(excess_at, widest, WIDEST, xtol=1e-10)))


@dataclass(frozen=True, kw_only=True)
class Searched:
    """Bounds given by a formula `at(alpha) -> (lower, upper)`, which widen as alpha falls.

    P-values by search up to 0.5, on a scale that has room for infinite bounds.
    """

    at: Callable[[float], tuple[float, float]]

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        return self.at(alpha)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""
        return smallest_alpha(lambda alpha: math.atan(self.at(alpha)[1]) - math.atan(threshold), most=0.5)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""
        return smallest_alpha(lambda alpha: math.atan(threshold) - math.atan(self.at(alpha)[0]), most=0.5)


@dataclass(frozen=True, kw_only=True)
class Grouped(Searched):
    """Bounds of what two groups of rows compare to; `least` counts the rows of the smaller one."""

    least: float


@dataclass(frozen=True, kw_only=True)
class WideBounds(Searched):
    """Bounds that are wide on both sides, so that they say too much of how the value scatters: that is `se`.

    `reach(alpha)` is how far they lie below and above the value where many more rows hide nothing; both it and `se`
    shrink as the root of rows.
    """

    reach: Callable[[float], tuple[float, float]]
    se: float


@dataclass(frozen=True, kw_only=True)
class DistanceBounds(Searched):
    """Bounds of a distance, 0 or more, which noise alone puts above 0: what bounds of it do as rows are added.

    `noise(beta)` is what the value exceeds with that chance if nothing is apart, `reach(alpha)` how far the upper
    bound lies above the value; both shrink as the root of rows. `widest(alpha)` is the most that may be, wherever the
    distance is. `reference` rows stay as they are.
    """

    noise: Callable[[float], float]
    reach: Callable[[float], float]
    widest: Callable[[float], float] = field(default=lambda alpha: 0.0)
    reference: float = math.inf

    def p_under(self, threshold: float, truth: float, alpha: float, less: float) -> float:
        """Return how often the upper bound ends below a threshold if this is true, on rows with so much less noise."""
        reach, widest = self.reach(alpha) * less, self.widest(alpha) * less

        def excess(beta: float) -> float:
            by_noise = reach + self.scatter(truth, beta, less)
            return truth + max(by_noise, widest + self.widest(beta) * less) - threshold

        return 1 - smallest_alpha(excess, most=0.5)

    def scatter(self, truth: float, beta: float, less: float) -> float:
        """Return how far above a truth the value lies but for beta: near 0 by noise alone, far from it by its own."""
        own, alone = self.reach(beta) * less, max(0.0, self.noise(beta) * less - truth)
        return max(own, math.hypot(min(own, truth), alone))


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """Bounds of something else, seen through a rising function `forth` whose inverse is `back`."""

    inner: Interval
    forth: Callable[[float], float]
    back: Callable[[float], float]

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        lower, upper = self.inner.bounds(alpha)
        return self.forth(lower), self.forth(upper)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""
        return self.inner.p_at_least(self.back(threshold))

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""
        return self.inner.p_at_most(self.back(threshold))


@dataclass(frozen=True, kw_only=True)
class Widened:
    """Bounds of a value that was itself seen no nearer than `by`."""

    inner: Interval
    by: float

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        lower, upper = self.inner.bounds(alpha)
        return lower - self.by, upper + self.by

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""
        return self.inner.p_at_least(threshold - self.by)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""
        return self.inner.p_at_most(threshold + self.by)


@dataclass(frozen=True, kw_only=True)
class Wider:
    """The further of two bounds on each side: neither method alone keeps its level everywhere.

    `units`, where known, counts what a plan keeps a reserve for: positives, or stretches of time.
    """

    one: Interval
    other: Interval
    units: float | None = None

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        (low, high), (lower, upper) = self.one.bounds(alpha), self.other.bounds(alpha)
        return min(low, lower), max(high, upper)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which both upper bounds lie below the threshold."""
        return max(self.one.p_at_least(threshold), self.other.p_at_least(threshold))

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which both lower bounds lie above the threshold."""
        return max(self.one.p_at_most(threshold), self.other.p_at_most(threshold))


@dataclass(frozen=True, kw_only=True)
class Nearer:
    """The nearer of two bounds on each side, where both hold."""

    one: Interval
    other: Interval

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        (low, high), (lower, upper) = self.one.bounds(alpha), self.other.bounds(alpha)
        return max(low, lower), min(high, upper)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which either upper bound lies below the threshold."""
        return min(self.one.p_at_least(threshold), self.other.p_at_least(threshold))

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which either lower bound lies above the threshold."""
        return min(self.one.p_at_most(threshold), self.other.p_at_most(threshold))
