"""How far the truth may lie from an estimate: each kind gives one-sided bounds and their p-values."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scipy import optimize, special

WIDEST = 8.0  # standard normal quantiles: p-values are not told apart below 1e-15


class Interval(Protocol):
    """Bounds that each err at most alpha of the time, and the p-values they invert to."""

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""


@dataclass(frozen=True, kw_only=True)
class Binomial:
    """Exact binomial bounds on `k` hits of `n` (Clopper-Pearson 1934); both may be fractional.

    With `df`, degrees of freedom of the variance that `n` came from, both shrink by (z/t)^2 at the asked alpha
    (Korn-Graubard 1998).
    """

    k: float
    n: float
    df: float | None = None

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the bounds, within 0 and 1."""
        return 1 - self._flipped()._upper(alpha), self._upper(alpha)

    def p_at_least(self, threshold: float) -> float:
        """Return P(at most k hits) if the truth is the threshold; with `df` by inverting the bound."""
        if self.k >= self.n or threshold <= 0:
            return float(threshold <= 1)
        if threshold >= 1:
            return 0.0
        if self.df is None:
            return float(special.betaincc(self.k + 1, self.n - self.k, threshold))
        return _smallest_alpha(lambda alpha: self._upper(alpha) - threshold)

    def p_at_most(self, threshold: float) -> float:
        """Return P(at least k hits) if the truth is the threshold; with `df` by inverting the bound."""
        return self._flipped().p_at_least(1 - threshold)

    def worth(self, alpha: float) -> float:
        """Return how many independent observations the bounds at alpha count."""
        return self.n * self._shrink(alpha)

    def _upper(self, alpha: float) -> float:
        if self.k >= self.n:
            return 1.0
        shrink = self._shrink(alpha)
        return float(special.betainccinv(self.k * shrink + 1, (self.n - self.k) * shrink, alpha))

    def _flipped(self) -> "Binomial":
        return Binomial(k=self.n - self.k, n=self.n, df=self.df)

    def _shrink(self, alpha: float) -> float:
        if self.df is None:
            return 1.0
        tail = min(alpha, 1 - alpha, 0.4999)
        return min(1.0, float(special.ndtri(tail) / special.stdtrit(self.df, tail)) ** 2)


@dataclass(frozen=True, kw_only=True)
class Student:
    """Bounds `center` -+ t * `se` with `df` degrees of freedom (infinite: normal), cut at `low` and `high`."""

    center: float
    se: float
    df: float = math.inf
    low: float = -math.inf
    high: float = math.inf

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the bounds, within `low` and `high`."""
        reach = -_t_quantile(self.df, alpha) * self.se
        return max(self.low, self.center - reach), min(self.high, self.center + reach)

    def p_at_least(self, threshold: float) -> float:
        """Return P(t beyond the distance from the threshold down to the center)."""
        if threshold <= self.low or threshold > self.high:
            return float(threshold <= self.low)
        return _t_tail(self.df, (threshold - self.center) / self.se)

    def p_at_most(self, threshold: float) -> float:
        """Return P(t beyond the distance from the threshold up to the center)."""
        mirrored = Student(center=-self.center, se=self.se, df=self.df, low=-self.high, high=-self.low)
        return mirrored.p_at_least(-threshold)


@dataclass(frozen=True, kw_only=True)
class Exactly:
    """No uncertainty: a whole population was seen, or the claim is about exactly the rows at hand."""

    value: float

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the value twice."""
        return self.value, self.value

    def p_at_least(self, threshold: float) -> float:
        """Return 1 where the value reaches the threshold, else 0."""
        return float(self.value >= threshold)

    def p_at_most(self, threshold: float) -> float:
        """Return 1 where the value stays within the threshold, else 0."""
        return float(self.value <= threshold)


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """No interval is known: nothing passes and nothing fails on it."""

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return minus and plus infinity."""
        return -math.inf, math.inf

    def p_at_least(self, threshold: float) -> float:
        """Return 1: nothing speaks against it."""
        return 1.0

    def p_at_most(self, threshold: float) -> float:
        """Return 1: nothing speaks against it."""
        return 1.0


def _t_quantile(df: float, tail: float) -> float:
    return float(special.ndtri(tail) if math.isinf(df) else special.stdtrit(df, tail))


def _t_tail(df: float, distance: float) -> float:
    return float(special.ndtr(-distance) if math.isinf(df) else special.stdtr(df, -distance))


def _smallest_alpha(excess: Callable[[float], float]) -> float:
    """Return the alpha at which a bound that falls as alpha grows meets its threshold."""

    def at(z: float) -> float:
        return excess(float(special.ndtr(-z)))

    if at(-WIDEST) >= 0:
        return 1.0
    if at(WIDEST) <= 0:
        return 0.0
    return float(special.ndtr(-optimize.brentq(at, -WIDEST, WIDEST, xtol=1e-10)))
