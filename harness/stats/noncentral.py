"""Bounds of a squared distance whose estimate follows a noncentral chi-square distribution."""

from dataclasses import dataclass

from scipy import special

from harness.stats.roots import root


@dataclass(frozen=True, kw_only=True)
class Noncentral:
    """A distance seen as `seen`; seen/scale is noncentral chi-square on `df` with noncentrality truth/scale.

    `reference` rows stay as they are when more is collected; `per` is scale over 1/n + 1/m.
    """

    seen: float
    scale: float
    df: int
    reference: float
    per: float = 1.0

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        return self._truth(1 - alpha), self._truth(alpha)

    def p_at_least(self, threshold: float) -> float:
        """Return P(a distance seen as small as this) if the truth is the threshold."""
        return float(special.chndtr(self.seen / self.scale, self.df, threshold / self.scale)) if threshold > 0 else 1.0

    def p_at_most(self, threshold: float) -> float:
        """Return P(a distance seen as large as this) if the truth is the threshold."""
        from scipy import stats  # noqa: PLC0415 - scipy.special has no upper tail that keeps its digits, and this is slow

        return float(stats.ncx2.sf(self.seen / self.scale, self.df, max(threshold, 0) / self.scale))

    def _truth(self, chance: float) -> float:
        """Return the truth at which a distance is seen no larger than this with that chance; 0 if it is rarer at 0."""
        x = self.seen / self.scale

        def excess(centre: float) -> float:
            return float(special.chndtr(x, self.df, centre)) - chance

        if x <= 0 or excess(0.0) <= 0:
            return 0.0
        most = 2 * x + 100.0
        while excess(most) > 0:
            most *= 2
        return self.scale * root(excess, 0.0, most, xtol=1e-9 * (1 + x))
