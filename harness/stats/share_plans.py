"""How many independent observations decide a share: an exact binomial search."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.errors import HarnessError

ENDLESS = 1e9  # no more than this is worth asking for


def units_needed(threshold: float, truth: float, alpha: float, beta: float) -> int | None:
    """Return how many independent observations show, but for beta, that a share of `truth` is beyond a threshold."""
    if not (0 <= threshold <= 1 and 0 <= truth <= 1):
        raise HarnessError(f"a share lies between 0 and 1; found threshold {threshold:g} and plan_for {truth:g}")
    up = truth > threshold
    most, missed = (round(1 - threshold, 12), round(1 - truth, 12)) if up else (threshold, truth)
    return _few_enough(most, missed, alpha, beta) if _normal(most, missed, alpha, beta) <= ENDLESS else None


@lru_cache(maxsize=4096)
def _few_enough(most: float, truth: float, alpha: float, beta: float) -> int:
    """Return an n at which the upper bound lies below `most` often enough, searched in steps of half a percent.

    The chance falls between one allowed miss and the next, so the next step must hold as well; further on it may
    dip by up to 1.5 points. Without any miss it never falls: the rule of three.
    """
    if truth == 0:
        return math.ceil(math.log(alpha) / math.log1p(-min(most, 1 - 1e-12)))
    start = max(10, int(0.8 * _normal(most, truth, alpha, beta)))
    step = max(1, start // 200)
    while True:
        n = start + step * np.arange(400)
        enough = _power(n, most, truth, alpha) >= 1 - beta
        found = np.flatnonzero(enough[:-1] & enough[1:])
        if found.size:
            return int(n[found[0]])
        start = int(n[-1])


def _normal(most: float, truth: float, alpha: float, beta: float) -> float:
    if truth >= most:
        return math.inf
    wide = special.ndtri(alpha) * math.sqrt(most * (1 - most)) + special.ndtri(beta) * math.sqrt(truth * (1 - truth))
    return min(abs(float(wide)) / (most - truth), 1e100) ** 2


def _power(n: NDArray[np.int64], most: float, truth: float, alpha: float) -> NDArray[np.float64]:
    """Return the probability of few enough misses at each n."""
    near = np.nan_to_num(np.floor(special.bdtrik(alpha, n, most)), nan=-1.0)
    tried = np.stack([near - 1, near, near + 1])
    allowed = near - 2 + (binomial_tail(tried, n, most) <= alpha).sum(axis=0)
    return binomial_tail(np.maximum(allowed, -1), n, truth)


def binomial_tail(k: NDArray[np.float64], n: NDArray[np.int64], p: float) -> NDArray[np.float64]:
    """Return P(at most k hits of n) at a truth of p; 0 below no hit, 1 from n on."""
    within = np.clip(k, 0, n - 1)
    chance: NDArray[np.float64] = special.betaincc(within + 1, n - within, p)
    return np.where(k < 0, 0.0, np.where(k >= n, 1.0, chance))
