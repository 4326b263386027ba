"""Metrics of quality by group are scikit-learn's, and the worst of the groups has bounds that hold."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_bias import group_rates
from sklearn import metrics

from harness import HarnessError, Measurement, UsageError, samples
from harness.stats import estimate, infer
from harness.testing import measure

ROWS = 3_000
NAMES = ("specificity", "accuracy", "f1", "balanced_accuracy", "roc_auc", "average_precision", "brier", "log_loss")
LOWER = ("fpr", "fnr", "brier", "calibration", "log_loss")


def people() -> dict[str, Any]:
    chance = np.random.default_rng(3)
    group = np.array(["a", "b", "c"])[chance.integers(0, 3, ROWS)]
    label = (chance.random(ROWS) < 0.4).astype(int)
    noise = np.where(group == "c", 0.9, 0.6)
    score = np.clip((1 - noise) * label + noise * chance.random(ROWS), 0.01, 0.99)
    return {
        "id": np.arange(ROWS),
        "group": group,
        "label": label,
        "score": score,
        "decision": (score > 0.5).astype(int),
    }


def by_group(function: Any, rows: Mapping[str, Any], **more: Any) -> dict[str, float]:
    """The metric of each group, as Fairlearn's MetricFrame cuts them."""
    return {
        group: function(rows["label"][rows["group"] == group], more["of"][rows["group"] == group])
        for group in ("a", "b", "c")
    }


def expected(rows: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    decided, scored = {"of": rows["decision"]}, {"of": rows["score"]}
    return {
        "specificity": by_group(lambda y, p: metrics.recall_score(1 - y, 1 - p), rows, **decided),
        "accuracy": by_group(metrics.accuracy_score, rows, **decided),
        "f1": by_group(metrics.f1_score, rows, **decided),
        "balanced_accuracy": by_group(metrics.balanced_accuracy_score, rows, **decided),
        "roc_auc": by_group(metrics.roc_auc_score, rows, **scored),
        "average_precision": by_group(metrics.average_precision_score, rows, **scored),
        "brier": by_group(metrics.brier_score_loss, rows, **scored),
        "log_loss": by_group(metrics.log_loss, rows, **scored),
        "tpr": by_group(metrics.recall_score, rows, **decided),
        "selection_rate": by_group(lambda y, p: p.mean(), rows, **decided),
    }


def found(**params: Any) -> dict[tuple[str, str], Measurement]:
    return {
        (each.metric, "/".join(each.labels.values())): each
        for each in measure(group_rates, people(), groups=["group"], reference="a", **params)
    }


def test_metrics_by_group_and_their_worst_are_scikit_learns() -> None:
    seen = found(rates=["tpr", "selection_rate", *NAMES], worst=True)

    for metric, groups in expected(people()).items():
        own = {group: estimate(seen[metric, group].sample).value for group in groups}
        worst = seen[f"{metric}_worst", "group"]
        assert groups == pytest.approx(own), metric
        assert (max if metric in LOWER else min)(groups.values()) == pytest.approx(estimate(worst.sample).value), metric
        assert worst.better == seen[metric, "a"].better


def test_the_worst_has_the_worst_bound_of_a_group_and_on_the_good_side_one_of_many_tries() -> None:
    seen = found(rates=["accuracy", "brier"], worst=True)

    accuracy = [infer(seen["accuracy", group].sample) for group in "abc"]
    assert infer(seen["accuracy_worst", "group"].sample).bounds(0.05) == pytest.approx(
        (min(each.bounds(0.05)[0] for each in accuracy), min(each.bounds(0.05 / 3)[1] for each in accuracy))
    )
    brier = [infer(seen["brier", group].sample) for group in "abc"]
    assert infer(seen["brier_worst", "group"].sample).bounds(0.05) == pytest.approx(
        (max(each.bounds(0.05 / 3)[0] for each in brier), max(each.bounds(0.05)[1] for each in brier))
    )


def test_bounds_of_the_worst_err_no_more_often_than_they_say() -> None:
    chance, group = np.random.default_rng(2), np.repeat(["a", "b", "c", "d", "e", "f"], 60)
    shares, draws = np.repeat([0.8, 0.8, 0.8, 0.8, 0.8, 0.8], 60), 300

    bounds = []
    for _ in range(draws):
        y = (chance.random(len(group)) < shares) * 1.0
        bounds.append(infer(samples.rows.worst(pa.table({"y": y, "score": y, "group": group}))).bounds(0.05))

    assert sum(lower > 0.8 for lower, _ in bounds) <= 0.08 * draws
    assert sum(upper < 0.8 for _, upper in bounds) <= 0.08 * draws


def test_the_worst_of_intersections_is_of_those() -> None:
    rows = {**people(), "sex": np.array(["f", "m"])[np.arange(ROWS) % 2]}

    seen = measure(
        group_rates,
        rows,
        groups=["group", "sex"],
        reference={"group": "a", "sex": "m"},
        intersections=True,
        rates=["accuracy"],
        worst=True,
    )

    worst = {each.labels["groups"]: each.evidence["groups"] for each in seen if each.metric == "accuracy_worst"}
    assert {"group": 3, "sex": 2, "group and sex": 6} == {name: len(words.split(", ")) for name, words in worst.items()}


def test_a_group_that_shows_nothing_may_be_the_worst() -> None:
    rows = people()
    rows["label"][rows["group"] == "b"] = 0

    (worst,) = (
        each
        for each in measure(group_rates, rows, groups=["group"], reference="a", rates=["roc_auc"], worst=True)
        if each.metric == "roc_auc_worst"
    )

    with pytest.raises(HarnessError, match=r"group '\d+': .*; merge it with a like group, or leave it out"):
        infer(worst.sample)


def test_a_metric_whose_role_is_missing_says_which() -> None:
    rows = {name: values for name, values in people().items() if name != "score"}

    with pytest.raises(UsageError, match="add `score: COLUMN`"):
        measure(group_rates, rows, groups=["group"], reference="a", rates=["roc_auc"])


@pytest.mark.parametrize(
    ("values", "reference"),
    [
        (pa.array([True, False] * 20), True),
        (pa.array([25, 40] * 20), 25),
        (pa.array([25.0, 40.5] * 20), 25),
        (pa.array([25.0, 40.5] * 20), 40.5),
        (pa.array([date(2026, 1, 1), date(2026, 1, 2)] * 20), date(2026, 1, 2)),
        (pa.array([datetime(2026, 1, 1), datetime(2026, 1, 2)] * 20), datetime(2026, 1, 2)),
        (pa.array(["25", "40"] * 20), "25"),
    ],
)
def test_a_reference_is_a_value_of_any_type(values: pa.Array, reference: object) -> None:
    rows = pa.table({"group": values, "decision": [0, 1, 1, 0] * 10})

    seen = measure(group_rates, rows, groups=["group"], reference=reference)
    named = measure(group_rates, rows, groups=["group"], reference={"group": reference})

    assert 4 == len(seen) == len(named)  # two rates, a ratio and a gap
    assert [each.labels for each in seen] == [each.labels for each in named]


def test_a_reference_that_is_no_group_is_refused() -> None:
    with pytest.raises(UsageError, match=r"column 'group' has no group '3'; it has a, b, c"):
        measure(group_rates, people(), groups=["group"], reference=3)


SUITE = """
name: people
data: {people: {source: people.parquet, id: id, label: label}}
target: {kind: table, config: {data: people, score: score, decision: decision}}
steps:
  - check: bias.group_rates
    with: {groups: [group], reference: a, rates: [accuracy, roc_auc, fpr], worst: true}
    require:
      accuracy_worst: {at_least: 0.5}
      roc_auc_worst: {at_least: 0.6}
      fpr_worst: {at_most: 0.1}
"""


def test_the_worst_is_judged_from_rows_that_may_be_stored(project: Path, harness: Callable[..., Any]) -> None:
    (project / "people.suite.yaml").write_text(SUITE)
    pq.write_table(pa.table(people()), project / "people.parquet")

    done = harness("run", "people.suite.yaml", "--out", "out")

    found = json.loads((project / "out" / "people" / "run.json").read_text())["verdicts"]
    outcomes = {each["metric"]: each["outcome"] for each in found}
    assert {"accuracy_worst": "pass", "roc_auc_worst": "pass", "fpr_worst": "fail"} == outcomes, done.out
