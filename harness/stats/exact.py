"""Values without an interval: a whole population, or a number nobody knows the spread of."""

import math

from harness.errors import HarnessError
from harness.stats.inference import Inference
from harness.stats.intervals import Exactly, Unknown
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return counts {value, n} of a whole population: both bounds are the value."""
    return whole(_value(sample), _size(sample))


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the difference of two whole populations."""
    return whole(_value(candidate) - _value(baseline), _size(candidate))


def whole(value: float, n: int, *, hits: int | None = None) -> Inference:
    """Return a value that is certain of what it is about."""
    return Inference(value=value, n=n, n_eff=n, method="exact", interval=Exactly(value=value), hits=hits)


def infer_point(sample: Sample) -> Inference:
    """Return counts {value, n} with no known interval: bounds are infinite, nothing passes or fails on it."""
    return _point(_value(sample), _size(sample))


def difference_point(candidate: Sample, baseline: Sample) -> Inference:
    """Return the difference of two points."""
    return _point(_value(candidate) - _value(baseline), _size(candidate))


def _point(value: float, n: int) -> Inference:
    return Inference(value=value, n=n, n_eff=n, method="point", interval=Unknown())


def _value(sample: Sample) -> float:
    value = sample.counts.get("value", math.nan)
    if not math.isfinite(value):
        found = dict(sample.counts) or "no counts"
        raise HarnessError(f"statistic {sample.statistic!r} takes counts with a finite value; found {found}")
    return float(value)


def _size(sample: Sample) -> int:
    n = sample.counts.get("n", 1)
    if not (math.isfinite(n) and n > 0):
        raise HarnessError(f"statistic {sample.statistic!r} takes an n above 0; found {n:g}; there is nothing to judge")
    return int(n)
