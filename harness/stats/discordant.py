"""Bounds of what one side gains over another on the same rows, from what it gains and what it loses."""

import math
from dataclasses import dataclass, replace

from harness.stats.binomial import Binomial
from harness.stats.searched import smallest_alpha


@dataclass(frozen=True, kw_only=True)
class Discordant:
    """Bounds of the share of rows that only one side hits less the share that only the other hits, -1 to 1.

    Square-and-add (Newcombe 1998; Zou, Donner 2008) on exact bounds of both shares, which correlate as two cells of a
    multinomial do: taken where the growing one is largest, this errs at most alpha in all cells that were enumerated
    (docs/statistics.md). Where nothing is gained the lower bound is Clopper-Pearson's of what is lost.
    """

    gained: Binomial
    lost: Binomial

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        value = self.gained.share - self.lost.share
        below, above = _reach(self.gained, self.lost, alpha), _reach(self.lost, self.gained, alpha)
        return max(-1.0, value - below), min(1.0, value + above)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold, at most a half."""
        return smallest_alpha(lambda alpha: self.bounds(alpha)[1] - threshold, most=0.5)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold, at most a half."""
        return smallest_alpha(lambda alpha: threshold - self.bounds(alpha)[0], most=0.5)

    def times(self, rows: float) -> "Discordant":
        """Return the bounds that as many times the rows would have, if they showed the same shares."""
        return replace(self, gained=self.gained.times(rows), lost=self.lost.times(rows))


def _reach(falling: Binomial, growing: Binomial, alpha: float) -> float:
    least, most = falling.bounds(alpha)[0], growing.bounds(alpha)[1]
    near, far = max(0.0, falling.share - least), max(0.0, most - growing.share)
    alike = _correlation(falling.share, most)
    return math.sqrt(near**2 + far**2 + 2 * alike * near * far)


def _correlation(share: float, other: float) -> float:
    """Return how strongly two shares of one multinomial move against each other, 0 to 1."""
    rest = (1 - share) * (1 - other)
    return min(1.0, math.sqrt(share * other / rest)) if rest > 0 else float(share > 0)
