"""Labels that arrive late count as they are now; a broken extract is replaced once somebody says why."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from conftest import Command

ROWS = 2000
GENUINE = [0, 1, 3]  # no frauds
SUITE = """name: m
data:
  d: {source: scores.parquet, id: id, labels: {source: labels.parquet, on: id, column: fraud, absent_is: 0}}
target: {kind: table, config: {data: d, score: score, operating_point: {threshold: 0.5}, model: v17}}
steps:
  - check: quality.classifier
    require: {recall: {at_least: 0.7}, precision: {at_least: 0.5}, roc_auc: {at_least: 0.8}}
"""
GATES = "project: demo\ngates: {production: {suites: [m]}}\n"


@pytest.fixture
def frauds(project: Path) -> NDArray[np.int64]:
    """Write a suite, scores of rows and the labels known so far; return the ids of all frauds."""
    rng = np.random.default_rng(1)
    fraud = rng.random(ROWS) < 0.2
    write_scores(project, np.clip(0.45 * fraud + 0.6 * rng.random(ROWS), 0, 1))
    (project / "m.suite.yaml").write_text(SUITE)
    (project / "gates.yaml").write_text(GATES)
    write_labels(project, np.flatnonzero(fraud))
    return np.flatnonzero(fraud)


def write_scores(project: Path, scores: NDArray[np.float64]) -> None:
    pq.write_table(pa.table({"id": np.arange(ROWS), "score": scores}), project / "scores.parquet")


def read_scores(project: Path) -> NDArray[np.float64]:
    return np.asarray(pq.read_table(project / "scores.parquet")["score"])


def write_labels(project: Path, ids: NDArray[np.int64]) -> None:
    pq.write_table(pa.table({"id": ids, "fraud": np.ones(len(ids), int)}), project / "labels.parquet")


def verdicts(command: Command) -> dict[str, Any]:
    found = json.loads(command("run", "m.suite.yaml", "--json").out)["runs"][0]["verdicts"]
    return {verdict["metric"]: verdict for verdict in found}


def test_labels_that_arrive_late_or_are_withdrawn_count_as_they_are_now(
    project: Path, installed: Command, frauds: NDArray[np.int64]
) -> None:
    write_labels(project, np.append(frauds[8:], GENUINE))
    before = verdicts(installed)
    write_labels(project, frauds)

    after = verdicts(installed)

    assert {"pass"} == {verdict["outcome"] for verdict in (*before.values(), *after.values())}
    assert [len(frauds) - 8 + 3, len(frauds)] == [found["recall"]["estimate"]["n"] for found in (before, after)]
    assert (1, 11 / ROWS) == tuple(after["roc_auc"]["look"][name] for name in ("number", "corrected"))
    assert "% of the labels seen before corrected" in installed("runs", "explain", "latest", "roc_auc").out


def test_a_broken_extract_that_failed_is_replaced_once_somebody_says_why(
    project: Path, installed: Command, frauds: NDArray[np.int64]
) -> None:
    right = read_scores(project)
    write_scores(project, right[::-1])
    broken = verdicts(installed)
    write_scores(project, right)
    refused = verdicts(installed)

    recorded = installed("evidence", "correct", "m", "--candidate", "v17", "--reason", "the join lost its order")
    corrected = verdicts(installed)

    assert {"fail"} == {verdict["outcome"] for verdict in broken.values()}
    assert {"error"} == {verdict["outcome"] for verdict in refused.values()}
    assert "had another score when it was judged before" in refused["recall"]["reason"]
    assert (0, "recorded for 2 runs of m (v17): the join lost its order\n") == (recorded.code, recorded.out)
    assert {("pass", 2)} == {(verdict["outcome"], verdict["look"]["number"]) for verdict in corrected.values()}
    assert corrected["recall"]["notes"][-1].endswith(": the join lost its order")
    assert 0 == installed("gate", "production", "--candidate", "v17", "--gates", "gates.yaml").code


def test_a_fail_on_a_broken_extract_stays_until_the_right_rows_pass_and_the_gate_names_the_correction(
    project: Path, harness: Command, frauds: NDArray[np.int64]
) -> None:
    (project / "gates.yaml").write_text(GATES.replace("[m]", "[m], on_inconclusive: report"))
    right, suite = read_scores(project), project / "m.suite.yaml"
    caught = np.mean(right[frauds] >= 0.5)
    suite.write_text(SUITE.replace("recall: {at_least: 0.7}", f"recall: {{at_least: {caught:.3f}}}"))
    write_scores(project, right[::-1])
    verdicts(harness)
    harness("evidence", "correct", "m", "--candidate", "v17", "--reason", "the join lost its order")
    write_scores(project, right)

    unsure = verdicts(harness)["recall"]
    stays = harness("gate", "production", "--candidate", "v17", "--gates", "gates.yaml")
    suite.write_text(SUITE)
    verdicts(harness)
    laxer = harness("gate", "production", "--candidate", "v17", "--gates", "gates.yaml")

    assert ("inconclusive", 2) == (unsure["outcome"], unsure["look"]["number"])
    assert 1 == stays.code
    assert "at look 1 on rows corrected on " in stays.out
    assert ": the join lost its order (until new rows pass); look 2 cannot tell" in stays.out
    assert 0 == laxer.code


@pytest.mark.usefixtures("frauds")
def test_a_correction_is_of_the_runs_before_it_alone(project: Path, harness: Command) -> None:
    verdicts(harness)
    harness("evidence", "correct", "m", "--candidate", "v17", "--reason", "scores of a test system")
    write_scores(project, 1 - read_scores(project))
    verdicts(harness)
    write_scores(project, 1 - read_scores(project))

    again = verdicts(harness)

    assert {"error"} == {verdict["outcome"] for verdict in again.values()}


@pytest.mark.usefixtures("frauds")
def test_a_correction_needs_runs_and_a_reason(project: Path, harness: Command) -> None:
    harness("run", "m.suite.yaml")

    unknown = harness("evidence", "correct", "m", "--candidate", "v18", "--reason", "typo")
    silent = harness("evidence", "correct", "m", "--candidate", "v17", "--reason", " ")

    assert (4, True) == (unknown.code, "suite 'm' never judged 'v18' in this ledger" in unknown.err)
    assert (4, True) == (silent.code, "a correction needs a reason" in silent.err)
