"""What a model does is compared with what it did; without labels it is estimated and nothing is decided on it."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from harness_drift import concept, estimate

from harness import HarnessError, UsageError
from harness.testing import measure

START = datetime(2026, 1, 1)


def days(now: int, before: int = 20, *, forgotten: bool = True) -> dict[str, Any]:
    """100 rows a day, 20 of them positive and found; on the last days none is found if that is forgotten."""
    row = np.arange((before + now) * 100)
    label = (row % 5 == 0).astype(int)
    recent = row >= before * 100
    return {
        "id": row,
        "time": [START + timedelta(days=int(each)) for each in row // 100],
        "label": label,
        "decision": np.where(recent & forgotten, 1 - label, label),
        "terminal": row % 40,
    }


def test_quality_now_is_compared_with_all_days_before() -> None:
    found = {each.metric: each for each in measure(concept, days(5), days=5)}

    sides = {name: each.sample.rows.to_pydict() for name, each in found.items() if each.sample.rows is not None}
    recall = sides["recall_change"]
    assert (500, 100) == (len(recall["y"]), int(500 - sum(recall["reference"])))
    assert {0.0} == {y for y, before in zip(recall["y"], recall["reference"], strict=True) if not before}
    assert {"higher", "lower"} == {each.better for each in found.values()}
    assert {"gap"} == {each.sample.statistic for each in found.values()}


def test_clusters_are_kept() -> None:
    from harness.testing import FakeTarget

    found = measure(concept, target=FakeTarget(rows=days(5), cluster="terminal"), days=5)

    assert all("cluster.terminal" in each.sample.rows.column_names for each in found if each.sample.rows is not None)


def test_days_that_leave_no_side_are_an_error_of_each_rate() -> None:
    found = measure(concept, days(5), days=90)

    message = ["no row counts in the time before the last 90 days" in each.failure for each in found]
    assert [True, True, True] == message


def test_rows_without_a_time_are_refused() -> None:
    rows = days(5)
    del rows["time"]

    with pytest.raises(UsageError, match="declares no 'time' column"):
        measure(concept, rows, days=5)


def test_estimated_quality_is_that_of_calibrated_scores() -> None:
    chance = np.random.default_rng(0)
    score = chance.random(20_000)
    label, decision = chance.random(20_000) < score, (score > 0.5).astype(int)

    found = {each.metric: each.sample for each in measure(estimate, {"score": score, "decision": decision})}

    assert {"point"} == {each.statistic for each in found.values()}
    assert decision[label].mean() == pytest.approx(found["recall"].counts["value"], abs=0.01)
    assert label[decision == 1].mean() == pytest.approx(found["precision"].counts["value"], abs=0.01)


def test_scores_that_are_no_probabilities_are_refused() -> None:
    with pytest.raises(HarnessError, match="takes each score for a probability; found -3 to 2"):
        measure(estimate, {"score": [-3.0, 2.0], "decision": [0, 1]})


def test_one_rate_without_rows_leaves_the_others_measured() -> None:
    rows = days(5)
    rows["decision"] = np.where(np.arange(len(rows["id"])) < 2000, rows["label"], 0)

    found = {each.metric: each.failure for each in measure(concept, rows, days=5)}

    assert ("", "") == (found["recall_change"], found["fpr_change"])
    assert "no row counts in the last 5 days" in found["precision_change"]


@pytest.mark.parametrize("role", ["label", "decision"])
def test_changes_of_what_is_neither_0_nor_1_are_refused(role: str) -> None:
    rows = days(5)
    rows[role] = rows[role] * 2

    with pytest.raises(HarnessError, match=f"{role} '{role}' must hold 0 and 1; found 0, 2;"):
        measure(concept, rows, days=5)


def test_estimates_of_decisions_that_are_neither_0_nor_1_are_refused() -> None:
    rows = {"id": np.arange(100), "score": np.full(100, 0.5), "decision": np.arange(100) % 3}

    with pytest.raises(HarnessError, match="decision 'decision' must hold 0 and 1; found 0, 1, 2;"):
        measure(estimate, rows)
