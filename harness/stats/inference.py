"""What a sample says about the truth, before anyone asked for a level or a threshold."""

import math
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.stats.intervals import Interval
from harness.stats.searched import Searched


@dataclass(frozen=True, kw_only=True)
class Inference:
    """A value and how far the truth may lie from it.

    `n` counts observations of the unit, `n_eff` how many independent ones they are worth, `hits` the ones that
    counted (of a proportion), `clusters` the groups of the coarsest clustering. `notes` say in plain words what the
    interval takes for granted, where no bound could hold without it. Worth less than `fewest` independent observations
    it decides no must; infinitely many where no number of them would.
    """

    value: float
    n: int
    n_eff: float
    method: str
    interval: Interval
    hits: int | None = None
    clusters: int | None = None
    notes: tuple[str, ...] = ()
    fewest: float = 0

    @property
    def least(self) -> int | None:
        """Return how many observations it takes, at the design effect of these, to decide a must; None if none do."""
        if math.isinf(self.fewest):
            return None
        return math.ceil(self.fewest * self.n / self.n_eff - 1e-6) if self.fewest else 0

    @property
    def proves(self) -> bool:
        """Tell whether a must can be decided by it: whether it is worth as many observations as that takes."""
        return round(self.n_eff) >= self.fewest

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha; the value is never outside."""
        lower, upper = self.interval.bounds(alpha)
        if math.isnan(self.value) or math.isnan(lower) or math.isnan(upper):
            raise HarnessError(f"no bounds for {self.method} of {self.n} rows: found NaN; check the values it is fed")
        return min(lower, self.value), max(upper, self.value)


@dataclass(frozen=True, kw_only=True)
class Worst(Searched):
    """Bounds of the worst of several groups; `parts` is what each of them shows."""

    parts: tuple[Inference, ...]
