"""Exact binomial bounds, also on an effective number of observations."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from harness.stats.columns import Numbers
from harness.stats.searched import smallest_alpha
from harness.stats.unseen import furthest


@dataclass(frozen=True, kw_only=True)
class Binomial:
    """Bounds within 0 and 1 on `k` hits of `n` (Clopper-Pearson 1934); both may be fractional.

    With `df`, the degrees of freedom of the variance that `n` came from, both shrink by (z/t)^2 at the asked alpha
    (Korn-Graubard 1998), though never below `least` observations. `unseen`: these are clusters, more may be worse than
    any drawn, and where `n` counts more than them a bound reckons with that (harness.stats.unseen).
    """

    k: float
    n: float
    df: float | None = None
    least: float = 0.0
    unseen: bool = False

    @property
    def share(self) -> float:
        """Return the share of hits."""
        return self.k / self.n

    def times(self, rows: float) -> "Binomial":
        """Return the bounds that as many times the rows would have, if they showed the same share."""
        df = None if self.df is None else self.df * rows
        return replace(self, k=self.k * rows, n=self.n * rows, df=df, least=self.least * rows)

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        return 1 - self._complement()._upper(alpha), self._upper(alpha)

    def p_at_least(self, threshold: float) -> float:
        """Return P(at most k hits) if the truth is the threshold; with `df` by inverting the bound."""
        if self.k >= self.n or threshold <= 0:
            return float(threshold <= 1)
        if threshold >= 1:
            return 0.0
        if self.df is None:
            return float(special.betaincc(self.k + 1, self.n - self.k, threshold))
        return smallest_alpha(lambda alpha: self._upper(alpha) - threshold)

    def p_at_most(self, threshold: float) -> float:
        """Return P(at least k hits) if the truth is the threshold; with `df` by inverting the bound."""
        return self._complement().p_at_least(1 - threshold)

    def worth(self, alpha: float) -> float:
        """Return how many independent observations the bounds at alpha count."""
        return float(self._worths(np.array([alpha]))[0])

    def _worths(self, alphas: Numbers) -> Numbers:
        if self.df is None:
            return np.full_like(alphas, self.n)
        tails = np.minimum(np.minimum(alphas, 1 - alphas), 0.4999)
        shrink = np.minimum(1.0, (special.ndtri(tails) / special.stdtrit(self.df, tails)) ** 2)
        return np.asarray(np.maximum(self.n * shrink, min(self.n, self.least)))

    def _upper(self, alpha: float) -> float:
        if self.k >= self.n:
            return 1.0
        if not self.unseen or self.n <= self.least:
            return float(self._uppers(np.array([alpha]))[0])

        def bounds_at(unseen: Numbers, levels: Numbers) -> Numbers:
            return np.asarray(1 - (1 - self._uppers(levels)) * np.exp(-unseen / self.least))

        single = replace(self, n=self.least, k=self.share * self.least, df=None)
        return min(furthest(alpha, bounds_at), single._upper(alpha))

    def _uppers(self, alphas: Numbers) -> Numbers:
        n = self._worths(alphas)
        k = self.share * n
        return np.asarray(special.betainccinv(k + 1, n - k, alphas))

    def _complement(self) -> "Binomial":
        return replace(self, k=self.n - self.k)
