"""A gate can be read from a commit, whatever the working tree asks, and can decide without blocking."""

import json
import shutil
from pathlib import Path

import pytest

from conftest import Command, Finished
from tests.support.gates import DIGEST
from tests.support.repository import commit_all, git

SUITE = """name: s
data: {d: {source: scores.parquet, id: id, time: at}}
target: {kind: table, config: {data: d, model: m/2}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: 0.95}}
  - check: data.schema
    with: {file: schema.yaml}
    require: {violations: {at_most: 0}}
"""
GATES = "project: demo\ngates:\n  ci: {suites: [../s.suite.yaml]}\n"
SCHEMA = "schema_type: ibis_table\ncolumns: {score: {dtype: float64, less_than: 2}}\n"
PROTECTED = "refs/remotes/origin/main"


@pytest.fixture
def protected(project: Path, scores: Path) -> Path:
    """A project whose candidate fails, as the protected branch has it."""
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(GATES)
    (project / "s.suite.yaml").write_text(SUITE)
    (project / "schema.yaml").write_text(SCHEMA)
    (project / ".gitignore").write_text("*.parquet\n.harness\n")
    git_commit = commit_all(project)
    git(project, "update-ref", PROTECTED, git_commit)
    return project


def _gate(harness: Command, *arguments: object) -> Finished:
    return harness("gate", "ci", "--candidate", "m/2", *arguments)


def test_the_commit_that_was_read_is_said_and_recorded(protected: Path, harness: Command) -> None:
    harness("run", "s.suite.yaml")
    commit = git(protected, "rev-parse", "HEAD")

    done = _gate(harness, "--policy-ref", "origin/main")
    recorded = json.loads(_gate(harness, "--policy-ref", "origin/main", "--json").out)

    assert 1 == done.code
    assert f"gate and suites as of commit {commit[:12]}" in done.out
    assert commit == recorded["policy"]
    assert "" == json.loads(_gate(harness, "--json").out)["policy"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("s.suite.yaml", "0.95", "0.1"),
        ("s.suite.yaml", "at_least: 0.95", "at_least: 0.95, severity: should"),
        ("schema.yaml", "less_than: 2", "less_than: 9"),
    ],
)
def test_a_suite_weakened_in_the_working_tree_is_another_one(
    protected: Path, harness: Command, file: str, old: str, new: str
) -> None:
    (protected / file).write_text((protected / file).read_text().replace(old, new))
    commit_all(protected)
    harness("run", "s.suite.yaml")

    done = _gate(harness, "--policy-ref", "origin/main")

    assert 3 == done.code
    assert "its run held another ../s.suite.yaml" in done.out


@pytest.mark.parametrize("settings", ['gates = "weak.yaml"', 'project = "other"'])
def test_settings_of_the_working_tree_choose_no_other_gate(protected: Path, harness: Command, settings: str) -> None:
    harness("run", "s.suite.yaml")
    (protected / "weak.yaml").write_text(GATES.replace("../s.suite", "weak.suite"))
    (protected / "weak.suite.yaml").write_text(SUITE.replace("0.95", "0.1"))
    kept = '[tool.harness]\nproject = "demo"\n' if "project" not in settings else "[tool.harness]\n"
    (protected / "pyproject.toml").write_text(f"{kept}{settings}\n")

    assert 1 == _gate(harness, "--policy-ref", "origin/main").code


def test_a_gate_that_the_working_tree_has_not_any_more_still_decides(protected: Path, harness: Command) -> None:
    harness("run", "s.suite.yaml")
    shutil.rmtree(protected / "ci")
    (protected / "pyproject.toml").unlink()

    assert 1 == _gate(harness, "--policy-ref", "origin/main").code


def test_a_file_beside_the_commit_is_refused(protected: Path, harness: Command, tmp_path: Path) -> None:
    outside = tmp_path / "weak.suite.yaml"
    outside.write_text(SUITE.replace("0.95", "0.1"))
    (protected / "ci" / "gates.yaml").write_text(GATES.replace("../s.suite.yaml", str(outside)))
    git(protected, "update-ref", PROTECTED, commit_all(protected))

    done = _gate(harness, "--policy-ref", "origin/main")

    assert 4 == done.code
    assert "is no file of commit" in done.err


def test_a_gate_that_is_not_enforced_decides_and_records_and_blocks_nothing(protected: Path, harness: Command) -> None:
    (protected / "ci" / "gates.yaml").write_text(GATES.replace("{suites", "{enforce: false, suites"))
    harness("run", "s.suite.yaml")

    done = _gate(harness, "--report", "junit")
    recorded = json.loads(_gate(harness, "--json").out)

    assert 0 == done.code
    assert "FAIL, WOULD HAVE BLOCKED  m/2 may not pass ci" in done.out
    audited = harness("audit", "--what-if").out

    assert "2 of 2 decisions of stages that are not enforced would have blocked" in audited
    assert "ci  fail  m/2: fail: s: rate: " in audited
    assert "0 of 0" in harness("audit", "other", "--what-if").out
    assert ("fail", False, False) == (recorded["outcome"], recorded["blocks"], recorded["enforced"])


@pytest.mark.parametrize("also", ["on_inconclusive: report", f"promote: {{mlflow: {{model: m, alias: '{DIGEST}'}}}}"])
def test_a_gate_that_promotes_or_reports_is_not_left_unenforced(protected: Path, harness: Command, also: str) -> None:
    (protected / "ci" / "gates.yaml").write_text(GATES.replace("{suites", f"{{enforce: false, {also}, suites"))

    done = _gate(harness)

    assert 4 == done.code
    assert "enforce: false" in done.err
