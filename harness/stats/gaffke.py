"""Bounds for a mean of bounded values that reckon with the worst that nobody has seen yet."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from harness.stats.columns import Codes, Numbers
from harness.stats.exponentials import DEEPEST, approximate_deviate, chance_above_zero
from harness.stats.roots import root
from harness.stats.tails import Tail

MANY = 2048  # more units than these are gathered in bins
RATES, SIZES = 64, 16
CLOSE = 1e-9  # normal deviates
FAR, FEW = 4.0, 10.0  # standard errors; units, if equally heavy
Excess = Callable[[float], float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaffke:
    """Bounds for sum(totals) / sum(sizes) of independent units, whose totals lie `low` to `high` times their sizes.

    One more unit, as large as the largest (`most`) and at the far end, joins those seen, and each is weighted by an
    exponential variable of its own: the bound is a quantile of that mean. Gaffke 2005; Learned-Miller, Thomas 2020. Of
    zeros and ones it is Clopper-Pearson 1934. `times` counts units that are alike.
    """

    totals: Numbers
    sizes: Numbers
    times: Numbers
    most: float
    low: float
    high: float

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        return -self.mirror()._upper(alpha), self._upper(alpha)

    def p_at_least(self, threshold: float) -> float:
        """Return the chance that the mean, weighted at random, reaches the threshold."""
        if threshold <= self.low or threshold > self.high:
            return float(threshold <= self.low)
        return chance_above_zero(*self._with_unseen(threshold))

    def p_at_most(self, threshold: float) -> float:
        """Return the chance that the mean, weighted at random, stays within the threshold."""
        return self.mirror().p_at_least(-threshold)

    def deviate(self, threshold: float) -> float:
        """Return about the normal deviate whose upper tail is `p_at_least`, for those who try many thresholds."""
        if not self.value < threshold < self.high:
            return DEEPEST if threshold >= self.high else -DEEPEST
        return approximate_deviate(*self._with_unseen(threshold))

    def mirror(self) -> "Gaffke":
        """Return the bounds of the mean with its sign turned."""
        return replace(self, totals=-self.totals, low=-self.high, high=-self.low)

    @property
    def value(self) -> float:
        """Return the mean of what was seen."""
        return float(self.times @ self.totals / (self.times @ self.sizes))

    @property
    def is_share(self) -> bool:
        """Tell whether the mean lies within 0 and 1."""
        return (self.low, self.high) == (0, 1)

    @property
    def se(self) -> float:
        """Return the standard error of the mean, without the unit that nobody has seen."""
        return float(math.sqrt(self.times @ self._excess_totals(self.value) ** 2) / (self.times @ self.sizes))

    @property
    def is_uneven(self) -> bool:
        """Tell whether some units are larger than others."""
        return bool(np.ptp(self.sizes) > 1e-9 * float(self.sizes.max()))

    @property
    def worth(self) -> float:
        """Return how many units of one size would hold the mean as well (Kish 1965)."""
        return float(self.times @ self.sizes) ** 2 / float(self.times @ self.sizes**2)

    @property
    def has_spread(self) -> bool:
        """Tell whether the units differ by more than rounding does."""
        return self.se > 1e-12 * (self.high - self.low)

    def tells_of(self, mean: float) -> bool:
        """Tell whether units of the kinds seen may well have that mean, or are many that would."""
        tilted = self.tilt_to(mean)
        is_met = abs(tilted.value - mean) <= 1e-6 * (self.high - self.low)
        is_near = abs(mean - self.value) <= FAR * self.se
        return is_met and (is_near or FEW * float(tilted.times.max()) <= float(tilted.times.sum()))

    @property
    def df(self) -> float:
        """Return how many units carry the variance: it is known no better."""
        squares = self._excess_totals(self.value) ** 2
        return float(self.times @ squares) ** 2 / max(float(self.times @ squares**2), 1e-300)

    def grow(self, factor: float) -> "Gaffke":
        """Return the bounds of that many times as many units of the same kinds."""
        return replace(self, times=factor * self.times)

    def tilt_to(self, mean: float) -> "Gaffke":
        """Return units of the same kinds, in such shares that their mean is another, if there is such a one.

        Shares are tilt_to exponentially (Efron 1981), as far as half a million to one.
        """
        beyond = self._excess_totals(mean)
        scale = float(np.abs(beyond).max())
        if not scale or beyond.min() >= 0 or beyond.max() <= 0:
            return self

        def shares(tilt: float) -> Numbers:
            raised: Numbers = self.times * np.exp(tilt * beyond / scale)
            total = float(np.sum(raised))
            return raised * (float(self.times.sum()) / total)

        def excess(tilt: float) -> float:
            return float(shares(tilt) @ beyond)

        if excess(-13.0) >= 0 or excess(13.0) <= 0:
            return self
        return replace(self, times=shares(root(excess, -13.0, 13.0)))

    def _upper(self, alpha: float) -> float:
        """Return where the chance to reach a threshold falls to alpha, above the mean."""
        deep, reach = -float(special.ndtri(alpha)), self.high - self.value
        least, most = self.value, self.high - 1e-12 * reach

        def near(threshold: float) -> float:
            return approximate_deviate(*self._with_unseen(threshold)) - deep

        def excess(threshold: float) -> float:
            chance = chance_above_zero(*self._with_unseen(threshold))
            return -float(special.ndtri(min(max(chance, 1e-300), 1 - 1e-16))) - deep

        if reach <= 0 or near(most) <= 0:
            return self.high
        if near(least) >= 0:
            return least
        guess = root(near, least, most, xtol=1e-4 * reach / self.times.sum())
        return _refine(excess, near, guess, (least, most))

    def _with_unseen(self, threshold: float) -> tuple[Numbers, Numbers]:
        """Return how far each unit lies beyond the threshold, also the one that nobody saw, and how many are alike."""
        beyond = np.append(self._excess_totals(threshold), (self.high - threshold) * self.most)
        return beyond, np.append(self.times, 1.0)

    def _excess_totals(self, threshold: float) -> Numbers:
        beyond: Numbers = self.totals - threshold * self.sizes
        return beyond


def _refine(excess: Excess, near: Excess, guess: float, ends: tuple[float, float]) -> float:
    """Return where the excess is 0, near the guess: by secants, as it costs much to compute and is all but straight.

    `near` is about the excess and gives the first slope; where secants do not close in, all between is searched.
    """
    step = 1e-3 * (guess - ends[0])
    slope, found, at = (near(guess) - near(guess - step)) / step, excess(guess), guess
    for _ in range(6):
        if abs(found) < CLOSE:
            return at
        following = min(max(at - found / slope, ends[0]), ends[1])
        beyond = excess(following)
        if following == at or beyond == found:
            break
        slope, at, found = (beyond - found) / (following - at), following, beyond
    return root(excess, *ends, xtol=1e-12 * (ends[1] - ends[0]))


@dataclass(frozen=True, kw_only=True)
class Largest:
    """How large a unit may be: as the largest seen, as was `declared` if that is more, or as `tail` goes on beyond."""

    declared: float = 0.0
    tail: Tail | None = None

    @property
    def slope(self) -> float:
        """Return the slope of the tail; 0 where no unit is larger than those seen, or declared."""
        return self.tail.slope if self.tail else 0.0

    @property
    def room(self) -> float:
        """Return how many times the largest seen a unit beyond it is on average."""
        return 1 / (1 - self.slope)


def gather_units(
    values: Numbers, weight: Numbers, codes: Codes | None, limits: tuple[float, float], largest: Largest
) -> Gaffke:
    """Return the bounds for a weighted mean of values within limits, of rows or of clusters."""
    units = np.arange(len(values)) if codes is None else codes
    totals, sizes = (np.bincount(units, each).astype(np.float64) for each in (weight * values, weight))
    held = sizes > 0
    seen = Gaffke(
        totals=totals[held],
        sizes=sizes[held],
        times=np.ones(int(held.sum())),
        most=max(largest.declared, largest.room * float(sizes.max())),
        low=limits[0],
        high=limits[1],
    )
    return seen if len(seen.sizes) <= MANY else _merge_units(seen)


def stretch_limits(units: Gaffke, factor: float) -> Gaffke:
    """Return the bounds where no limits are known: those of units that many times as far out as the furthest seen."""
    beyond, size = units.totals - units.value * units.sizes, float(units.times @ units.sizes / units.times.sum())
    low, high = (units.value + factor * float(end) / size for end in (beyond.min(), beyond.max()))
    return replace(units, most=size, low=low, high=high)


def _merge_units(units: Gaffke) -> Gaffke:
    """Return the units of a bin as two kinds of one size, whose mean and variance are those of the bin."""
    bins = _bin_units(units)
    count = np.bincount(bins)
    beyond = units.totals - units.value * units.sizes
    total, size, rest = (np.bincount(bins, each) / count for each in (units.totals, units.sizes, beyond))
    deviation = np.sqrt(np.bincount(bins, (beyond - rest[bins]) ** 2) / count)
    sides = np.concatenate([total - deviation, total + deviation])
    return replace(units, totals=sides, sizes=np.tile(size, 2), times=np.tile(count / 2, 2))


def _bin_units(units: Gaffke) -> Codes:
    """Return the bin of each unit, numbered from 0, by its rate and by the logarithm of its size."""
    sizes = np.log(units.sizes)
    alike = bool(np.ptp(sizes) < 1e-12)
    rates = _steps(units.totals / units.sizes, RATES * SIZES if alike else RATES)
    bins = rates if alike else rates * SIZES + _steps(sizes, SIZES)
    return np.asarray(np.unique(bins, return_inverse=True)[1], dtype=np.int64)


def _steps(values: Numbers, number: int) -> Codes:
    least, reach = float(values.min()), float(np.ptp(values)) or 1.0
    return np.asarray(np.minimum((values - least) / reach * number, number - 1), dtype=np.int64)
