"""Bad input ends with one clear line, the right exit code, nothing half-written, and never a pass."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows

SUITE = """name: s
params: {candidate: str}
data: {d: {source: scores.parquet, id: id, label: y, cluster: terminal}}
target:
  kind: table
  config: {data: d, score: score, model: {param: candidate}, made_by: by, operating_point: {threshold: 0.5}}
steps:
  - check: quality.classifier
    require: {recall: {at_least: 0.5}, roc_auc: {at_least: 0.5}}
"""
Damage = Callable[[pa.Table], pa.Table]


def put(column: str, values: object) -> Damage:
    return lambda rows: rows.set_column(rows.column_names.index(column), column, pa.array(values))


def written(project: Path, text: str, damage: Damage = lambda rows: rows) -> Path:
    rows = scored_rows(400).append_column("by", pa.array(["m/2"] * 400))
    pq.write_table(damage(rows), project / "scores.parquet")
    (project / "s.suite.yaml").write_text(text)
    return project / "s.suite.yaml"


def left_behind(project: Path) -> set[str]:
    return {path.name for path in project.rglob("*") if path.is_file()}


def test_the_suite_itself_is_right(project: Path, harness: Command) -> None:
    done = harness("run", written(project, SUITE), "--param", "candidate=m/2", "--report", "html")

    assert 0 == done.code


NAN = np.where(np.arange(400) == 7, np.nan, 0.5)
TEXT = [
    (
        "at_least",
        "at_leest",
        4,
        ": steps.0.require.recall.0: unknown key 'at_leest'; did you mean 'at_least'?",
    ),
    (
        "quality.classifier",
        "quality.clasifier",
        4,
        "plugin 'quality' has no check 'quality.clasifier'; did you mean 'quality.classifier'?",
    ),
    (
        "quality.classifier",
        "qality.classifier",
        4,
        "no check 'qality.classifier' is installed; did you mean 'quality'?",
    ),
    ("scores.parquet", "scorse.parquet", 4, "dataset 'd': no file at "),
    ("id: id", "id: txn", 4, "has no column 'txn'"),
    ("label: y", "label: fraud", 4, "has no column 'fraud'"),
    ("score: score", "score: skore", 4, "dataset 'd' (scores.parquet) has no column 'skore'; did you mean 'score'?"),
    ("kind: table", "kind: tabel", 4, "no target kind 'tabel' is installed; did you mean 'table'?"),
    ("threshold: 0.5", "treshold: 0.5", 4, "target kind 'table', parameter 'operating_point.treshold'"),
    ("recall:", "recal:", 4, "check 'quality.classifier' measures no 'recal'; did you mean 'recall'?"),
    ("cluster: terminal", "cluster: shop", 4, "has no column 'shop'"),
    ("data: d,", "data: e,", 4, "no dataset 'e'"),
    ("at_least: 0.5}, roc", "at_most: true}, roc", 4, "asks for a number; found true, which would be read as 1"),
    ("params: {candidate: str}", "params: 5", 4, "no suite here has a parameter 'candidate' in params"),
    ("params: {candidate: str}", "params: {1: str}", 4, "no suite here has a parameter 'candidate' in params"),
    ("params: {candidate: str}", "params: {candidate: float}", 4, "parameter 'candidate' is a float; found 'm/2'"),
    ("params: {candidate: str}", "params: {kandidate: str}", 4, "no suite here has a parameter 'candidate' in params"),
]
ROWS = [
    (lambda rows: rows.slice(0, 0), 3, "dataset 'd' (scores.parquet) has no rows; nothing can be measured on it"),
    (
        put("by", ["m/1"] * 400),
        3,
        "was scored by 'm/1' (column 'by'), the candidate is 'm/2'; score the rows with the candidate",
    ),
    (put("by", ["m/1", *["m/2"] * 399]), 3, "column 'by' names 2 models"),
]
ROLES = [
    (put("score", NAN), "dataset 'd': 1 of 400 rows have no usable score in column 'score' (missing, NaN or infinite)"),
    (put("id", [0, *range(399)]), "400 rows carry 399 different values of id 'id'; keep one row for each id"),
    (put("terminal", [None, *range(399)]), "1 of 400 rows have no usable cluster terminal in column 'terminal'"),
]


@pytest.mark.parametrize(("right", "wrong", "code", "message"), TEXT)
def test_a_suite_with_a_mistake_is_refused(
    project: Path, harness: Command, right: str, wrong: str, code: int, message: str
) -> None:
    path = written(project, SUITE.replace(right, wrong, 1))
    before = left_behind(project)

    done = harness("run", path, "--param", "candidate=m/2", "--out", project / "out", "--report", "html")

    assert (code, "") == (done.code, done.out)
    assert message in done.err
    assert done.err.startswith("error: ")
    assert 1 == len(done.err.splitlines())
    assert before == left_behind(project)


@pytest.mark.parametrize(("damage", "code", "message"), ROWS)
def test_rows_that_cannot_be_judged_are_refused(
    project: Path, harness: Command, damage: Damage, code: int, message: str
) -> None:
    path = written(project, SUITE, damage)
    before = left_behind(project)

    done = harness("run", path, "--param", "candidate=m/2", "--out", project / "out", "--report", "html")

    assert (code, "") == (done.code, done.out)
    assert message in done.err
    assert 1 == len(done.err.splitlines())
    assert before == left_behind(project)


@pytest.mark.parametrize(("damage", "message"), ROLES)
def test_roles_that_do_not_hold_are_an_error_of_the_steps_that_read_them(
    project: Path, harness: Command, damage: Damage, message: str
) -> None:
    path = written(project, SUITE, damage)

    done = harness("run", path, "--param", "candidate=m/2", "--json")

    (run,) = json.loads(done.out)["runs"]
    assert 3 == done.code
    assert {"error"} == {verdict["outcome"] for verdict in run["verdicts"]}
    assert all(message in verdict["reason"] for verdict in run["verdicts"])


def test_a_truncated_parquet_is_refused(project: Path, harness: Command) -> None:
    path = written(project, SUITE)
    file = project / "scores.parquet"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    before = left_behind(project)

    done = harness("run", path, "--param", "candidate=m/2", "--out", project / "out")

    assert (3, "") == (done.code, done.out)
    assert "error: s: dataset 'd': " in done.err
    assert "scores.parquet" in done.err
    assert before == left_behind(project)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a suite file or a folder with suites"),
        (["nope"], "no suite at 'nope'"),
        (["s.suite.yaml"], "parameter 'candidate' has no value; add --param candidate=VALUE"),
        (["s.suite.yaml", "--param", "candidate"], "--param takes NAME=VALUE; found 'candidate'"),
        (
            ["s.suite.yaml", "--param", "candidate=m/2", "--report", "htlm"],
            "no report 'htlm' is installed; did you mean 'html'?",
        ),
        (["s.suite.yaml", "--param", "candidate=m/2", "--executor", "thread"], "did you mean 'threads'?"),
        (["s.suite.yaml", "--param", "candidate=m/2", "--ledger", "nonsense"], "ledger 'nonsense' cannot be opened"),
    ],
)
def test_a_command_with_a_mistake_is_refused(
    project: Path, harness: Command, arguments: list[str], message: str
) -> None:
    written(project, SUITE)

    done = harness("run", *arguments)

    assert (4, "") == (done.code, done.out)
    assert message in done.err
