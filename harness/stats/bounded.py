"""The mean of values of rows, of clusters, weighted: within limits, and where none are known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import pyarrow as pa

from harness.stats import columns
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import DesignVariance, mean_part, spread
from harness.stats.effective import ANY, Limits, bent_t, student
from harness.stats.gaffke import Gaffke, Largest, gather_units, stretch_limits
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.one_unseen import OneUnseen
from harness.stats.searched import Nearer, Wider
from harness.stats.student import Student

AS_SEEN = Largest()
FURTHER = 6.0  # how much further out than seen the next unit may be, for each unit of skew
TWICE = 2.0  # as far out as that, for t to reckon with: once errs in 9 % of 30 skewed clusters


def infer_bounded_mean(
    values: Numbers, rows: pa.Table, limits: Limits, *, largest: Largest = AS_SEEN, method: str = "Gaffke"
) -> Inference:
    """Return the weighted mean of values within limits, by the bounds of Gaffke 2005.

    Rows in clusters: of clusters, each as heavy as its rows. Clustered in several ways: the widest of each and of t on
    the variance of all at once (Cameron, Gelbach, Miller 2011).
    """
    weight, codes = columns.weights(rows), columns.clusters(rows)
    value, part = mean_part(values, weight)
    design = spread([part], codes)
    parts: list[Interval] = [*_gather(values, weight, codes, limits, largest)]
    if len(parts) > 1 and design.variance > 0:
        parts.append(student(value, len(values), design, method=method).interval)
    return Inference(
        value=value,
        n=len(values),
        n_eff=_worth(len(values), design),
        method=method,
        interval=reduce(_wider, parts),
        clusters=design.clusters,
    )


def infer_scattered_mean(
    values: Numbers, rows: pa.Table, limits: Limits, *, largest: Largest = AS_SEEN, method: str
) -> Inference:
    """Return the weighted mean of values within limits of clusters, or of pairs: mostly small, seldom at a limit.

    The nearer of Gaffke's bounds, which hold where few lie far out, and of t bent for skew that reckons with one more
    at either limit, as heavy as the largest may be: narrower by far where many scatter and none lies far out.
    """
    weight = columns.weights(rows)
    value, part = mean_part(values, weight)
    design = spread([part], columns.clusters(rows))
    unseen = max(largest.declared / float(weight.sum()), largest.room * design.largest)
    units = float(design.clusters or len(values))
    reckoned = {"unseen": unseen, "units": units, "slope": largest.slope}
    bent = student(value, len(values), design, method=method, limits=limits, **reckoned)
    seen = infer_bounded_mean(values, rows, limits, largest=largest, method=method)
    return replace(seen, interval=Nearer(one=seen.interval, other=bent.interval))


def infer_unbounded_mean(values: Numbers, rows: pa.Table, design: DesignVariance, *, method: str) -> Inference:
    """Return the weighted mean of values whose limits nobody knows; their design variance must be above 0.

    The wider of t bent for skew and of Gaffke's bounds where the next unit may lie beyond the furthest seen: the more
    so, the more a few of them decide the mean. Or t that reckons with a unit twice as far out as that, if it is nearer.
    """
    weight, codes = columns.weights(rows), columns.clusters(rows)
    value, _ = mean_part(values, weight)
    bent, seen = student(value, len(values), design, method=method), bent_t(value, design)
    units = [
        stretch_limits(each, 1 + FURTHER * abs(design.skew)) for each in _gather(values, weight, codes, ANY, AS_SEEN)
    ]
    further = Nearer(one=reduce(_wider, units, bent.interval), other=_reckon_with_one_beyond(seen, units))
    return replace(bent, interval=further)


def _reckon_with_one_beyond(seen: Student, units: Sequence[Gaffke]) -> OneUnseen:
    """Return the bounds by t that reckon with a unit beyond the stretched limits."""
    below, above = (
        TWICE * max(abs(seen.center - end) / each.times.sum() for each, end in zip(units, ends, strict=True))
        for ends in ([each.low for each in units], [each.high for each in units])
    )
    count = float(min(each.times.sum() for each in units))
    return OneUnseen(seen=seen, below=below, above=above, share=1 / count, units=count)


def _gather(
    values: Numbers, weight: Numbers, codes: Mapping[str, Codes], limits: Limits, largest: Largest
) -> Sequence[Gaffke]:
    """Return the bounds by each clustering, or by rows where there is none."""
    ways: list[Codes | None] = [*codes.values()] or [None]
    return [gather_units(values, weight, way, limits, largest) for way in ways]


def _wider(one: Interval, other: Interval) -> Interval:
    return Wider(one=one, other=other)


def _worth(n: int, design: DesignVariance) -> float:
    """Return how many independent rows these are worth; where none differ, as many as there are groups."""
    return n * design.independent / design.variance if design.variance > 0 else design.groups
