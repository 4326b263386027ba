"""Runs and their evidence go from machine to machine as files, and only as they were written."""

import json
import shutil
from pathlib import Path

import pytest

from conftest import Command
from tests.support.suites import suite


def judged(project: Path, harness: Command, asked: str = "{at_least: 0.7}") -> Path:
    """Run a suite without recording it, and forget all that stays on the machine."""
    path = suite(project, asked)
    path.write_text(path.read_text().replace("{data: d}", "{data: d, model: m/2}"))
    harness("run", path, "--no-record", "--out", "out")
    shutil.rmtree(project / ".harness")
    return project / "out"


def test_a_gate_takes_runs_and_evidence_from_files(gated: Path, harness: Command) -> None:
    judged(gated, harness)

    done = harness("gate", "ci", "--run", "out")

    assert (0, True) == (done.code, "PASS  m/2 may pass ci" in done.out)
    kept = [path.name for path in (gated / ".harness" / "evidence").iterdir()]
    assert kept == [path.name for path in (gated / "out" / "s" / "evidence").iterdir()] != []


def test_a_run_that_is_taken_twice_is_recorded_once(gated: Path, harness: Command) -> None:
    judged(gated, harness)

    codes = [harness("gate", "ci", "--run", "out", "--run", "out").code for _ in range(2)]

    assert [0, 0] == codes
    assert 1 == harness("runs", "list").out.count("m/2")


def test_the_rows_of_files_count_at_the_next_look(gated: Path, harness: Command) -> None:
    from conftest import scored_rows
    from harness.records.ledger import Ledger

    judged(gated, harness, "{at_least: 0.76, looks: 3}")
    harness("gate", "ci", "--run", "out")
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = scored_rows(800, seed=5)
    pq.write_table(rows.set_column(0, "id", pa.array(range(1000, 1800))), gated / "scores.parquet")
    harness("run", gated / "s.suite.yaml")

    verdict = Ledger(f"sqlite:///{gated}/.harness/ledger.db", "demo").runs()[-1]["rate"]
    assert (2, 400) == (verdict.look.number, verdict.look.joined)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: run["verdicts"][0].update(outcome="pass"), "does not have the digest it states"),
        (lambda run: run["candidate"].update(revision="other"), "does not have the digest it states"),
        (lambda run: run.update(origin="interactive"), "is of an interactive run, which no gate accepts"),
        (lambda run: run.update(record_version=99), "written by version 99"),
        (lambda run: run.clear(), "no record_version"),
    ],
)
def test_a_run_that_was_changed_is_refused(gated: Path, harness: Command, change, message: str) -> None:
    file = judged(gated, harness, "{at_least: 0.95}") / "s" / "run.json"
    record = json.loads(file.read_text())
    change(record)
    file.write_text(json.dumps(record))

    done = harness("gate", "ci", "--run", "out")

    assert (3, True) == (done.code, message in done.err)
    assert "" == harness("runs", "list").out


def test_rows_that_were_changed_are_refused(gated: Path, harness: Command) -> None:
    import pyarrow.parquet as pq

    (file,) = (judged(gated, harness) / "s" / "evidence").iterdir()
    rows = pq.read_table(file)
    pq.write_table(rows.slice(1), file)

    done = harness("gate", "ci", "--run", "out")

    assert (3, True) == (done.code, "it was changed since" in done.err)


@pytest.mark.parametrize(("folder", "message"), [("nope", "no folder 'nope'"), ("ci", "no run.json below 'ci'")])
def test_a_folder_without_runs_is_refused(gated: Path, harness: Command, folder: str, message: str) -> None:
    done = harness("gate", "ci", "--run", folder)

    assert (4, True) == (done.code, f"{message}; --run takes what `harness run --out DIR` wrote" in done.err)


def test_a_run_of_another_project_is_refused(gated: Path, harness: Command) -> None:
    judged(gated, harness)
    gates = gated / "ci" / "gates.yaml"
    gates.write_text(gates.read_text().replace("project: demo", "project: other"))

    done = harness("gate", "ci", "--run", "out")

    assert (4, True) == (done.code, "is of project 'demo', this one is 'other'" in done.err)


def test_runs_of_two_candidates_need_one_named(gated: Path, harness: Command) -> None:
    out = judged(gated, harness)
    shutil.copytree(out, gated / "first")
    path = gated / "s.suite.yaml"
    path.write_text(path.read_text().replace("m/2", "m/3"))
    harness("run", path, "--no-record", "--out", "second")

    done = harness("gate", "ci", "--run", "first", "--run", "second")

    assert (4, True) == (done.code, "name the candidate with --candidate; the runs are of m/3" in done.err)
    assert 0 == harness("gate", "ci", "--run", "first", "--run", "second", "--candidate", "m/2").code
