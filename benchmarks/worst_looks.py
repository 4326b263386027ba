"""How often someone who chooses the times of looks from the data lets a candidate at the threshold through.

A dynamic programme over a normal estimate: after each look that does not pass, the next number of rows is the one that
passes most often. Usage: python benchmarks/worst_looks.py; about 30 seconds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.values.requirements import Requirement

Values = NDArray[np.float64]
GROWTH = (1.01, 1.02, 1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5, 3, 4, 6, 10, 20, 50, 200, 1e4)
GRID = np.linspace(-8, 8, 3201)  # the estimate's distance from the threshold, in standard errors
COARSE = GRID[::8]
NOISE = np.linspace(-6, 6, 1201)


def main() -> None:
    """Print the worst chance to pass within some looks, by what is planned and how much the rows must grow."""
    anything = Requirement(metric="m", at_least=0.5)
    print("looks | alpha/(k(k+1)), any growth | alpha/(k(k+1)), doubling | alpha/n, any growth")
    for looks in (1, 2, 3, 5, 10, 20, 30):
        planned = Requirement(metric="m", at_least=0.5, looks=looks)
        doubling = [growth for growth in GROWTH if growth >= 2]
        found = (worst(anything, looks), worst(anything, looks, doubling), worst(planned, looks))
        print(f"{looks} | {' | '.join(f'{100 * chance:.1f} %' for chance in found)}")


def worst(requirement: Requirement, looks: int, growth: Sequence[float] = GROWTH) -> float:
    """Return the greatest chance to pass at one of the looks, each at some times the rows of the one before."""
    limits = [-ndtri(requirement.alpha_at(look)) for look in range(1, looks + 1)]
    chance = (limits[-1] <= GRID).astype(float)
    for limit in reversed(limits[:-1]):
        chance = np.where(limit <= GRID, 1.0, _best_wait(chance, growth))
    return float((chance * _density(GRID)).sum())


def _best_wait(chance: Values, growth: Sequence[float]) -> Values:
    """Return the chance to pass later, by the estimate now, if the next number of rows is the best one."""
    weights, best = _density(NOISE), np.zeros_like(COARSE)
    for times in growth:
        then = COARSE[:, None] / np.sqrt(times) + np.sqrt(1 - 1 / times) * NOISE
        best = np.maximum(best, np.interp(then, GRID, chance, left=chance[0], right=1.0) @ weights)
    return np.interp(GRID, COARSE, best)


def _density(at: Values) -> Values:
    weights = np.exp(-(at**2) / 2)
    return np.asarray(weights / weights.sum())


if __name__ == "__main__":
    main()
