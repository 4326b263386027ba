"""What samples say: a value, its bounds, and how many more observations would decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.errors import HarnessError, did_you_mean
from harness.stats import (
    auc,
    average_precision,
    balanced_accuracy,
    brier,
    calibration,
    drift,
    exact,
    exceedance,
    f1,
    group_pairs,
    groups,
    judge_correction,
    mean,
    odds,
    proportion,
    sequential,
    value_rate,
    worst,
)
from harness.stats.columns import CLUSTER
from harness.stats.inference import Inference
from harness.stats.pilots import may_hide_tail, pilot_needed
from harness.stats.planning import distances, n_needed
from harness.values.requirements import Better
from harness.values.samples import Sample
from harness.values.statistics import STATISTICS, Statistic
from harness.values.verdicts import Estimate

__all__ = [
    "COMPUTED",
    "Inference",
    "best",
    "distances",
    "estimate",
    "exactly",
    "infer",
    "may_hide_tail",
    "n_needed",
    "p_fail",
    "p_pass",
    "pilot_needed",
    "statistic_of",
]


@dataclass(frozen=True, kw_only=True)
class Computed:
    """How one kind of sample is inferred from, alone and against a baseline.

    `best` returns the sample as it would be if every observation were good, where that is known.
    """

    infer: Callable[[Sample], Inference]
    difference: Callable[[Sample, Sample], Inference]
    best: Callable[[Sample, Better], Sample] | None = None


COMPUTED: Mapping[str, Computed] = {
    "proportion": Computed(infer=proportion.infer, difference=proportion.difference, best=proportion.best),
    "mean": Computed(infer=mean.infer, difference=mean.difference),
    "auc": Computed(infer=auc.infer, difference=auc.difference, best=auc.best),
    "average_precision": Computed(infer=average_precision.infer, difference=average_precision.difference),
    "f1": Computed(infer=f1.infer, difference=f1.difference),
    "balanced_accuracy": Computed(infer=balanced_accuracy.infer, difference=balanced_accuracy.difference),
    "brier": Computed(infer=brier.infer, difference=brier.difference),
    "calibration": Computed(infer=calibration.infer, difference=calibration.difference),
    "value_rate": Computed(infer=value_rate.infer, difference=value_rate.difference),
    "gap": Computed(infer=groups.infer_gap, difference=group_pairs.difference_gap),
    "ratio": Computed(infer=groups.infer_ratio, difference=group_pairs.difference_ratio),
    "odds": Computed(infer=odds.infer, difference=odds.no_difference),
    "worst": Computed(infer=worst.infer, difference=worst.no_difference),
    "psi": Computed(infer=drift.infer_psi, difference=drift.no_difference),
    "js": Computed(infer=drift.infer_js, difference=drift.no_difference),
    "ks": Computed(infer=drift.infer_ks, difference=drift.no_difference),
    "judge_correction": Computed(infer=judge_correction.infer, difference=judge_correction.difference),
    "judge_mean": Computed(infer=mean.infer, difference=mean.difference),
    "exceedance": Computed(infer=exceedance.infer, difference=exceedance.difference),
    "canary": Computed(infer=sequential.infer_canary, difference=sequential.no_difference),
    "sequence": Computed(infer=sequential.infer_sequence, difference=sequential.no_difference),
    "exact": Computed(infer=exact.infer, difference=exact.difference),
    "point": Computed(infer=exact.infer_point, difference=exact.difference_point),
}


def statistic_of(sample: Sample) -> Statistic:
    """Return what is known of a sample's statistic; refuse a name that is none, and clusters it cannot take."""
    if sample.statistic not in STATISTICS:
        raise HarnessError(f"no statistic {sample.statistic!r}{did_you_mean(sample.statistic, STATISTICS)}")
    found = STATISTICS[sample.statistic]
    named = [] if sample.rows is None else [n for n in sample.rows.column_names if n.startswith(CLUSTER)]
    if named and not found.clusters:
        raise HarnessError(f"statistic {sample.statistic!r} cannot take clusters; found {', '.join(named)}; use 'mean'")
    return found


def best(sample: Sample, better: Better) -> Sample | None:
    """Return the sample as it would be if every observation were good; None where that is not known."""
    found = COMPUTED[sample.statistic].best
    return None if found is None else found(sample, better)


def infer(sample: Sample, baseline: Sample | None = None) -> Inference:
    """Return what a sample says; with a baseline, the difference candidate - baseline on rows paired by id."""
    statistic_of(sample)
    computed = COMPUTED[sample.statistic]
    if baseline is None:
        return computed.infer(sample)
    if baseline.statistic != sample.statistic:
        found = f"{sample.statistic!r} and {baseline.statistic!r}"
        raise HarnessError(f"a comparison needs one statistic on both sides; found {found}")
    return computed.difference(sample, baseline)


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


def p_pass(inference: Inference, threshold: float, better: Better) -> float:
    """Return the smallest alpha at which the bound on the bad side clears the threshold."""
    return p_fail(inference, threshold, "lower" if better == "higher" else "higher")


def p_fail(inference: Inference, threshold: float, better: Better) -> float:
    """Return the smallest alpha at which the bound on the good side misses the threshold."""
    if better == "higher":
        return inference.interval.p_at_least(threshold)
    return inference.interval.p_at_most(threshold)
