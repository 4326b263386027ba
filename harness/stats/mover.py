"""Bounds of a value that moves both ways, where moves that nobody has seen yet count as well."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import mean_part, spread
from harness.stats.roots import root
from harness.stats.searched import smallest_alpha

MOST_DOUBLINGS = 40.0
NONE = 1e-6  # moves of the size seen, below which the lower bound of their mean is 0


@dataclass(frozen=True, kw_only=True)
class Moves:
    """The mean of moves of one direction, its variance, and `most`: how far one further move could take it."""

    mean: float
    variance: float
    most: float

    def upper(self, alpha: float) -> float:
        """Return the upper bound of Fay, Feuer 1997: a gamma distribution that holds one further move of the most."""
        mean, variance = self.mean + self.most, self.variance + self.most**2
        if mean <= 0:
            return 0.0
        return float(special.gammainccinv(mean**2 / variance, alpha)) * variance / mean

    def lower(self, alpha: float) -> float:
        """Return the lower bound of Fay, Feuer 1997; 0 where nothing has moved."""
        count = self.mean**2 / self.variance if self.variance > 0 else 0.0
        return float(special.gammaincinv(count, alpha)) * self.mean / count if count > NONE else 0.0

    def plus(self, other: "Moves") -> "Moves":
        """Return the moves of both, which are independent."""
        return Moves(
            mean=self.mean + other.mean,
            variance=self.variance + other.variance,
            most=max(self.most, other.most),
        )

    def times(self, rows: float) -> "Moves":
        """Return the moves as that many times the rows would show them."""
        return replace(self, variance=self.variance / rows, most=self.most / rows)


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Bounds of `value` of that `variance`, part of which is moves upwards, `rises`, and downwards, `falls`.

    MOVER (Zou, Donner 2008): what the variance says of these moves gives way to bounds that hold where few were seen.
    Cut at `low` and `high`.
    """

    value: float
    rises: Moves
    falls: Moves
    variance: float
    low: float
    high: float

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        below, above = self.reach(alpha)
        return max(self.low, self.value - below), min(self.high, self.value + above)

    def reach(self, alpha: float) -> tuple[float, float]:
        """Return how far the bounds lie below and above the value before they are cut."""
        rest = self.variance - self.rises.variance - self.falls.variance
        noise = float(special.ndtri(min(alpha, 0.5))) ** 2 * rest
        return _join_reaches(self.falls, self.rises, noise, alpha), _join_reaches(self.rises, self.falls, noise, alpha)

    def times(self, rows: float) -> "Mover":
        """Return the bounds as that many times the rows would have them."""
        rises, falls = self.rises.times(rows), self.falls.times(rows)
        return replace(self, rises=rises, falls=falls, variance=self.variance / rows)

    def rows_needed(self, distance: float, alpha: float, beta: float) -> float:
        """Return how many times the rows clear a threshold that far below the truth (above: negative), but for beta."""
        ahead = self if distance > 0 else self.mirror()

        def excess(doublings: float) -> float:
            then = ahead.times(2**doublings)
            return then.reach(alpha)[0] + then.scatter(alpha, beta) - abs(distance)

        return 2 ** root(excess, -MOST_DOUBLINGS, MOST_DOUBLINGS) if excess(MOST_DOUBLINGS) < 0 else math.inf

    def scatter(self, alpha: float, beta: float) -> float:
        """Return how far below the truth the value may lie, and its lower bound further: more falls spread more."""
        z, other = -float(special.ndtri(alpha)), -float(special.ndtri(beta))
        falls = self.falls
        bound = math.sqrt(falls.variance) + z * falls.variance / (2 * falls.mean) if falls.mean > 0 else 0.0
        return other * math.sqrt(bound**2 + max(0.0, self.variance - falls.variance))

    def mirror(self) -> "Mover":
        """Return the bounds of the value with its sign changed."""
        turned = replace(self, value=-self.value, rises=self.falls, falls=self.rises)
        return replace(turned, low=-self.high, high=-self.low)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""
        return smallest_alpha(lambda alpha: self.bounds(alpha)[1] - threshold, most=0.5)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""
        return smallest_alpha(lambda alpha: threshold - self.bounds(alpha)[0], most=0.5)


def measure_moves(values: Numbers, weight: Numbers, most: float, codes: Mapping[str, Codes]) -> Moves:
    """Return the mean of values of 0 to `most` by rows of that weight; a further move takes one row or cluster."""
    held = weight > 0
    mean, part = mean_part(values[held], weight[held])
    design = spread([part], {name: each[held] for name, each in codes.items()})
    return Moves(mean=mean, variance=design.variance, most=most / design.groups)


def moves_each_way(values: Numbers, weight: Numbers, most: float, codes: Mapping[str, Codes]) -> tuple[Moves, Moves]:
    """Return the moves upwards and downwards of values between -most and most."""
    up, down = (np.maximum(sign * values, 0.0) for sign in (1, -1))
    return measure_moves(up, weight, most, codes), measure_moves(down, weight, most, codes)


def _join_reaches(towards: Moves, back: Moves, noise: float, alpha: float) -> float:
    square = (towards.upper(alpha) - towards.mean) ** 2 + (back.mean - back.lower(alpha)) ** 2 + noise
    return math.sqrt(max(0.0, square))
