"""Numbers that describe a classifier and have no interval yet, weighted where the rows are."""

from typing import Literal

import numpy as np
import pyarrow as pa

from harness import HarnessError, Measurement, Sample
from harness_quality.columns import numbers, weights

BINS = 15


def point(
    metric: str, value: float, n: int, *, better: Literal["higher", "lower"] = "higher", unit: str = "rows"
) -> Measurement:
    """Return a number that is shown and not judged."""
    sample = Sample(statistic="point", counts={"value": value, "n": n})
    return Measurement(metric=metric, sample=sample, better=better, unit=unit)


def f1(caught: pa.Table, alerts: pa.Table, n: int) -> Measurement:
    """Return F1 = 2 TP / (positives + alerts); without any alert it is 0."""
    hits = weights(caught) @ numbers(caught, "y")
    return point("f1", float(2 * hits / (weights(caught).sum() + weights(alerts).sum())), n)


def value_recall(caught: pa.Table, amount: str, unit: str) -> Measurement:
    """Return the share of the positives' value that was caught; `score` holds each one's amount."""
    value = numbers(caught, "score")
    bad = int((~(np.isfinite(value) & (value >= 0))).sum())
    if bad:
        raise HarnessError(
            f"amount {amount!r}: {bad} of {value.size} {unit} have a missing, negative or infinite one; repair them"
        )
    worth = weights(caught) * value
    if not worth.sum() > 0:
        raise HarnessError(f"amount {amount!r} is 0 for all {value.size} {unit}, so no value can be caught")
    return point("value_recall", float(worth @ numbers(caught, "y") / worth.sum()), value.size, unit=unit)


def average_precision(rows: pa.Table) -> Measurement:
    """Return the mean precision over all recalls, as scikit-learn defines it."""
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - a second to import, not needed for decisions

    value = average_precision_score(numbers(rows, "y"), numbers(rows, "score"), sample_weight=weights(rows))
    return point("average_precision", float(value), rows.num_rows)


def are_probabilities(rows: pa.Table) -> bool:
    """Tell whether all scores lie in [0, 1], without which Brier score and calibration mean nothing."""
    score = numbers(rows, "score")
    return bool((score >= 0).all() and (score <= 1).all())


def brier(rows: pa.Table) -> Measurement:
    """Return the mean squared distance of score and label."""
    from sklearn.metrics import brier_score_loss  # noqa: PLC0415 - as above

    value = brier_score_loss(numbers(rows, "y"), numbers(rows, "score"), sample_weight=weights(rows))
    return point("brier", float(value), rows.num_rows, better="lower")


def calibration(rows: pa.Table) -> Measurement:
    """Return the expected calibration error (Guo et al. 2017) of the positive class in 15 bins of equal width."""
    score, weight = numbers(rows, "score"), weights(rows)
    bins = np.clip(np.ceil(score * BINS) - 1, 0, BINS - 1).astype(np.int64)
    gaps = np.bincount(bins, weight * (numbers(rows, "y") - score), minlength=BINS)
    return point("calibration", float(np.abs(gaps).sum() / weight.sum()), rows.num_rows, better="lower")
