"""Build the sample that a statistic is computed from: of counts here, of rows by `samples.rows`.

Counts are numbers of observations, whole and 0 or more. What cannot be, as more hits than observations, is refused
where the statistic is computed: it is the error of one verdict, and others are judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.samples import rows
from harness.values.samples import Sample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "canary",
    "exact",
    "exceedance",
    "gap",
    "js",
    "judge_correction",
    "ks",
    "odds",
    "point",
    "proportion",
    "psi",
    "ratio",
    "rows",
    "sequence",
    "unmeasured",
]

Binned = Mapping[str, float] | Iterable[float]
Counted = float | Sequence[float]


def proportion(*, k: float, n: float) -> Sample:
    """Return `k` hits of `n` observations."""
    return _of_counts("proportion", {"k": k, "n": n})


def gap(*, k: float, n: float, k_ref: float, n_ref: float) -> Sample:
    """Return `k` hits of a group's `n`, for its rate less that of a reference group, `k_ref` of `n_ref`."""
    return _of_counts("gap", {"k": k, "n": n, "k_ref": k_ref, "n_ref": n_ref})


def ratio(*, k: float, n: float, k_ref: float, n_ref: float) -> Sample:
    """Return `k` hits of a group's `n`, for its rate over that of a reference group, `k_ref` of `n_ref`."""
    return _of_counts("ratio", {"k": k, "n": n, "k_ref": k_ref, "n_ref": n_ref})


def odds(*, tpr: Sample, fpr: Sample) -> Sample:
    """Return the gaps of a group's true and of its false positive rate, for the larger of both; build them by `gap`."""
    rates = {"tpr": tpr, "fpr": fpr}
    for name, rate in rates.items():
        if rate.statistic != "gap" or rate.rows is not None:
            raise HarnessError(f"samples.odds takes {name}=samples.gap(k=, n=, k_ref=, n_ref=); found {rate}")
    return _of_counts(
        "odds", {f"{name}.{of}": count for name, rate in rates.items() for of, count in rate.counts.items()}
    )


def psi(*, reference: Binned, current: Binned, within: float = 0.0) -> Sample:
    """Return the rows in each bin of both sides, for the population stability index.

    Bins stand in one order on both sides, or go by names. The index may be off by `within`, as where bins were merged.
    """
    return _of_bins("psi", reference, current, within)


def js(*, reference: Binned, current: Binned, within: float = 0.0) -> Sample:
    """Return the rows in each bin of both sides, as for `psi`, for the Jensen-Shannon distance."""
    return _of_bins("js", reference, current, within)


def ks(*, reference: Sequence[float], current: Sequence[float], within: float = 0.0) -> Sample:
    """Return the rows in each bin of both sides, in the order of the values, for the Kolmogorov-Smirnov distance."""
    return _of_bins("ks", reference, current, within)


def judge_correction(*, k: float, n: float, tp: float, positives: float, tn: float, negatives: float) -> Sample:
    """Return `k` of `n` passed by a judge who elsewhere passed `tp` of the good and failed `tn` of the bad."""
    counts = {"k": k, "n": n, "tp": tp, "positives": positives, "tn": tn, "negatives": negatives}
    return _of_counts("judge_correction", counts)


def exceedance(*, k: Sequence[float], n: Sequence[float], near: Sequence[float]) -> Sample:
    """Return, for each block of time, `n` requests, `k` beyond the limit, and those `near` it: beyond a lower limit."""
    return _of_counts("exceedance", _numbered("exceedance", "blocks", {"k": k, "n": n, "near": near}))


def canary(*, k: Counted, n: Counted, k_ref: Counted, n_ref: Counted, plan: float | None = None) -> Sample:
    """Return `k` hits of a canary's `n` and `k_ref` of its control's `n_ref`; bounds are tightest at `plan` each.

    Each a count of all so far, or one count for each stretch of time, as from look to look: where the split changes
    (a ramp from 1 to 50 %), rates that change meanwhile would else pass for a difference.
    """
    counts: dict[str, Counted] = {"k": k, "n": n, "k_ref": k_ref, "n_ref": n_ref}
    whole = {name: count for name, count in counts.items() if not isinstance(count, Iterable)}
    if 0 < len(whole) < len(counts):
        raise HarnessError("statistic 'canary' takes all counts by stretch of time, or none; found some of each")
    apart = {name: count for name, count in counts.items() if isinstance(count, Iterable)}
    return _of_counts("canary", {**whole, **_numbered("canary", "stretches", apart), **_planned(plan)})


def sequence(*, k: float, n: float, plan: float | None = None) -> Sample:
    """Return `k` hits of the `n` observations so far, watched as they come; bounds are tightest at `plan`."""
    return _of_counts("sequence", {"k": k, "n": n, **_planned(plan)})


def exact(*, value: float, n: float = 1, examples: "pa.Table | None" = None) -> Sample:
    """Return a value of all `n` there are, which is certain; `examples` are rows to look at."""
    return Sample(statistic="exact", counts={"value": float(value), "n": float(n)}, rows=examples)


def point(*, value: float, n: float = 1) -> Sample:
    """Return a value of `n` observations whose interval nobody knows: it is shown, not judged."""
    return _of_counts("point", {"value": value, "n": n})


def unmeasured(statistic: str) -> Sample:
    """Return a sample of nothing, for a measurement whose `failure` says why it could not be made."""
    return Sample(statistic=statistic)


def _of_counts(statistic: str, counts: Mapping[str, float]) -> Sample:
    return Sample(statistic=statistic, counts={name: float(count) for name, count in counts.items()})


def _planned(plan: float | None) -> Mapping[str, float]:
    return {} if plan is None else {"plan": plan}


def _of_bins(statistic: str, reference: Binned, current: Binned, within: float) -> Sample:
    if isinstance(reference, Mapping) and isinstance(current, Mapping):
        sides = {"reference": reference, "current": current}
        counts = {f"{side}.{name}": count for side, bins in sides.items() for name, count in bins.items()}
    elif isinstance(reference, Mapping) or isinstance(current, Mapping):
        raise HarnessError(f"statistic {statistic!r} takes bins by name on both sides or on none; found one of each")
    else:
        counts = _numbered(statistic, "bins", {"reference": list(reference), "current": list(current)})
    return _of_counts(statistic, {**counts, "within": within} if within else counts)


def _numbered(statistic: str, what: str, columns: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return counts that stand in one order by their place in it."""
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{size} of {name}" for name, size in sizes.items())
        raise HarnessError(f"statistic {statistic!r} takes counts of the same {what}; found {found}")
    return {f"{name}.{place}": count for name, column in columns.items() for place, count in enumerate(column)}
