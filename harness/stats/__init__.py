"""What samples say: a value, its bounds, and how many more observations would decide."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

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
    "Statistic",
    "distances",
    "estimate",
    "exactly",
    "holm",
    "infer",
    "kept_columns",
    "n_needed",
    "p_fail",
    "statistic_of",
]


ANY, BOTH_WAYS = (-math.inf, math.inf), (-1.0, 1.0)
OUTCOMES, SCORED, COMPARED = frozenset({"y"}), frozenset({"y", "score"}), frozenset({"y", "reference"})


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """What is asked about one kind of sample.

    `infer` and `difference` say what a sample says, alone and against a baseline. `keeps` names the columns of rows
    that it reads, beside `id`, `weight` and clusters; none where it reads counts. `clusters` tells whether its rows may
    come in clusters. `limits` are the least and the greatest value. `interval` is estimated, exact where a value is
    certain of what it is about, or unknown. `complete` is False where a value is an estimate even for its own rows.
    `shown_as` a share is in percent. `looks` at new rows are counted, or cost nothing because bounds hold at any time,
    or are none, as nothing is estimated. `better` is the good side, where it is always the same. `best` returns the
    sample as it would be if every observation were good, where that is known.
    """

    infer: Callable[[Sample], Inference]
    difference: Callable[[Sample, Sample], Inference]
    keeps: frozenset[str] = frozenset()
    clusters: bool = True
    limits: tuple[float, float] = (0.0, 1.0)
    interval: Literal["estimated", "exact", "unknown"] = "estimated"
    complete: bool = True
    shown_as: Literal["share", "number"] = "number"
    looks: Literal["counted", "anytime", "none"] = "counted"
    better: Better | None = None
    best: Callable[[Sample, Better], Sample] | None = None

    @property
    def has_interval(self) -> bool:
        """Tell whether bounds are known, so that something can be decided."""
        return self.interval != "unknown"


STATISTICS: Mapping[str, Statistic] = {
    "proportion": Statistic(
        infer=proportion.infer, difference=proportion.difference, keeps=OUTCOMES, shown_as="share", best=proportion.best
    ),
    "mean": Statistic(infer=mean.infer, difference=mean.difference, keeps=OUTCOMES, limits=ANY),
    "auc": Statistic(infer=auc.infer, difference=auc.difference, keeps=SCORED, best=auc.best),
    "average_precision": Statistic(
        infer=average_precision.infer, difference=average_precision.difference, keeps=SCORED
    ),
    "f1": Statistic(infer=f1.infer, difference=f1.difference, keeps=SCORED),
    "brier": Statistic(infer=brier.infer, difference=brier.difference, keeps=SCORED, better="lower"),
    "calibration": Statistic(infer=calibration.infer, difference=calibration.difference, keeps=SCORED, better="lower"),
    "value_rate": Statistic(infer=value_rate.infer, difference=value_rate.difference, keeps=SCORED),
    "gap": Statistic(infer=groups.infer_gap, difference=groups.difference_gap, keeps=COMPARED, limits=BOTH_WAYS),
    "ratio": Statistic(infer=groups.infer_ratio, difference=groups.difference_ratio, keeps=COMPARED, limits=ANY),
    "odds": Statistic(infer=odds.infer, difference=odds.no_difference, keeps=SCORED | COMPARED, better="lower"),
    "psi": Statistic(infer=drift.infer_psi, difference=drift.no_difference, clusters=False, limits=ANY, better="lower"),
    "js": Statistic(infer=drift.infer_js, difference=drift.no_difference, clusters=False, better="lower"),
    "ks": Statistic(infer=drift.infer_ks, difference=drift.no_difference, clusters=False, better="lower"),
    "judge_correction": Statistic(
        infer=judge_correction.infer, difference=judge_correction.difference, keeps=SCORED, complete=False
    ),
    "exceedance": Statistic(
        infer=exceedance.infer, difference=exceedance.difference, keeps=SCORED | {"time"}, clusters=False
    ),
    "canary": Statistic(
        infer=sequential.infer_canary,
        difference=sequential.no_difference,
        clusters=False,
        limits=BOTH_WAYS,
        looks="anytime",
    ),
    "sequence": Statistic(
        infer=sequential.infer_sequence, difference=sequential.no_difference, clusters=False, looks="anytime"
    ),
    "exact": Statistic(
        infer=exact.infer, difference=exact.difference, clusters=False, limits=ANY, interval="exact", looks="none"
    ),
    "point": Statistic(
        infer=exact.infer_point,
        difference=exact.difference_point,
        clusters=False,
        limits=ANY,
        interval="unknown",
        looks="none",
    ),
}


def statistic_of(sample: Sample) -> Statistic:
    """Return what is asked about a sample's statistic; refuse a name that is none, and clusters it cannot take."""
    if sample.statistic not in STATISTICS:
        raise HarnessError(f"no statistic {sample.statistic!r}{did_you_mean(sample.statistic, STATISTICS)}")
    found = STATISTICS[sample.statistic]
    named = [] if sample.rows is None else [n for n in sample.rows.column_names if n.startswith(CLUSTER)]
    if named and not found.clusters:
        raise HarnessError(f"statistic {sample.statistic!r} cannot take clusters; found {', '.join(named)}; use 'mean'")
    return found


def infer(sample: Sample, baseline: Sample | None = None) -> Inference:
    """Return what a sample says; with a baseline, the difference candidate - baseline on rows paired by id."""
    statistic = statistic_of(sample)
    if baseline is None:
        return statistic.infer(sample)
    if baseline.statistic != sample.statistic:
        found = f"{sample.statistic!r} and {baseline.statistic!r}"
        raise HarnessError(f"a comparison needs one statistic on both sides; found {found}")
    return statistic.difference(sample, baseline)


def exactly(sample: Sample, baseline: Sample | None = None) -> Inference:
    """Return what a sample says about exactly its own rows (`scope: these`): both bounds are the value."""
    if not statistic_of(sample).complete:
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


def kept_columns(statistic: str) -> frozenset[str]:
    """Return the columns of rows that a statistic reads beside `id`, `weight` and clusters; of an unknown one, none."""
    return STATISTICS[statistic].keeps if statistic in STATISTICS else frozenset()


def p_fail(inference: Inference, threshold: float, better: Better) -> float:
    """Return the smallest alpha at which the bound on the good side misses the threshold."""
    if better == "higher":
        return inference.interval.p_at_least(threshold)
    return inference.interval.p_at_most(threshold)
