"""`bias.group_rates` through the command line, as a suite uses it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SUITE = """
name: loans
data: {loans: {source: loans.parquet}}
target: {kind: table, config: {data: loans, decision: granted}}
steps:
  - check: bias.group_rates
    with: {groups: [sex], reference: m}
    require: {selection_rate_ratio: {at_least: 0.8, plan_for: 1.0}}
"""
Command = Callable[..., Any]


def judged(project: Path, harness: Command, granted: dict[str, tuple[int, int]]) -> tuple[int, dict[str, Any]]:
    """Run the suite on so many granted of so many rows of each group."""
    sex = [group for group, (_, n) in granted.items() for _ in range(n)]
    decision = [int(row < k) for k, n in granted.values() for row in range(n)]
    pq.write_table(pa.table({"sex": sex, "granted": np.array(decision)}), project / "loans.parquet")
    (project / "loans.suite.yaml").write_text(SUITE)
    done = harness("run", "loans.suite.yaml", "--out", "out")
    return done.code, json.loads((project / "out" / "loans" / "run.json").read_text())["verdicts"][0]


@pytest.mark.parametrize(
    ("women", "outcome"), [((600, 1000), "pass"), ((300, 1000), "fail"), ((12, 20), "inconclusive")]
)
def test_a_group_is_held_to_four_fifths(project: Path, harness: Command, women: tuple[int, int], outcome: str) -> None:
    code, verdict = judged(project, harness, {"f": women, "m": (1200, 2000)})

    assert (outcome, {"sex": "f"}) == (verdict["outcome"], verdict["labels"])
    assert {"pass": 0, "fail": 1, "inconclusive": 2}[outcome] == code


def test_a_small_group_says_how_many_rows_it_needs(project: Path, harness: Command) -> None:
    _, verdict = judged(project, harness, {"f": (12, 20), "m": (1200, 2000)})

    assert verdict["n_needed"] > 2020
    assert "new rows of f and m (1 in 101 of f), if it is really 1" in verdict["reason"]


def test_a_group_without_rows_to_take_a_rate_from_is_an_error_of_that_rate_alone(
    project: Path, harness: Command
) -> None:
    rows = {"sex": ["f", "f", "m", "m"] * 200, "granted": [0, 0, 1, 0] * 200, "good": [1, 0, 1, 0] * 200}
    pq.write_table(pa.table(rows), project / "loans.parquet")
    suite = SUITE.replace("source: loans.parquet", "source: loans.parquet, label: good")
    (project / "loans.suite.yaml").write_text(
        suite.replace(
            "{selection_rate_ratio: {at_least: 0.8, plan_for: 1.0}}",
            "{precision: {at_least: 0.5}, tpr: {at_least: 0.01, where: {sex: m}}}",
        )
    )

    harness("run", "loans.suite.yaml", "--out", "out")

    verdicts = json.loads((project / "out" / "loans" / "run.json").read_text())["verdicts"]
    message = {(each["metric"], each["labels"]["sex"]): each["outcome"] for each in verdicts}
    assert {("precision", "f"): "error", ("precision", "m"): "pass", ("tpr", "m"): "pass"} == message
