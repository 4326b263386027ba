"""Equalised odds: how far a group's true and false positive rates lie from those of a fixed reference group."""

import math
from collections.abc import Sequence

import pyarrow.compute as pc

from harness import samples
from harness.errors import HarnessError
from harness.stats import columns, groups
from harness.stats.inference import Inference
from harness.stats.searched import DistanceBounds
from harness.values.samples import Sample

RATES = ("tpr", "fpr")


def infer(sample: Sample) -> Inference:
    """Return the larger of the two rates' distances, 0 to 1, of counts {tpr.k, tpr.n, tpr.k_ref, ...} or rows.

    Rows: `y` the decision, `score` the label, `reference` 1 in the reference group. The upper bound is that of the gap
    that could be largest (an intersection-union test keeps its level), the lower one takes four tries into account.
    """
    gaps = [groups.infer_gap(part) for part in _parts(sample)]

    def bounds_at(alpha: float) -> tuple[float, float]:
        sure = [gap.bounds(alpha / (2 * len(gaps))) for gap in gaps]
        wide = [gap.bounds(alpha) for gap in gaps]
        return max(0.0, *(max(low, -high) for low, high in sure)), max(max(high, -low) for low, high in wide)

    def reach(alpha: float) -> float:
        return max(gap.bounds(alpha)[1] - gap.value for gap in gaps)

    clusters = [gap.clusters for gap in gaps if gap.clusters is not None]
    return Inference(
        value=max(abs(gap.value) for gap in gaps),
        n=sum(gap.n for gap in gaps),
        n_eff=sum(gap.n_eff for gap in gaps),
        method="the larger of two gaps, Newcombe",
        interval=DistanceBounds(at=bounds_at, noise=lambda beta: reach(beta / (2 * len(gaps))), reach=reach),
        clusters=min(clusters) if clusters else None,
        notes=next((gap.notes for gap in gaps if gap.notes), ()),
    )


def no_difference(candidate: Sample, baseline: Sample) -> Inference:
    """Refuse to compare two: each already is the larger of two gaps, which may be of different rates."""
    raise HarnessError(
        f"statistic {candidate.statistic!r} cannot be compared with that of a baseline; compare `tpr_gap` and `fpr_gap`"
    )


def _parts(sample: Sample) -> Sequence[Sample]:
    """Return the gap of the rows with label 1, and that of the rows with label 0."""
    if sample.rows is None:
        named = [{name: sample.counts.get(f"{rate}.{name}", math.nan) for name in groups.COUNTS} for rate in RATES]
        return [samples.gap(**counts) for counts in named]
    rows = columns.table(sample)
    return [samples.rows.gap(rows.filter(pc.equal(rows["score"], label))) for label in (1, 0)]
