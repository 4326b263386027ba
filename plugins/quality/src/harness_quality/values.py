"""Refuses amounts and scores that a metric cannot mean anything on."""

import numpy as np
import pyarrow as pa

from harness import HarnessError, Measurement, samples
from harness_quality.columns import numbers, weights


def value_recall(caught: pa.Table, amount: str, unit: str) -> Measurement:
    """Return the share of the positives' value that was caught; `score` holds each one's amount."""
    value = numbers(caught, "score")
    bad = int((~(np.isfinite(value) & (value >= 0))).sum())
    if bad:
        raise HarnessError(
            f"amount {amount!r}: {bad} of {value.size} {unit} have a missing, negative or infinite one; repair them"
        )
    if not (weights(caught) @ value) > 0:
        raise HarnessError(f"amount {amount!r} is 0 for all {value.size} {unit}, so no value can be caught")
    return Measurement(metric="value_recall", sample=samples.rows.value_rate(caught), unit=unit)


def are_probabilities(rows: pa.Table) -> bool:
    """Tell whether all scores lie in [0, 1], without which Brier score and calibration mean nothing."""
    score = numbers(rows, "score")
    return bool((score >= 0).all() and (score <= 1).all())
