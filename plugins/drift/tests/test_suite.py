"""`drift.columns` through the command line, as a suite uses it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import save_profile
from harness.testing import dataset

SUITE = """
name: payments
data: {{today: {{source: today.parquet{more}}}}}
target: {{kind: table, config: {{data: today}}}}
steps:
  - check: drift.columns
    with: {{reference: {reference}}}
    require: {{psi: {{at_most: 0.1}}}}
  - check: drift.columns
    name: missing
    with: {{reference: train.parquet, columns: [amount]}}
    require: {{missing: {{at_most: 0.02}}}}
"""
Command = Callable[..., Any]


def run(project: Path, harness: Command, shift: float, *, reference: str = "train.parquet", more: str = "") -> Any:
    chance = np.random.default_rng(0)
    rows = [{"amount": chance.lognormal(mean, 1, 5000), "c": chance.choice(list("ab"), 5000)} for mean in (0, shift)]
    for name, table in zip(("train", "today"), rows, strict=True):
        pq.write_table(pa.table(table), project / f"{name}.parquet")
    save_profile(dataset(rows[0]).profile(), project / "train.profile")
    (project / "payments.suite.yaml").write_text(SUITE.format(reference=reference, more=more))
    return harness("run", "payments.suite.yaml", "--out", "out")


def verdicts(project: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = json.loads((project / "out" / "payments" / "run.json").read_text())["verdicts"]
    return {(each["metric"], each["labels"].get("column", "")): each for each in found}


@pytest.mark.parametrize("reference", ["train.parquet", "train.profile"])
@pytest.mark.parametrize(("shift", "outcome"), [(0.0, "pass"), (0.6, "fail")])
def test_a_column_that_moved_fails_and_others_pass(
    project: Path, harness: Command, reference: str, shift: float, outcome: str
) -> None:
    done = run(project, harness, shift, reference=reference)

    found = verdicts(project)
    assert {"pass": 0, "fail": 1}[outcome] == done.code
    assert (outcome, "pass") == (found["psi", "amount"]["outcome"], found["psi", "c"]["outcome"])


def test_a_column_that_cannot_be_compared_is_an_error_and_the_others_are_measured(
    project: Path, harness: Command
) -> None:
    pq.write_table(pa.table({"amount": ["a", "b"] * 2500, "c": ["a", "b"] * 2500}), project / "text.parquet")

    done = run(project, harness, 0.0, reference="text.parquet")

    found = verdicts(project)
    assert 3 == done.code
    assert "column 'amount' is text in the reference table" in found["psi", "amount"]["reason"]
    assert {"c": "pass", "amount": "error"} == {name: found["psi", name]["outcome"] for name in ("c", "amount")}
    assert "pass" == found["missing", "amount"]["outcome"]


def test_zero_rows_after_a_filter_are_refused(project: Path, harness: Command) -> None:
    done = run(project, harness, 0.0, more=", exclude: {c: [a, b]}")

    assert 3 == done.code
    assert "has no rows; nothing can be measured on it" in done.err


TOLD_APART = """
name: payments
data: {today: {source: today.parquet, time: at, label: fraud}}
target: {kind: table, config: {data: today, decision: stopped}}
steps:
  - check: drift.columns
    with: {reference: train.parquet, columns: [amount]}
    require: {psi: {at_most: 0.1}}
  - check: drift.concept
    with: {days: 5}
    require: {recall_change: {at_least: -0.1}}
"""


@pytest.mark.parametrize(
    ("shift", "missed", "psi", "recall"),
    [
        (0.8, False, "inputs moved, quality holds: by matured labels", ""),
        (0.0, True, "", "the relation of inputs to the label changed: inputs look as they did"),
        (0.8, True, "inputs moved and quality fell (drift.concept fails)", "inputs moved and quality fell"),
        (0.0, False, "", ""),
    ],
)
def test_moved_inputs_and_a_changed_relation_are_told_apart(
    project: Path, harness: Command, shift: float, missed: bool, psi: str, recall: str
) -> None:
    chance = np.random.default_rng(0)
    pq.write_table(pa.table({"amount": chance.lognormal(0, 1, 6000)}), project / "train.parquet")
    day = np.repeat(np.arange(20), 300)
    fraud = (np.arange(6000) % 3 == 0).astype(int)
    today = {
        "amount": chance.lognormal(shift, 1, 6000),
        "at": np.datetime64("2026-01-01", "us") + day * np.timedelta64(1, "D"),
        "fraud": fraud,
        "stopped": np.where((day >= 15) & missed & (np.arange(6000) % 2 == 0), 0, fraud),
    }
    pq.write_table(pa.table(today), project / "today.parquet")
    (project / "payments.suite.yaml").write_text(TOLD_APART)

    harness("run", "payments.suite.yaml", "--out", "out")

    found = verdicts(project)
    for verdict, words in ((found["psi", "amount"], psi), (found["recall_change", ""], recall)):
        assert bool(words) == (verdict["outcome"] == "fail")
        assert words in verdict["reason"]
        assert bool(words) == any(words in note for note in verdict["notes"])


def test_rows_that_belong_together_say_why_nothing_is_decided(project: Path, harness: Command) -> None:
    run(project, harness, 0.0, more=", cluster: c")

    reason = verdicts(project)["psi", "amount"]["reason"]
    assert "in 'today' rows of one c belong together (`cluster`)" in reason
    assert "declare the same source without it under another name" in reason


PARTS = """
name: payments
data: {whole: {source: today.parquet}, parts: {source: "parts/*.parquet"}}
target: {kind: table, config: {data: whole}}
steps:
  - check: drift.columns
    with: {data: whole, reference: train.parquet}
    require: &asked {psi: {at_most: 0.1}, js: {at_most: 0.2}, ks: {at_most: 0.1}, missing: {at_most: 0.02}}
  - check: drift.columns
    name: in parts
    with: {data: parts, reference: train.parquet}
    require: *asked
"""


def test_a_table_in_64_parts_gets_the_verdicts_of_the_whole(project: Path, harness: Command) -> None:
    chance = np.random.default_rng(0)
    train, today = (
        pa.table({"amount": chance.lognormal(mean, 1, 40_000), "c": chance.choice(list("abc"), 40_000)})
        for mean in (0, 0.2)
    )
    pq.write_table(train, project / "train.parquet")
    pq.write_table(today, project / "today.parquet")
    (project / "parts").mkdir()
    for part in range(64):
        pq.write_table(today.slice(part * 625, 625), project / "parts" / f"{part}.parquet")
    (project / "payments.suite.yaml").write_text(PARTS)

    harness("run", "payments.suite.yaml", "--out", "out")

    found = json.loads((project / "out" / "payments" / "run.json").read_text())["verdicts"]
    whole, parts = ([each for each in found if each["step"] == step] for step in ("drift.columns", "in parts"))
    message = [[{**each, "step": "", "look": ""} for each in verdicts] for verdicts in (whole, parts)]
    assert 7 == len(whole)
    assert message[0] == message[1]
