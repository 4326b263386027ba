"""How far apart two cumulated distributions may be at the point where they are furthest, wherever that is."""

import math

import numpy as np
from scipy import special

from harness.stats.columns import Numbers


def furthest(reference: Numbers, current: Numbers, alpha: float) -> float:
    """Return the upper bound, at level 1 - alpha, of the greatest distance between two cumulated distributions.

    Of counts in bins, in their order. Which point it is, nobody knows, so the highest of all bounds is taken:
    Newcombe 1998 square-and-adds the bounds of two shares, here Clopper-Pearson's.
    """
    below, above = _bound_shares(np.cumsum(reference)[:-1], float(reference.sum()), alpha)
    low, high = _bound_shares(np.cumsum(current)[:-1], float(current.sum()), alpha)
    apart = np.cumsum(current)[:-1] / current.sum() - np.cumsum(reference)[:-1] / reference.sum()
    return float(max((apart + np.hypot(high, below)).max(), (np.hypot(low, above) - apart).max()))


def noise_alone(reference: Numbers, current: Numbers, beta: float) -> float:
    """Return the distance that two samples of one distribution exceed with a chance of at most beta.

    The lesser of what holds at any number of points (Dvoretzky, Kiefer, Wolfowitz; Massart 1990) and of Bonferroni over
    those there are.
    """
    rows = math.sqrt(1 / float(reference.sum()) + 1 / float(current.sum()))
    points = -float(special.ndtri(beta / (2 * max(len(reference) - 1, 1)))) / 2
    return rows * min(math.sqrt(math.log(2 / beta) / 2), points)


def _bound_shares(k: Numbers, n: float, alpha: float) -> tuple[Numbers, Numbers]:
    """Return how far the one-sided bounds of each share lie below and above it (Clopper-Pearson 1934)."""
    share = k / n
    with np.errstate(invalid="ignore"):
        low = np.where(k > 0, special.betaincinv(k, n - k + 1, alpha), 0.0)
        high = np.where(k < n, special.betainccinv(k + 1, n - k, alpha), 1.0)
    return share - low, high - share
