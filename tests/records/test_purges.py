"""Rows are erased for good; what was decided stands, and later looks use what remains."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from harness.records.ledger import Ledger
from harness.values.runs import Run
from tests.support.suites import suite

ASKED = "{at_least: 0.76, looks: 4}"


@pytest.fixture
def judged(project: Path, harness: Command, scores: Path) -> Path:
    """A suite that judged 400 rows of 60 terminals, in two slices."""
    path = suite(project, ASKED)
    text = (
        path.read_text()
        .replace("{data: d}", "{data: d, model: m/2}")
        .replace("time: at", "time: at, cluster: terminal")
    )
    path.write_text(text.replace("require:", "by: [channel], require:"))
    harness("run", path)
    return path


def ledger(project: Path) -> Ledger:
    return Ledger(f"sqlite:///{project}/.harness/ledger.db", "demo")


def look_at_new_rows(project: Path, harness: Command, path: Path) -> Run:
    """Judge 800 new rows of the same candidate."""
    rows = scored_rows(800, seed=5)
    pq.write_table(rows.set_column(0, "id", pa.array(np.arange(1000, 1800))), project / "scores.parquet")
    assert harness("run", path).code < 3
    return ledger(project).runs()[-1]


def kept_rows(project: Path) -> pa.Table:
    (file,) = (project / ".harness" / "evidence").iterdir()
    return pq.read_table(file)


def test_the_rows_of_a_subject_are_gone_and_its_verdict_stands(project: Path, harness: Command, judged: Path) -> None:
    before = harness("runs", "explain", "latest").out

    done = harness("evidence", "purge", "--subject", "7")

    assert 0 == done.code
    kept = kept_rows(project)
    assert 7 not in kept["id"].to_pylist()
    assert 7 not in kept["cluster.terminal"].cast(pa.int64()).to_pylist()
    assert 0 < len(kept) < 400
    assert before == harness("runs", "explain", "latest").out
    assert ["run", "purge"] == [entry.kind for entry in ledger(project).entries()]


def test_the_tombstone_says_how_many_and_not_who(project: Path, harness: Command, judged: Path) -> None:
    harness("evidence", "purge", "--subject", "31")

    (body,) = ledger(project).bodies(ledger(project).entries("purge"))

    assert f'"rows":{400 - len(kept_rows(project))}' in body
    assert '"31"' not in body


def test_a_later_look_uses_what_remains_and_says_so(project: Path, harness: Command, judged: Path) -> None:
    harness("evidence", "purge", "--subject", "7")
    left = len(kept_rows(project))

    verdict = look_at_new_rows(project, harness, judged)["rate"]

    assert (2, left) == (verdict.look.number, verdict.look.joined)
    assert any(f"{400 - left} rows were erased on " in note for note in verdict.notes)


def test_rows_that_were_all_erased_leave_a_look_that_counts(project: Path, harness: Command, judged: Path) -> None:
    harness("evidence", "purge", "--before", "2099-01-01")

    verdict = look_at_new_rows(project, harness, judged)["rate"]

    assert (2, 0) == (verdict.look.number, verdict.look.joined)
    assert verdict.estimate.n == 800


def test_only_what_came_before_a_time_is_erased(project: Path, harness: Command, judged: Path) -> None:
    done = harness("evidence", "purge", "--before", "2020-01-01")

    assert (4, True) == (done.code, "no row of evidence is to be erased" in done.err)
    assert 400 == len(kept_rows(project))


def test_subjects_are_erased_one_after_the_other(project: Path, harness: Command, judged: Path) -> None:
    codes = [harness("evidence", "purge", "--subject", name).code for name in ("7", "8", "8")]

    assert [0, 0, 4] == codes
    assert not {7, 8} & set(kept_rows(project)["id"].to_pylist())
    assert look_at_new_rows(project, harness, judged)["rate"].look.number == 2


def test_a_purge_that_was_cut_short_is_ended_by_the_next(
    project: Path, harness: Command, judged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.records import purges

    with monkeypatch.context() as killed:
        killed.setattr(purges, "_delete_replaced", lambda *_: None)
        harness("evidence", "purge", "--subject", "7")
    assert 2 == len(list((project / ".harness" / "evidence").iterdir()))

    harness("evidence", "purge", "--subject", "7")

    assert 7 not in kept_rows(project)["id"].to_pylist()


def test_what_remains_and_was_changed_is_an_error(project: Path, harness: Command, judged: Path) -> None:
    harness("evidence", "purge", "--subject", "7")
    (file,) = (project / ".harness" / "evidence").iterdir()
    pq.write_table(pq.read_table(file).slice(1), file)
    rows = scored_rows(800, seed=5)
    pq.write_table(rows.set_column(0, "id", pa.array(np.arange(1000, 1800))), project / "scores.parquet")

    done = harness("run", judged)

    assert (3, True) == (done.code, "was changed since" in done.out)


@pytest.mark.parametrize("options", [(), ("--subject", "1", "--before", "2026-01-01")])
def test_one_way_to_choose_is_needed(harness: Command, options: tuple[str, ...]) -> None:
    done = harness("evidence", "purge", *options)

    assert (4, True) == (done.code, "say which rows to erase: --subject ID, or --before DATE" in done.err)


def test_a_gate_lets_verdicts_stand_whose_rows_were_erased_and_says_so(
    project: Path, harness: Command, judged: Path
) -> None:
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text("project: demo\ngates: {ci: {suites: [s], on_inconclusive: report}}\n")
    before = harness("gate", "ci", "--candidate", "m/2")
    harness("evidence", "purge", "--subject", "7")

    after = harness("gate", "ci", "--candidate", "m/2")

    assert (0, 0) == (before.code, after.code)
    assert "s: rows that rows.rate judged were erased, as the ledger records; its verdicts stand" in after.out
    assert "erased" not in before.out
