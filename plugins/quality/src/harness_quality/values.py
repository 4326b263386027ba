"""Measures amounts and scores, and refuses those that a metric cannot mean anything on."""

import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from harness import HarnessError, Measurement, samples
from harness_quality.columns import numbers, weights


class Amounts(NamedTuple):
    """The column that says what each row is worth, and the most that one can be, if that is known."""

    column: str
    most: float | None = None


def value_recall(caught: pa.Table, amounts: Amounts, unit: str) -> Measurement:
    """Return the share of the positives' value that was caught; `score` holds each one's amount."""
    value, amount = numbers(caught, "score"), amounts.column
    bad = int((~(np.isfinite(value) & (value >= 0))).sum())
    if bad:
        raise HarnessError(
            f"amount {amount!r}: {bad} of {value.size} {unit} have a missing, negative or infinite one; repair them"
        )
    if not (weights(caught) @ value) > 0:
        raise HarnessError(f"amount {amount!r} is 0 for all {value.size} {unit}, so no value can be caught")
    return Measurement(metric="value_recall", sample=samples.rows.value_rate(caught, most=amounts.most), unit=unit)


def are_probabilities(rows: pa.Table) -> bool:
    """Tell whether all scores lie in [0, 1], without which Brier score and calibration mean nothing."""
    score = numbers(rows, "score")
    return bool((score >= 0).all() and (score <= 1).all())


def log_loss(rows: pa.Table, clip: float | None) -> Measurement:
    """Return the mean of -log of the probability that a row's label was given.

    With `clip`, no probability is nearer to 0 or 1 than that: a row then loses at most -log(clip), which bounds the
    mean. Without it a row has no most, and one that was held impossible loses infinitely much: an error.
    """
    y, score = numbers(rows, "y"), numbers(rows, "score")
    given = np.where(y == 1, score, 1 - score)
    bad = int((given <= 0).sum())
    if bad and clip is None:
        failure = f"{bad} rows have the label that their score holds impossible, so the log loss is infinite"
        sample = samples.unmeasured("mean")
        return Measurement(metric="log_loss", better="lower", sample=sample, failure=f"{failure}; give `clip: 0.001`")
    lost = -np.log(given if clip is None else np.clip(given, clip, 1 - clip))
    own = rows.drop_columns(["y", "score"]).append_column("y", pa.array(lost))
    limits = None if clip is None else (-math.log(1 - clip), -math.log(clip))
    return Measurement(metric="log_loss", better="lower", sample=samples.rows.mean(own, limits=limits))
