"""A share of value: how much of the money, the time or the load was caught."""

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.bounded import Limits, bounded_mean
from harness.stats.columns import Numbers
from harness.stats.gaffke import Largest
from harness.stats.inference import Inference
from harness.values.samples import Sample

ROOM = 1.5  # how many times as much as the most valuable row seen one may be worth, where nobody says


def infer(sample: Sample) -> Inference:
    """Return the share of value with `y` = 1, of rows with `y` 0 or 1 and `score` what each is worth, in its own unit.

    A mean of y weighted by value (Gaffke 2005), where one more row counts that was missed, or caught: worth the most
    that is declared, or half as much again as the most valuable one seen.
    """
    rows, largest = _weigh_by_value(sample)
    return _share_of_value(columns.outcomes(rows), rows, (0.0, 1.0), largest)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the share of value less the baseline's on the same ids and values: a mean of differences, by value."""
    left, right = columns.pair_rows(candidate, baseline)
    columns.refuse_other("score", columns.numbers(left, "score"), columns.numbers(right, "score"))
    rows, largest = _weigh_by_value(candidate)
    return _share_of_value(columns.outcomes(left) - columns.outcomes(right), rows, (-1.0, 1.0), largest)


def _share_of_value(values: Numbers, rows: pa.Table, limits: Limits, largest: Largest) -> Inference:
    return bounded_mean(values, rows, limits, largest=largest, method="Gaffke by value")


def _weigh_by_value(sample: Sample) -> tuple[pa.Table, Largest]:
    """Return the rows weighted by value, and how much one of them may weigh."""
    rows = columns.table(sample)
    value, weight = columns.numbers(rows, "score"), columns.weights(rows)
    if value.min() < 0 or not value.sum() > 0:
        raise HarnessError(f"values in 'score' must be 0 or more and not all 0; the least is {value.min():g}; fix them")
    high = sample.counts.get("high")
    if high is not None and value.max() > high:
        raise HarnessError(f"no row is said to be worth more than {high:g}; found {value.max():g}; correct one of them")
    kept = rows.drop_columns([name for name in ("weight", "score") if name in rows.column_names])
    largest = Largest(room=ROOM) if high is None else Largest(declared=float(weight.max() * high))
    return kept.append_column("weight", pa.array(weight * value)), largest
