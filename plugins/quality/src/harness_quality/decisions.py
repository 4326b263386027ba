"""What decisions are worth on both classes: accuracy, balanced accuracy, specificity, and counts of each kind."""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import pyarrow as pa

from harness import Measurement, samples
from harness_quality.columns import numbers, weights

KINDS: Mapping[str, tuple[int, int, Literal["higher", "lower"]]] = {
    "true_positives": (1, 1, "higher"),
    "false_positives": (0, 1, "lower"),
    "true_negatives": (0, 0, "higher"),
    "false_negatives": (1, 0, "lower"),
}


def measure_decided(decided: pa.Table) -> Iterator[Measurement]:
    """Yield what rows with `y`, the label, and `score`, the decision, show; weights are counted where there are any."""
    label, decision = numbers(decided, "y"), numbers(decided, "score")
    right = decided.drop_columns(["y", "score"]).append_column("y", pa.array((label == decision) * 1.0))
    yield Measurement(metric="accuracy", sample=samples.rows.proportion(right), event="right")
    negatives = right.filter(pa.array(label == 0))
    yield Measurement(metric="specificity", sample=samples.rows.proportion(negatives), unit="negatives", event="left")
    yield Measurement(metric="balanced_accuracy", sample=samples.rows.balanced_accuracy(decided))
    weight = weights(decided)
    for metric, (own, as_, better) in KINDS.items():
        count = float(weight[np.logical_and(label == own, decision == as_)].sum())
        yield Measurement(metric=metric, sample=samples.exact(value=count, n=decided.num_rows), better=better)
