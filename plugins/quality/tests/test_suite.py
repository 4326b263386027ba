"""`quality.classifier` through the command line, as a suite uses it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SUITE = """
name: fraud
data: {{scored: {{source: scores.parquet, id: id, label: y, time: at}}}}
target: {{kind: table, config: {{data: scored, {config}}}}}
steps:
  - check: quality.classifier
    with: {params}
    by: {by}
    require: {require}
"""
POINT = "score: score, operating_point: {threshold: 0.5}"
Command = Callable[..., Any]


def suite(project: Path, require: str, *, config: str = POINT, params: str = "{unit: frauds}", by: str = "[]") -> Path:
    path = project / "fraud.suite.yaml"
    path.write_text(SUITE.format(config=config, params=params, require=require, by=by))
    return path


def verdicts(project: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((project / "out" / "fraud" / "run.json").read_text())["verdicts"]
    return {verdict["metric"]: verdict for verdict in found}


@pytest.mark.usefixtures("scores")
def test_a_suite_judges_recall_precision_and_auc(project: Path, harness: Command) -> None:
    path = suite(project, "{recall: {at_least: 0.4}, precision: {at_least: 0.5}, roc_auc: {at_least: 0.7}}")

    done = harness("run", path, "--out", "out")

    assert (done.code, done.err) == (0, "")
    assert {"recall", "precision", "roc_auc"} == set(verdicts(project))
    assert (verdicts(project)["recall"]["unit"], verdicts(project)["recall"]["event"]) == ("frauds", "caught")


@pytest.mark.usefixtures("scores")
def test_every_metric_can_be_shown(project: Path, harness: Command) -> None:
    info = "{at_least: 0, severity: info}"
    metrics = ("f1", "value_recall", "average_precision", "brier", "calibration", "card_precision")
    require = "{recall: {at_least: 0.4}, " + ", ".join(f"{metric}: {info}" for metric in metrics) + "}"

    done = harness("run", suite(project, require, params="{amount: score, card: terminal, k: 5}"), "--out", "out")

    assert done.code == 0
    shown = {m for m in metrics if verdicts(project)[m]["reason"] == "shown, not judged: its interval is not known"}
    assert shown == {"card_precision"}
    assert {"error"}.isdisjoint(verdicts(project)[m]["outcome"] for m in metrics)


@pytest.mark.usefixtures("scores")
def test_slices_are_judged_one_by_one(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{recall: {at_least: 0.4}}", by="[channel]"))

    assert done.code == 0
    assert "channel=pos" in done.out.replace(" ", "")
    assert "channel=web" in done.out.replace(" ", "")


@pytest.mark.usefixtures("scores")
def test_recall_without_a_decision_is_an_error_that_says_what_was_measured(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{recall: {at_least: 0.4}}", config="score: score"), "--out", "out")

    assert done.code == 3
    why = verdicts(project)["recall"]["reason"]
    assert "no decision to measure 'recall' by; add `decision: COLUMN`, or `operating_point: {threshold: …}`" in why


@pytest.mark.usefixtures("scores")
def test_no_alerts_are_an_error_of_precision_and_a_fail_of_recall(project: Path, harness: Command) -> None:
    never = "score: score, operating_point: {threshold: 2}"

    done = harness(
        "run",
        suite(project, "{recall: {at_least: 0.4}, precision: {at_least: 0.4}}", config=never),
        "--out",
        "out",
    )

    assert done.code == 3
    assert verdicts(project)["recall"]["outcome"] == "fail"
    assert "found zero rows" in verdicts(project)["precision"]["reason"]


@pytest.mark.usefixtures("scores")
def test_a_typo_in_a_parameter_is_found_before_anything_is_measured(project: Path, harness: Command) -> None:
    done = harness("validate", suite(project, "{recall: {at_least: 0.4}}", params="{amuont: score}"))

    assert done.code == 4
    assert "has no parameter 'amuont'; did you mean 'amount'?" in done.err


@pytest.mark.usefixtures("scores")
def test_a_point_cannot_be_a_must(project: Path, harness: Command) -> None:
    done = harness("validate", suite(project, "{card_precision: {at_least: 0.1}}"))

    assert done.code == 4
    assert "'card_precision' has no known interval" in done.err
    assert "ask for what has one (recall, precision, roc_auc, " in done.err


def test_one_class_is_an_error_of_what_needs_both(project: Path, harness: Command) -> None:
    when = [1_767_225_600_000_000]
    rows = {"id": [1], "y": [1], "score": [0.5], "at": pa.array(when, pa.timestamp("us"))}
    pq.write_table(pa.table(rows), project / "scores.parquet")

    asked = "{recall: {at_least: 0.4, scope: these}, precision: {at_least: 0.4}}"
    done = harness("run", suite(project, asked), "--out", "out")

    assert done.code == 3
    assert "error" == verdicts(project)["precision"]["outcome"] != verdicts(project)["recall"]["outcome"]
    assert "no row has label 0 in 'y', so precision says nothing" in verdicts(project)["precision"]["reason"]


@pytest.mark.usefixtures("scores")
def test_other_labels_are_named_in_the_verdict(project: Path, harness: Command) -> None:
    path = suite(project, "{recall: {at_least: 0.4}}")
    path.write_text(path.read_text().replace("label: y", "label: channel"))

    done = harness("run", path, "--out", "out")

    assert done.code == 3
    assert "label 'channel' must hold 0 and 1; found 'pos', 'web'" in verdicts(project)["recall"]["reason"]
