"""What samples say: a value, its bounds, and how many more observations would decide."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.errors import HarnessError, did_you_mean
from harness.stats import (
    auc,
    average_precision,
    brier,
    calibration,
    drift,
    exact,
    exceedance,
    f1,
    groups,
    judge_correction,
    mean,
    odds,
    proportion,
    sequential,
    value_rate,
)
from harness.stats.columns import CLUSTER
from harness.stats.holm import holm
from harness.stats.inference import Inference
from harness.stats.planning import distances, n_needed
from harness.values.requirements import Better
from harness.values.samples import Sample
from harness.values.verdicts import Estimate

__all__ = [
    "STATISTICS",
    "Inference",
    "distances",
    "estimate",
    "exactly",
    "holm",
    "infer",
    "kept_columns",
    "limits",
    "n_needed",
    "p_fail",
]


ANY, BOTH_WAYS = (-math.inf, math.inf), (-1.0, 1.0)
OUTCOMES, SCORED, COMPARED = frozenset({"y"}), frozenset({"y", "score"}), frozenset({"y", "reference"})


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """How one kind of sample is inferred from, alone and against a baseline, and the least and greatest value.

    `keeps` names the columns of rows that it reads, beside `id`, `weight` and clusters; none where it reads counts.
    """

    infer: Callable[[Sample], Inference]
    difference: Callable[[Sample, Sample], Inference]
    keeps: frozenset[str] = frozenset()
    clusters: bool = True
    limits: tuple[float, float] = (0.0, 1.0)


_BY_NAME: Mapping[str, Statistic] = {
    "proportion": Statistic(infer=proportion.infer, difference=proportion.difference, keeps=OUTCOMES),
    "mean": Statistic(infer=mean.infer, difference=mean.difference, keeps=OUTCOMES, limits=ANY),
    "auc": Statistic(infer=auc.infer, difference=auc.difference, keeps=SCORED),
    "average_precision": Statistic(
        infer=average_precision.infer, difference=average_precision.difference, keeps=SCORED
    ),
    "f1": Statistic(infer=f1.infer, difference=f1.difference, keeps=SCORED),
    "brier": Statistic(infer=brier.infer, difference=brier.difference, keeps=SCORED),
    "calibration": Statistic(infer=calibration.infer, difference=calibration.difference, keeps=SCORED),
    "value_rate": Statistic(infer=value_rate.infer, difference=value_rate.difference, keeps=SCORED),
    "gap": Statistic(infer=groups.infer_gap, difference=groups.difference_gap, keeps=COMPARED, limits=BOTH_WAYS),
    "ratio": Statistic(infer=groups.infer_ratio, difference=groups.difference_ratio, keeps=COMPARED, limits=ANY),
    "odds": Statistic(infer=odds.infer, difference=odds.no_difference, keeps=SCORED | COMPARED),
    "psi": Statistic(infer=drift.infer_psi, difference=drift.no_difference, clusters=False, limits=ANY),
    "js": Statistic(infer=drift.infer_js, difference=drift.no_difference, clusters=False),
    "ks": Statistic(infer=drift.infer_ks, difference=drift.no_difference, clusters=False),
    "judged": Statistic(infer=judge_correction.infer, difference=judge_correction.difference, keeps=SCORED),
    "exceedance": Statistic(
        infer=exceedance.infer, difference=exceedance.difference, keeps=SCORED | {"time"}, clusters=False
    ),
    "canary": Statistic(
        infer=sequential.infer_canary, difference=sequential.no_difference, clusters=False, limits=BOTH_WAYS
    ),
    "sequence": Statistic(infer=sequential.infer_sequence, difference=sequential.no_difference, clusters=False),
    "exact": Statistic(infer=exact.infer, difference=exact.difference, clusters=False, limits=ANY),
    "point": Statistic(infer=exact.infer_point, difference=exact.difference_point, clusters=False, limits=ANY),
}
STATISTICS = tuple(_BY_NAME)


def infer(sample: Sample, baseline: Sample | None = None) -> Inference:
    """Return what a sample says; with a baseline, the difference candidate - baseline on rows paired by id."""
    statistic = _statistic(sample)
    if baseline is None:
        return statistic.infer(sample)
    if baseline.statistic != sample.statistic:
        found = f"{sample.statistic!r} and {baseline.statistic!r}"
        raise HarnessError(f"a comparison needs one statistic on both sides; found {found}")
    return statistic.difference(sample, baseline)


def exactly(sample: Sample, baseline: Sample | None = None) -> Inference:
    """Return what a sample says about exactly its own rows (`scope: these`): both bounds are the value."""
    if sample.statistic == "judged":
        raise HarnessError(
            "people checked only some of these rows, so what a judge said of the others is an estimate even for "
            "`scope: these`; leave that out, or measure what people said alone"
        )
    seen = infer(sample, baseline)
    return replace(exact.whole(seen.value, seen.n), hits=seen.hits)


def estimate(sample: Sample, baseline: Sample | None = None, *, alpha: float = 0.05) -> Estimate:
    """Return the value with its one-sided bounds, each at level 1 - alpha."""
    seen = infer(sample, baseline)
    lower, upper = seen.bounds(alpha)
    return Estimate(
        value=seen.value,
        lower=lower,
        upper=upper,
        level=1 - alpha,
        n=seen.n,
        n_eff=seen.n_eff,
        method=seen.method,
        hits=seen.hits,
        clusters=seen.clusters,
    )


def limits(statistic: str) -> tuple[float, float]:
    """Return the least and the greatest value that a statistic can have."""
    return _BY_NAME[statistic].limits


def kept_columns(statistic: str) -> frozenset[str]:
    """Return the columns of rows that a statistic reads beside `id`, `weight` and clusters; of an unknown one, none."""
    return _BY_NAME[statistic].keeps if statistic in _BY_NAME else frozenset()


def p_fail(inference: Inference, threshold: float, better: Better) -> float:
    """Return the smallest alpha at which the bound on the good side misses the threshold."""
    if better == "higher":
        return inference.interval.p_at_least(threshold)
    return inference.interval.p_at_most(threshold)


def _statistic(sample: Sample) -> Statistic:
    if sample.statistic not in _BY_NAME:
        raise HarnessError(f"no statistic {sample.statistic!r}{did_you_mean(sample.statistic, STATISTICS)}")
    found = _BY_NAME[sample.statistic]
    named = [] if sample.rows is None else [n for n in sample.rows.column_names if n.startswith(CLUSTER)]
    if named and not found.clusters:
        raise HarnessError(f"statistic {sample.statistic!r} cannot take clusters; found {', '.join(named)}; use 'mean'")
    return found
