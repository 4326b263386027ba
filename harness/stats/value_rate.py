"""A share of value: how much of the money, the time or the load was caught."""

from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns, proportion
from harness.stats.binomial import Binomial
from harness.stats.inference import Inference
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return the share of value with `y` = 1, of rows with `y` 0 or 1 and `score` what each is worth, in its own unit.

    A proportion weighted by value: Korn-Graubard 1998, on at most the rows of equal worth it equals (Kish 1965):
    where a few heavy rows happen to be caught, their variance would look small just when the share looks high.
    """
    seen = proportion.infer(_weigh_by_value(sample))
    if not isinstance(seen.interval, Binomial):
        return replace(seen, hits=None)
    n_eff = min(seen.n_eff, seen.interval.least)
    interval = replace(seen.interval, k=seen.value * n_eff, n=n_eff)
    return replace(seen, hits=None, n_eff=n_eff, interval=interval)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the share of value less the baseline's on the same ids and values: Bonett-Price 2012, by value."""
    left, right = columns.pair_rows(candidate, baseline)
    columns.refuse_other("score", columns.numbers(left, "score"), columns.numbers(right, "score"))
    return proportion.difference(_weigh_by_value(candidate), _weigh_by_value(baseline))


def _weigh_by_value(sample: Sample) -> Sample:
    rows = columns.table(sample)
    value = columns.numbers(rows, "score")
    if value.min() < 0 or not value.sum() > 0:
        raise HarnessError(f"values in 'score' must be 0 or more and not all 0; the least is {value.min():g}; fix them")
    worth = pa.array(columns.weights(rows) * value)
    kept = rows.drop_columns([name for name in ("weight", "score") if name in rows.column_names])
    return replace(sample, rows=kept.append_column("weight", worth))
