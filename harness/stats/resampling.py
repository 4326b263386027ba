"""Draws rows again, by cluster, from a seed that only the rows decide."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import special

from harness.stats.columns import CLUSTER, Codes, Numbers
from harness.stats.searched import smallest_alpha

TIMES = 2000
BATCH = 250
MOST = 4000  # units drawn one by one
DEEPEST = 0.01  # the smallest tail that so many draws can tell; beyond it the normal tail continues


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """Bounds by resampled errors: `below` how far the estimate may lie above the truth, `above` how far below it.

    Both are sorted; quantiles are stretched by t/z on `df` degrees of freedom, as few clusters drawn again
    vary less than in truth.
    """

    center: float
    below: Numbers
    above: Numbers
    df: float
    low: float = -1.0
    high: float = 1.0

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each one-sided at level 1 - alpha."""
        lower, upper = self.reach(alpha)
        return max(self.low, self.center - lower), min(self.high, self.center + upper)

    def reach(self, alpha: float) -> tuple[float, float]:
        """Return how far the bounds lie below and above the center before they are cut."""
        return self._reach(self.below, alpha), self._reach(self.above, alpha)

    def p_at_least(self, threshold: float) -> float:
        """Return the smallest alpha at which the upper bound lies below the threshold."""
        return smallest_alpha(lambda alpha: self.bounds(alpha)[1] - threshold)

    def p_at_most(self, threshold: float) -> float:
        """Return the smallest alpha at which the lower bound lies above the threshold."""
        return smallest_alpha(lambda alpha: threshold - self.bounds(alpha)[0])

    def _reach(self, errors: Numbers, alpha: float) -> float:
        tail = min(alpha, 0.4999)
        deep = special.ndtri(min(tail, DEEPEST)) / special.ndtri(DEEPEST)
        quantile = float(np.quantile(errors, 1 - max(tail, DEEPEST)))
        return quantile * float(deep * special.stdtrit(self.df, tail) / special.ndtri(tail))


def canonical(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """Return the named columns and all clusters in an order that depends on their content alone."""
    held = [name for name in rows.column_names if name in names or name.startswith(CLUSTER)]
    plain = {
        name: rows[name].cast(rows[name].type.value_type) if pa.types.is_dictionary(rows[name].type) else rows[name]
        for name in sorted(held)
    }
    return pa.table(plain).sort_by([(name, "ascending") for name in plain])


def seed_generator(arrays: Sequence[Numbers | Codes]) -> np.random.Generator:
    """Return a generator whose seed is the content of the arrays."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return np.random.default_rng(int.from_bytes(total.digest()[:16]))


def resample_sums(sums: Numbers, codes: Mapping[str, Codes], chance: np.random.Generator) -> Numbers:
    """Return the column totals of each of 2,000 draws of rows, or of whole clusters, with replacement.

    More than 4,000 independent units are drawn in 4,000 groups formed at random (random groups: Wolter 2007), so that
    memory and time stay bounded. Several clusterings are drawn each and their counts multiplied (pigeonhole bootstrap,
    Owen 2007: a little wide).
    """
    if len(codes) > 1:
        return np.array([_draw_crossed(codes, chance) @ sums for _ in range(TIMES)])
    units = next(iter(codes.values())) if codes else np.arange(len(sums))
    size = int(units.max()) + 1
    if size > MOST:
        units, size = (chance.permutation(size) % MOST)[units], MOST
    totals = np.stack([np.bincount(units, column, minlength=size) for column in sums.T], axis=1)
    return np.concatenate([_draw_batch(size, chance) @ totals for _ in range(TIMES // BATCH)])


def _draw_batch(size: int, chance: np.random.Generator) -> Numbers:
    """Return how often each unit comes in each draw of a batch; drawn one by one, which is faster than multinomial."""
    places = chance.integers(0, size, (BATCH, size), dtype=np.int32)
    places += size * np.arange(BATCH, dtype=np.int32)[:, np.newaxis]
    return np.bincount(places.ravel(), minlength=BATCH * size).reshape(BATCH, size).astype(np.float64)


def _draw_crossed(codes: Mapping[str, Codes], chance: np.random.Generator) -> Numbers:
    sizes = {name: int(way.max()) + 1 for name, way in codes.items()}
    drawn = [np.bincount(chance.integers(0, n, n), minlength=n)[codes[name]] for name, n in sizes.items()]
    times: Numbers = np.prod(drawn, axis=0).astype(np.float64)
    return times
