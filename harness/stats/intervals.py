"""How far the truth may lie from an estimate: one-sided bounds, and the p-values that they invert to."""

import math
from dataclasses import dataclass
from typing import Protocol


class Interval(Protocol):
    """Bounds that each err at most alpha of the time."""

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""


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
