"""How far probabilities lie from what happened, squared."""

from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns, mean
from harness.stats.inference import Inference
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return the mean of (score - y)^2 of rows with `y` 0 or 1 and `score` a probability (Brier 1950), 0 to 1.

    A mean within 0 and 1: Gaffke 2005, weighted too; in clusters as `mean`.
    """
    return mean.infer(_square_errors(sample))


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's Brier score less the baseline's on the same ids and labels."""
    left, right = columns.pair_rows(candidate, baseline)
    columns.refuse_other("y", columns.outcomes(left), columns.outcomes(right))
    return mean.difference(_square_errors(candidate), _square_errors(baseline))


def _square_errors(sample: Sample) -> Sample:
    rows = columns.table(sample)
    miss = pa.array((probabilities(rows) - columns.outcomes(rows)) ** 2)
    return replace(sample, rows=rows.drop_columns(["y", "score"]).append_column("y", miss))


def probabilities(rows: pa.Table, name: str = "score") -> columns.Numbers:
    """Return a column of probabilities; refuse what is none."""
    score = columns.numbers(rows, name)
    outside = score[(score < 0) | (score > 1)]
    if outside.size:
        raise HarnessError(
            f"probabilities in {name!r} lie between 0 and 1; found {outside[0]:g} and {outside.size - 1} more; rescale"
        )
    return score
