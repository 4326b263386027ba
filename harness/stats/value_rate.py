"""A share of value: how much of the money, the time or the load was caught."""

from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.bounded import infer_scattered_mean
from harness.stats.columns import Numbers
from harness.stats.effective import Limits
from harness.stats.gaffke import Largest
from harness.stats.inference import Inference
from harness.stats.tails import Tail, measure_tail, rows_that_show_variance
from harness.values.samples import Sample

MORE = 4  # times the rows, until the slope of their tail is known about a third better
UNSEEN = "takes for granted that no row is worth more than {:.2f} times the most valuable one seen"


def infer(sample: Sample) -> Inference:
    """Return the share of value with `y` = 1, of rows with `y` 0 or 1 and `score` what each is worth, in its own unit.

    A mean of y weighted by value, where one more row counts that was missed, or caught: worth the most that is
    declared, or as much more than any seen as the slope of the most valuable ones makes likely. The nearer of the
    bounds of Gaffke 2005 and of t that reckons with such a row (`OneUnseen`). Where nothing is declared it decides no
    must until the most valuable rows show that their tail has a variance.
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
    seen = infer_scattered_mean(values, rows, limits, largest=largest, method="Gaffke by value")
    if largest.tail is None:
        return seen
    fewest = _fewest_rows(largest.tail, seen.n) * seen.n_eff / seen.n
    return replace(seen, notes=(UNSEEN.format(largest.room),), fewest=fewest)


def _fewest_rows(tail: Tail, rows: int) -> float:
    """Return how many rows, at least, may show that the tail has a variance; 0 where these do, none if none would."""
    return 0.0 if tail.shows_variance else max(MORE * rows, rows_that_show_variance(tail.least))


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
    worth = weight * value
    largest = Largest(tail=measure_tail(worth)) if high is None else Largest(declared=float(weight.max() * high))
    return kept.append_column("weight", pa.array(worth)), largest
