"""The main job as a user runs it, and with planted faults: the gate does not pass, for the right reason."""

from collections.abc import Callable
from typing import Any

import pytest

Outcomes = dict[str, set[str]]


def outcomes(record: dict[str, Any]) -> Outcomes:
    """Return, by metric, the outcomes of the musts."""
    found: Outcomes = {}
    for verdict in record["verdicts"]:
        if verdict["requirement"]["severity"] == "must":
            found.setdefault(verdict["metric"], set()).add(verdict["outcome"])
    return found


def missed(record: dict[str, Any]) -> set[str]:
    """Return the metrics, with their labels, that fail."""
    failed = [verdict for verdict in record["verdicts"] if verdict["outcome"] == "fail"]
    return {" ".join([verdict["metric"], *verdict["labels"].values()]) for verdict in failed}


@pytest.mark.heavy
def test_the_challenger_may_take_over(demo: Callable[..., Any]) -> None:
    done = demo()

    assert done.code == 0, done.printed
    assert {"violations", "recall", "precision", "roc_auc"} == set(outcomes(done.records["card-fraud"]))
    assert {"psi", "missing", "new_categories", "fpr_ratio"} == set(outcomes(done.records["card-fraud-data"]))
    assert "PASS  models:/fraud/2 may pass demo" in done.printed
    assert "PROMOTED  models:/fraud/2" in done.printed
    assert "VERIFIED  fraud-data/promotions/demo-promotion-" in done.printed
    assert done.report


@pytest.mark.heavy
def test_a_schema_break_is_told_by_column_and_rule(demo: Callable[..., Any]) -> None:
    done = demo("schema")

    assert done.code == 3, done.printed
    broken = {
        (verdict["labels"]["column"], verdict["labels"]["rule"])
        for verdict in done.records["card-fraud"]["verdicts"]
        if verdict["metric"] == "violations" and verdict["outcome"] != "pass"
    }
    assert {("customer_id", "type"), ("amount", "min"), ("channel", "nullable"), ("channel", "in")} == broken
    assert "fail: card-fraud: violations[column=amount,rule=min]" in done.printed
    assert "frauds have a missing, negative or infinite" in done.printed


@pytest.mark.heavy
def test_a_concept_change_fails_on_quality_and_not_on_data(demo: Callable[..., Any]) -> None:
    done = demo("concept")

    assert done.code == 1, done.printed
    assert {"pass"} == outcomes(done.records["card-fraud"])["violations"]
    assert {"fail"} == outcomes(done.records["card-fraud"])["recall"]
    assert "recall: at most" in done.printed


@pytest.mark.heavy
@pytest.mark.parametrize(("plant", "metric"), [("bias", "fpr_ratio 65+"), ("drift", "psi amount")])
def test_a_planted_bias_or_drift_fails_where_it_strikes(demo: Callable[..., Any], plant: str, metric: str) -> None:
    done = demo(plant)

    assert done.code == 1, done.printed
    assert {metric} == missed(done.records["card-fraud-data"])
