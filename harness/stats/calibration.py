"""Whether probabilities mean what they say: the expected calibration error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa

from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.brier import probabilities
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import Influence, spread
from harness.stats.inference import Inference
from harness.stats.resampling import TIMES, Resampled, canonical, resample_sums, seed_generator
from harness.stats.searched import DistanceBounds, WideBounds
from harness.values.samples import Sample

BINS = 15
PLANNED = 1.3  # of the reach of these rows, as of more there still are bins that hide something
SPARSE = 5  # a bin with fewer rows of its rarer outcome looks surer than it is when drawn again


@dataclass(frozen=True, kw_only=True)
class Rarer:
    """The rows of sparse bins: their share of the weight, how many independent ones they are worth, and rare ones."""

    share: float
    n: float
    k: float

    def hides(self, alpha: float) -> float:
        """Return what further rare rows may add to the error: the exact bound of their rate, less the rate seen."""
        if not self.n:
            return 0.0
        return self.share * (Binomial(k=self.k, n=self.n).bounds(alpha)[1] - self.k / self.n)


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """What each row adds to its bin's gap of outcome and probability, and the gaps, as shares of the total weight."""

    bins: Codes
    misses: Numbers
    y: Numbers
    score: Numbers
    weight: Numbers

    def rarer(self, codes: Mapping[str, Codes]) -> Rarer:
        """Return the rows of sparse bins; rows of one cluster count as one, those of unequal weight by Kish 1965."""
        ones, rows = np.bincount(self.bins, self.y, minlength=BINS), np.bincount(self.bins, minlength=BINS)
        together = max([1.0, *(len(way) / len(np.unique(way)) for way in codes.values())])
        inside = (np.minimum(ones, rows - ones) < SPARSE * together)[self.bins]
        weight = self.weight[inside]
        if not weight.sum():
            return Rarer(share=0.0, n=0.0, k=0.0)
        mostly = (2 * ones > rows)[self.bins[inside]]
        rate = float(weight @ (self.y[inside] != mostly) / weight.sum())
        groups = [len(np.unique(way[inside])) for way in codes.values()]
        n = min([weight.sum() ** 2 / float(weight @ weight), *groups])
        return Rarer(share=float(weight.sum() / self.weight.sum()), n=n, k=rate * n)

    def bin_gaps(self) -> Numbers:
        """Return the gap of each bin."""
        gaps: Numbers = np.bincount(self.bins, self.misses, minlength=BINS) / self.weight.sum()
        return gaps

    def sums(self) -> Numbers:
        """Return a row for each observation: its miss in the column of its bin, and its weight in the last."""
        spread_out = np.zeros((len(self.bins), BINS + 1))
        spread_out[np.arange(len(self.bins)), self.bins] = self.misses
        spread_out[:, BINS] = self.weight
        return spread_out


def infer(sample: Sample) -> Inference:
    """Return the expected calibration error of rows with `y` 0 or 1 and `score` a probability, 0 to 1.

    Sum over 15 equally wide bins of |mean y - mean score| weighted by the bin's share (Guo et al. 2017). Noise alone
    makes it positive, so the errors of each side are bootstrapped apart (2,000 draws of rows, or clusters): upwards it
    errs by no more than its gaps in the direction they show, downwards by no more than the sum of all their moves,
    or what chance gives probabilities that are right. Bins with fewer than 5 rows of their rarer outcome add what they
    may hide (Clopper-Pearson 1934). The upper bound keeps its level, the lower is wide.
    """
    rows = canonical(columns.table(sample), ("y", "score", "weight"))
    gaps, codes = _gaps(rows, "score"), columns.clusters(rows)
    seen = gaps.bin_gaps()
    moves = _moves([gaps], codes)[0]
    design = spread([_part([gaps])], codes)
    effect = design.variance / design.independent if design.independent > 0 else 1.0
    below = np.maximum(np.sort(np.abs(moves).sum(axis=1)), _noise(gaps) * np.sqrt(effect))
    above = -moves @ np.sign(seen)
    found = _infer_from_draws(float(np.abs(seen).sum()), [gaps], codes, below, above)
    chance, drawn = _noise(gaps) * np.sqrt(effect), PLANNED * np.sort(above)
    interval = DistanceBounds(
        at=found.interval.bounds, noise=partial(_quantile_above, chance), reach=partial(_quantile_above, drawn)
    )
    return replace(found, interval=interval)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's calibration error less the baseline's on the same ids and labels; both bounds are wide."""
    left, right = columns.pair_rows(candidate, baseline)
    columns.refuse_other("y", columns.outcomes(left), columns.outcomes(right))
    both = left.append_column("other", pa.array(columns.numbers(right, "score")))
    rows = canonical(both, ("y", "score", "other", "weight"))
    sides, codes = [_gaps(rows, name) for name in ("score", "other")], columns.clusters(rows)
    new, old = (side.bin_gaps() for side in sides)
    moved, others = _moves(sides, codes)
    below = np.abs(moved).sum(axis=1) - others @ np.sign(old)
    above = -moved @ np.sign(new) + np.abs(others).sum(axis=1)
    return _infer_from_draws(float(np.abs(new).sum() - np.abs(old).sum()), sides, codes, below, above)


def _gaps(rows: pa.Table, name: str) -> Gaps:
    y, score, weight = columns.outcomes(rows), probabilities(rows, name), columns.weights(rows)
    bins = np.clip(np.ceil(score * BINS) - 1, 0, BINS - 1).astype(np.int64)
    return Gaps(bins=bins, misses=weight * (y - score), y=y, score=score, weight=weight)


def _moves(sides: Sequence[Gaps], codes: Mapping[str, Codes]) -> list[Numbers]:
    """Return for each side how far the gaps of each draw lie from those seen; the sides share the draws."""
    chance = seed_generator(
        [array for side in sides for array in (side.bins, side.misses, side.weight)] + [*codes.values()]
    )
    totals = resample_sums(np.concatenate([side.sums() for side in sides], axis=1), codes, chance)
    halves = np.split(totals, len(sides), axis=1)
    return [half[:, :BINS] / half[:, BINS:] - side.bin_gaps() for half, side in zip(halves, sides, strict=True)]


def _noise(gaps: Gaps) -> Numbers:
    """Return, sorted, what error chance gives probabilities that are right (consistency resampling, Broecker 2007).

    Bins of few rows that happened to agree cannot show it when they are drawn again.
    """
    variance = np.bincount(gaps.bins, gaps.weight**2 * gaps.score * (1 - gaps.score), minlength=BINS)
    drawn = np.random.default_rng(TIMES).standard_normal((TIMES, BINS)) * np.sqrt(variance) / gaps.weight.sum()
    return np.sort(np.abs(drawn).sum(axis=1))


def _quantile_above(drawn: Numbers, chance: float) -> float:
    """Return what draws exceed with that chance."""
    return float(np.quantile(drawn, 1 - chance))


def _infer_from_draws(
    value: float, sides: Sequence[Gaps], codes: Mapping[str, Codes], below: Numbers, above: Numbers
) -> Inference:
    design = spread([_part(sides)], codes)
    drawn = Resampled(
        center=value, below=np.sort(below), above=np.sort(above), df=max(design.df, 1.0), low=1.0 - len(sides)
    )
    interval = WideBounds(
        at=partial(_allowing, drawn, [side.rarer(codes) for side in sides]),
        reach=drawn.reach,
        se=float(max(below.std(), above.std())),
    )
    n = len(sides[0].bins)
    worth = n * design.independent / design.variance if design.variance > 0 else design.groups
    return Inference(value=value, n=n, n_eff=worth, method="bootstrap", interval=interval, clusters=design.clusters)


def _allowing(drawn: Resampled, sparse: Sequence[Rarer], alpha: float) -> tuple[float, float]:
    """Return resampled bounds, widened by what sparse bins may hide: upwards, and of a difference downwards too."""
    (lower, upper), by = drawn.bounds(alpha), sum(side.hides(alpha) for side in sparse)
    return max(drawn.low, lower - by * (len(sparse) > 1)), min(drawn.high, upper + by)


def _part(sides: Sequence[Gaps]) -> Influence:
    """Return what each row moves the first side's error by, less the second's: for effective numbers only."""
    signs = [np.sign(side.bin_gaps()) for side in sides]
    pulls = [sign[side.bins] * side.misses / side.weight.sum() for sign, side in zip(signs, sides, strict=True)]
    influence = pulls[0] - pulls[1] if len(pulls) > 1 else pulls[0]
    leverage = sides[0].weight / sides[0].weight.sum()
    return Influence(values=influence - leverage * influence.sum(), leverage=leverage)
