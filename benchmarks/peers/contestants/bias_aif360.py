"""Measures rates, differences and ratios with AIF360's ClassificationMetric, one pair of groups at a time."""

from pathlib import Path

import pandas as pd
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import ClassificationMetric

AGES = ["25-44", "45-64", "65 and over", "under 25"]
SEXES = ["f", "m"]


def run(folder: Path) -> int:
    """Return how many numbers there are: for each further group, both sides' rates, differences and ratios."""
    rows = pd.read_parquet(folder / "decisions.parquet")
    coded = rows.assign(sex=rows["sex"].map(SEXES.index), age=rows["age"].map(AGES.index)).astype(float)
    truth, decided = _dataset(coded, "label"), _dataset(coded, "decision")
    pairs = [({"sex": 1}, {"sex": 0}), *(({"age": 0}, {"age": age}) for age in (1, 2, 3))]
    both = [
        ({"sex": 1, "age": 0}, {"sex": sex, "age": age}) for sex in (0, 1) for age in range(4) if (sex, age) != (1, 0)
    ]
    return sum(_numbers(truth, decided, reference, group) for reference, group in (*pairs, *both))


def _dataset(coded: pd.DataFrame, column: str) -> BinaryLabelDataset:
    return BinaryLabelDataset(
        df=coded[["sex", "age", column]].rename(columns={column: "y"}),
        label_names=["y"],
        protected_attribute_names=["sex", "age"],
    )


def _numbers(truth: BinaryLabelDataset, decided: BinaryLabelDataset, reference: dict, group: dict) -> int:
    found = ClassificationMetric(truth, decided, unprivileged_groups=[group], privileged_groups=[reference])
    measured = [found.disparate_impact(), found.statistical_parity_difference()]
    for rate in (found.selection_rate, found.true_positive_rate, found.false_positive_rate, found.false_negative_rate):
        measured += [rate(privileged=True), rate(privileged=False)]
    measured += [found.precision(privileged=True), found.precision(privileged=False)]
    return len(measured)
