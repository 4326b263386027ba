"""`harness gate` and `harness runs`, from the ledger alone."""

import json
from pathlib import Path

import pytest

from conftest import Command
from tests.support.gates import DIGEST, GATES
from tests.support.signing import new_signers, write_trust
from tests.support.suites import suite


def declared(project: Path, asked: str = "{at_least: 0.7}") -> Path:
    path = suite(project, asked)
    path.write_text(path.read_text().replace("{data: d}", "{data: d, model: m/2}"))
    return path


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ("{at_least: 0.7}", 0, "PASS  m/2 may pass ci"),
        ("{at_least: 0.95}", 1, "FAIL  m/2 may not pass ci"),
        ("{at_least: 0.8}", 0, "INCONCLUSIVE, NOT BLOCKING  m/2 is not decided for ci"),
    ],
)
def test_a_gate_decides_from_the_recorded_run(
    gated: Path, harness: Command, asked: str, code: int, message: str
) -> None:
    harness("run", declared(gated, asked))

    done = harness("gate", "ci", "--candidate", "m/2")

    assert (code, True) == (done.code, message in done.out)


def test_only_a_gate_that_reports_lets_an_undecided_candidate_through(gated: Path, harness: Command) -> None:
    harness("run", declared(gated, "{at_least: 0.8}"))

    done = harness("gate", "strict", "--candidate", "m/2", "--as-of", "2026-01-18")

    assert done.code > 0


def test_a_gate_asked_again_about_the_same_moment_answers_the_same_and_records_it_once(
    gated: Path, harness: Command
) -> None:
    harness("run", declared(gated))
    asked = ("gate", "ci", "--candidate", "m/2", "--as-of", "2099-01-01", "--json")

    first, second = harness(*asked), harness(*asked)

    assert (first.code, first.out) == (second.code, second.out)
    assert "already recorded" not in second.err


def test_a_gate_names_the_candidates_it_knows(gated: Path, harness: Command) -> None:
    harness("run", declared(gated))

    done = harness("gate", "ci", "--candidate", "m/3")

    assert 3 == done.code
    assert "no run of this candidate in the ledger, which knows m/2 (declared, without digest); name one" in done.out


def test_a_decision_is_recorded_and_machines_can_read_it(gated: Path, harness: Command) -> None:
    harness("run", declared(gated))

    decision = json.loads(harness("gate", "ci", "--candidate", "m/2", "--json").out)

    assert ("pass", "ci", "m/2") == (decision["outcome"], decision["gate"], decision["candidate"]["revision"])
    assert ["s"] == list(decision["runs"])


def test_a_run_of_yesterday_is_stale(gated: Path, harness: Command) -> None:
    harness("run", declared(gated))

    done = harness("gate", "strict", "--candidate", "m/2", "--as-of", "2099-01-01")

    assert 3 == done.code
    assert "is not of the last 24h; run the suite again" in done.out
    assert "is of 2026-01-17, older than 90d; judge newer rows" in done.out


def test_a_candidate_that_was_never_run_is_an_error(gated: Path, harness: Command) -> None:
    done = harness("gate", "ci", "--candidate", "m/3")

    assert 3 == done.code
    assert "s: no run of this candidate in the ledger; run the suite first" in done.out


def test_a_promoting_gate_needs_its_ledger_named(gated: Path, harness: Command) -> None:
    done = harness("gate", "production", "--candidate", "m/2")

    assert 4 == done.code
    assert "gate 'production' promotes, so its ledger must be named; add `ledger: URL`" in done.err


def test_a_promoting_gate_refuses_a_declared_candidate(gated: Path, harness: Command) -> None:
    ledger = f"sqlite:///{gated}/named.db"
    harness("run", declared(gated), "--ledger", ledger)

    done = harness("gate", "production", "--candidate", "m/2", "--ledger", ledger)

    assert 3 == done.code
    assert "candidate m/2 is only declared: no digest proves which model made the scores" in done.out


def test_a_proven_candidate_passes_by_revision_and_by_digest(gated: Path, harness: Command) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pq.read_table(gated / "scores.parquet")
    pq.write_table(rows.append_column("by", pa.array([f"m/2@{DIGEST}"] * 400)), gated / "scores.parquet")
    path = declared(gated)
    path.write_text(path.read_text().replace("model: m/2", "model: m/2, made_by: by"))
    ledger = f"sqlite:///{gated}/named.db"
    write_trust(gated / "ci", new_signers())
    harness("run", path, "--ledger", ledger, "--signer", "file:ci/ci.key")

    codes = [harness("gate", "production", "--candidate", named, "--ledger", ledger).code for named in ("m/2", DIGEST)]

    assert [0, 0] == codes


def test_the_gates_file_names_the_ledger_of_runs_too(gated: Path, harness: Command) -> None:
    (gated / "ci" / "gates.yaml").write_text("ledger: sqlite:///team.db\n" + GATES)

    harness("run", declared(gated))

    assert (gated / "team.db").is_file()
    assert 0 == harness("gate", "ci", "--candidate", "m/2").code


def test_without_gates_file_the_command_says_where_it_looked(project: Path, harness: Command) -> None:
    done = harness("gate", "ci", "--candidate", "m/2")

    assert (4, True) == (done.code, "no gates file at " in done.err)


def test_runs_are_listed_shown_explained_and_compared(gated: Path, harness: Command) -> None:
    harness("run", declared(gated, "{at_least: 0.7}"))
    harness("run", declared(gated, "{at_least: 0.8}"))

    _, *listed = harness("runs", "list").out.splitlines()
    first, second = listed[1].split()[0], listed[0].split()[0]

    assert ["inconclusive", "pass"] == [line.split()[3] for line in listed]
    assert "can say" in harness("runs", "explain", first, "rate").out
    assert "PASS  s" in harness("runs", "show", first).out
    assert second == json.loads(harness("runs", "show", "latest", "--json").out)["id"]
    compared = harness("runs", "compare", first, second).out
    assert "rows.rate rate: pass" in compared
    assert "(at least 70 % was asked, now at least 80 %)" in compared


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "zzz"], "no run 'zzz'; `harness runs list` shows the ids"),
        (["explain", "latest", "recal"], "judged no 'recal'; it judged rate"),
    ],
)
def test_a_run_that_is_not_there_is_a_usage_error(
    gated: Path, harness: Command, arguments: list[str], message: str
) -> None:
    harness("run", declared(gated))

    done = harness("runs", *arguments)

    assert (4, True) == (done.code, message in done.err)


def test_a_gate_has_its_decision_written_down_with_the_run(gated: Path, harness: Command) -> None:
    harness("run", declared(gated, "{at_least: 0.7}"))
    first = harness("runs", "list").out.splitlines()[1].split()[0]
    harness("run", declared(gated, "{at_least: 0.95}"))
    second = harness("runs", "list").out.splitlines()[1].split()[0]

    done = harness("gate", "ci", "--candidate", "m/2", "--report", "html", "--report", "markdown", "--out", "out")

    assert 1 == done.code
    assert "FAIL  m/2 may not pass ci" == done.out.splitlines()[-1].partition("  (")[0]
    page = (gated / "out" / "report.html").read_text()
    assert "m/2 may not pass ci" in page
    decided, _, earlier = page.partition("Earlier runs of this suite")
    assert (True, False, True) == (second in decided, first in decided, first in earlier)
    assert (gated / "out" / "summary.md").read_text().startswith("## ❌ Fail: m/2 may not pass ci")


def test_a_gate_without_runs_still_writes_its_report(gated: Path, harness: Command) -> None:
    done = harness("gate", "ci", "--candidate", "m/3", "--report", "junit", "--out", "out")

    assert 3 == done.code
    assert "no run of this candidate in the ledger" in (gated / "out" / "junit.xml").read_text()
