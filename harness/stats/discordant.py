"""Bounds of what one side gains over another on the same rows, from what it gains and what it loses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from harness.stats.binomial import Binomial
from harness.stats.roots import root_near
from harness.stats.searched import smallest_alpha

MOST_DOUBLINGS = 24.0
HIDDEN = 0.25  # standard errors of a number of moved rows; each way, as both seldom err together


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Rows that one side alone gets right: their share by kind, and what a row of each kind counts for."""

    shares: tuple[Binomial, ...]
    weights: tuple[float, ...] = (1.0,)

    @property
    def mean(self) -> float:
        """Return what these rows move the mean of all rows by."""
        return sum(weight * each.share for weight, each in zip(self.weights, self.shares, strict=True))

    def times(self, rows: float) -> "Moved":
        """Return the same as that many times the rows would show it."""
        return replace(self, shares=tuple(each.times(rows) for each in self.shares))

    def with_hidden(self) -> "Moved":
        """Return the same with as many more rows of each kind as such a number may hide, and half a row."""
        return replace(self, shares=tuple(_add_hidden(each) for each in self.shares))

    def fall(self, alpha: float) -> float:
        """Return how far the mean may lie below what was seen."""
        return self._reach([each.share - each.bounds(alpha)[0] for each in self.shares])

    def growth(self, alpha: float) -> float:
        """Return how far the mean may lie above what was seen."""
        return self._reach([each.bounds(alpha)[1] - each.share for each in self.shares])

    def share(self, alpha: float = 0.5) -> float:
        """Return the share of such rows; below 0.5 the most it may be at that level."""
        seen = sum(each.share for each in self.shares)
        more = [each.bounds(alpha)[1] - each.share for each in self.shares] if alpha < 0.5 else [0.0]
        return min(1.0, seen + math.hypot(*more))

    def _reach(self, reaches: Sequence[float]) -> float:
        return math.hypot(*(weight * max(0.0, reach) for weight, reach in zip(self.weights, reaches, strict=True)))


@dataclass(frozen=True, kw_only=True)
class Discordant:
    """Bounds of `scale` times what is gained less what is lost, -1 to 1.

    Square-and-add (Newcombe 1998; Zou, Donner 2008) on exact bounds of the shares of rows of each kind; what is gained
    and what is lost correlate as two cells of a multinomial do. Taken where the growing one is largest, this errs at
    most alpha in all cells that were enumerated (docs/statistics.md). Where nothing is gained the lower bound is
    Clopper-Pearson's of what is lost. `rest` is the variance that no moved row accounts for.
    """

    gained: Moved
    lost: Moved
    scale: float = 1.0
    rest: float = 0.0

    @property
    def value(self) -> float:
        """Return what was seen."""
        return self.scale * (self.gained.mean - self.lost.mean)

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        below, above = self._reach(self.gained, self.lost, alpha), self._reach(self.lost, self.gained, alpha)
        return max(-1.0, self.value - below), min(1.0, self.value + above)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold, at most a half."""
        return smallest_alpha(lambda alpha: self.bounds(alpha)[1] - threshold, most=0.5)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold, at most a half."""
        return smallest_alpha(lambda alpha: threshold - self.bounds(alpha)[0], most=0.5)

    def times(self, rows: float) -> "Discordant":
        """Return the bounds that as many times the rows would have, if they showed the same shares."""
        return replace(self, gained=self.gained.times(rows), lost=self.lost.times(rows), rest=self.rest / rows)

    def rows_needed(self, distance: float, alpha: float, beta: float) -> float:
        """Return how many times the rows clear a threshold that far below the truth (above: negative), but for beta."""

        def excess(doublings: float) -> float:
            more = self.times(2**doublings)
            (lower, upper), (less, most) = (more.bounds(risk) for risk in (alpha, beta))
            return (most - lower if distance > 0 else upper - less) - abs(distance)

        shrinks = 2 * math.log2((excess(0.0) + abs(distance)) / abs(distance))  # bounds do, as the root of rows
        return 2 ** root_near(shrinks, excess, MOST_DOUBLINGS)

    def with_hidden(self) -> "Discordant":
        """Return the bounds if more rows had moved, as is planned for where few did."""
        return replace(self, gained=self.gained.with_hidden(), lost=self.lost.with_hidden())

    def _reach(self, falling: Moved, growing: Moved, alpha: float) -> float:
        near, far = falling.fall(alpha), growing.growth(alpha)
        alike = _correlation(falling.share(), growing.share(alpha))
        noise = float(special.ndtri(alpha)) ** 2 * self.rest if self.rest else 0.0
        return math.sqrt(self.scale**2 * (near**2 + far**2 + 2 * alike * near * far) + noise)


def _add_hidden(share: Binomial) -> Binomial:
    moved = min(share.n, share.k + 0.5)
    return replace(share, k=min(share.n, moved + HIDDEN * math.sqrt(moved)))


def _correlation(share: float, other: float) -> float:
    """Return how strongly two shares of one multinomial move against each other, 0 to 1."""
    rest = (1 - share) * (1 - other)
    return min(1.0, math.sqrt(share * other / rest)) if rest > 0 else float(share > 0)
