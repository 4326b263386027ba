"""An average of numbers: judge scores, amounts, seconds."""

from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.bounded import infer_bounded_mean, infer_scattered_mean, infer_unbounded_mean
from harness.stats.columns import Numbers
from harness.stats.design_variance import has_shared_cluster, mean_part, spread
from harness.stats.effective import Limits
from harness.stats.inference import Inference
from harness.values.samples import Sample

SHARE = (0.0, 1.0)
FEWEST = 50  # independent values without limits, of which lognormal ones of sigma 2 err in 6 %; 20 of them do in 9 %
UNSEEN = "takes for granted that no rare value lies far beyond those seen; where values have limits, declare them"


def infer(sample: Sample) -> Inference:
    """Return the mean of `y` in its own unit; rows may be in clusters or weighted.

    Values within declared limits, or all within 0 and 1: Gaffke 2005, which counts one more row, or cluster, at the far
    limit; of clusters the nearer of that and of t that reckons with such a one (`OneUnseen`). Else the wider of t bent
    for skew (Hall 1992) and of such bounds with limits a little beyond what was seen: they know of no rare disaster far
    beyond, and say so.
    """
    rows = columns.table(sample)
    y = columns.numbers(rows, "y")
    limits = _limits(sample, y)
    if limits is None:
        return _infer_without_limits(y, rows, "mean", "t")
    if has_shared_cluster(columns.clusters(rows)):
        return infer_scattered_mean(y, rows, limits, method="Gaffke")
    return infer_bounded_mean(y, rows, limits)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's mean less the baseline's on the same ids, in their unit: the mean of their differences.

    Within limits as a mean of clusters within limits: one more pair counts, in which one side has the best and the
    other the worst.
    """
    left, right = columns.pair_rows(candidate, baseline)
    new, old = columns.numbers(left, "y"), columns.numbers(right, "y")
    limits, others = _limits(candidate, new), _limits(baseline, old)
    if not (limits and others):
        return _infer_without_limits(new - old, left, "difference", "paired t")
    reach = max(limits[1], others[1]) - min(limits[0], others[0])
    return infer_scattered_mean(new - old, left, (-reach, reach), method="paired Gaffke")


def _limits(sample: Sample, y: Numbers) -> Limits | None:
    """Return the limits that were declared, or 0 and 1 where all values lie within; refuse a value beyond them."""
    if len(y) < 2:
        raise HarnessError(f"a mean needs 2 rows or more to tell its spread; found {len(y)}; collect more")
    low, high = (sample.counts.get(name) for name in ("low", "high"))
    if low is None or high is None:
        return SHARE if y.min() >= 0 and y.max() <= 1 else None
    beyond = y[(y < low) | (y > high)]
    if beyond.size:
        raise HarnessError(
            f"values are said to lie within {low:g} and {high:g}; found {beyond[0]:g} and {beyond.size - 1} more "
            f"beyond; correct `limits`, or the values"
        )
    return float(low), float(high)


def _infer_without_limits(y: Numbers, rows: pa.Table, what: str, method: str) -> Inference:
    design = spread([mean_part(y, columns.weights(rows))[1]], columns.clusters(rows))
    if not design.variance > 0:
        raise HarnessError(
            f"the {what} is {y[0]:g} in all {len(y)} rows: their spread cannot be told; declare `limits`, or "
            "if these are all there is, use statistic 'exact'"
        )
    return replace(infer_unbounded_mean(y, rows, design, method=method), notes=(UNSEEN,), fewest=FEWEST)
