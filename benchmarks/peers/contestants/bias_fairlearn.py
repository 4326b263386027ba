"""Measures five rates by two sensitive features with Fairlearn's MetricFrame, as its user guide shows."""

from pathlib import Path

import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import precision_score

METRICS = {
    "selection_rate": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "fnr": false_negative_rate,
    "precision": precision_score,
}


def run(folder: Path) -> int:
    """Return how many numbers there are: each group's rates, and the largest differences and ratios."""
    return _numbers(_frame(folder))


def resampled(folder: Path) -> int:
    """Return how many numbers there are with bounds from five bootstrap resamples, far fewer than bounds need."""
    found = _frame(folder, n_boot=5, ci_quantiles=[0.025, 0.975], random_state=1)
    return _numbers(found) + sum(each.size for each in found.by_group_ci)


def _frame(folder: Path, **settings: object) -> MetricFrame:
    rows = pd.read_parquet(folder / "decisions.parquet")
    features = rows[["sex", "age"]]
    return MetricFrame(
        metrics=METRICS, y_true=rows["label"], y_pred=rows["decision"], sensitive_features=features, **settings
    )


def _numbers(found: MetricFrame) -> int:
    return int(found.by_group.size + found.difference().size + found.ratio().size)
