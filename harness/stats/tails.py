"""How steeply the largest of some values rise, and whether that shows that they have a variance (Hill 1975)."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from harness.stats.columns import Numbers

TOP = 10  # values at least, that tell how a tail goes on
STEEPEST = 0.99  # slope of a tail: from 1 on it has no mean
STEEP = 0.5  # from here on it has no variance, and bounds err
SURE = 1.645  # standard errors of a slope, by which 5 of 100 samples lie further below the true one


@dataclass(frozen=True, kw_only=True)
class Tail:
    """A tail that falls as the power -1 / slope of a value, by the slope of `top` of them.

    Beyond any value its mean is 1 / (1 - slope) times that value.
    """

    slope: float
    top: int

    @property
    def shows_variance(self) -> bool:
        """Tell whether values with such a slope have a variance in all but 5 of 100 samples like this one."""
        return self.slope * (1 + SURE * self._error) < STEEP

    @property
    def least(self) -> float:
        """Return the least that the slope may be in all but 5 of 100 samples like this one."""
        return self.slope * max(0.0, 1 - SURE * self._error)

    @property
    def _error(self) -> float:
        """Return the standard error of the slope, as a share of it."""
        return 1 / math.sqrt(max(self.top, 1))


def measure_tail(values: Numbers) -> Tail:
    """Return the tail of values above 0: the mean excess of the logarithms of the root of all, 10 at least."""
    ordered = np.sort(values[values > 0])
    top = min(len(ordered) - 1, max(TOP, round(math.sqrt(len(ordered)))))
    slope = float(np.log(ordered[-top:] / ordered[-top - 1]).mean()) if top else STEEPEST
    return Tail(slope=min(slope, STEEPEST), top=top)


def rows_that_show_variance(slope: float, beta: float = 0.5) -> float:
    """Return how many rows of a tail of this slope show in all but `beta` of samples that it has a variance.

    The standard error of a slope is the slope by the root of the values it is taken from. Infinitely many where there
    is no variance.
    """
    if not 0 < slope < STEEP:
        return math.inf if slope else 0.0
    short, other = STEEP / slope - 1, -float(special.ndtri(beta))
    twice = SURE + other + math.sqrt((SURE + other) ** 2 + 4 * SURE * other * short)
    top = (twice / (2 * short)) ** 2  # at which (1 + SURE / root) * (1 + other / root) is as much as the slope allows
    return float(max(TOP + 1, top**2 if top > TOP else 0))
