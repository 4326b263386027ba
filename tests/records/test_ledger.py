import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ROOT
from harness.errors import HarnessError, UsageError
from harness.records.entries import GENESIS
from harness.records.ledger import Ledger
from harness.values.identity import Identity
from harness.values.runs import Run
from tests.support.databases import change
from tests.support.decisions import GATE as ANY_GATE
from tests.support.decisions import NOW, decided, run, verdict
from tests.support.forging import opened

FORGED = [
    "UPDATE entries SET suite = 'other' WHERE seq = 1",
    "UPDATE entries SET outcome = 'pass' WHERE seq = 3",
    "UPDATE entries SET recorded = '2020-01-01T00:00:00+00:00' WHERE seq = 2",
    "UPDATE entries SET body_digest = prev_digest WHERE seq = 2",
    "DELETE FROM entries WHERE seq = 2",
    "DELETE FROM entries WHERE seq = 1",
]


def numbered(number: int) -> Run:
    return run(verdict("fail"), id=f"r{number}")


def recorded(url: str, count: int = 3) -> Ledger:
    ledger = Ledger(url, "demo")
    for number in range(1, count + 1):
        ledger.record_run(numbered(number))
    return ledger


def test_a_run_comes_back_as_it_was_recorded(url: str) -> None:
    given = run(verdict("pass"), candidate=Identity(revision="naïve/1"), params={"a": 1, "b": True})

    Ledger(url, "demo").record_run(given)

    (found,) = Ledger(url, "demo").runs()
    assert given.candidate == found.candidate
    assert list(given.verdicts) == list(found.verdicts)
    assert given.started == found.started


def test_each_entry_holds_the_digest_of_the_one_before(url: str) -> None:
    entries = recorded(url).entries()

    assert [GENESIS, entries[0].entry_digest, entries[1].entry_digest] == [entry.prev_digest for entry in entries]


def test_projects_do_not_see_each_other(url: str) -> None:
    Ledger(url, "ours").record_run(numbered(1))
    Ledger(url, "theirs").record_run(numbered(1))

    assert ["r1"] == [found.id for found in Ledger(url, "ours").runs()]
    assert GENESIS == Ledger(url, "theirs").entries()[0].prev_digest


@pytest.mark.parametrize("statement", FORGED)
def test_an_entry_that_was_changed_or_taken_out_is_found_by_whoever_reads(url: str, statement: str) -> None:
    ledger = recorded(url)

    change(url, "DELETE FROM bodies WHERE seq = 0", statement)

    with pytest.raises(HarnessError, match="does not follow from the one before; it was tampered with"):
        ledger.entries("decision")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE bodies SET body = replace(body, 'fail', 'pass') WHERE seq = 2", "is not the one that was recorded"),
        ("DELETE FROM bodies WHERE seq = 2", "is gone"),
    ],
)
def test_a_body_that_was_changed_or_taken_out_is_found_by_whoever_reads_it(
    url: str, statement: str, message: str
) -> None:
    ledger = recorded(url)

    change(url, statement)

    assert "r3" == ledger.read_runs(ledger.entries()[2:])[0].id
    with pytest.raises(HarnessError, match=f"the body of entry 'r2' {message}; it was tampered with"):
        ledger.runs()


def test_many_writers_leave_one_unbroken_chain(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Ledger(url, "demo").record_run(numbered(number)), range(16)))

    assert 16 == len(Ledger(url, "demo").runs())


def test_sixty_processes_that_open_a_fresh_ledger_at_once_lose_nothing(url: str) -> None:
    script = ROOT / "tests" / "support" / "first_users.py"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run([sys.executable, script, url, "60"], capture_output=True, text=True, env=env)

    assert ["0"] * 60 == done.stdout.split(), done.stderr
    assert {f"r{number}" for number in range(60)} == {entry.id for entry in Ledger(url, "demo").entries()}


def test_a_run_is_recorded_once(url: str) -> None:
    ledger = recorded(url, 1)

    with pytest.raises(HarnessError, match="run 'r1' is already recorded"):
        ledger.record_run(numbered(1))


def test_decisions_are_recorded_beside_runs(url: str) -> None:
    ledger = recorded(url, 1)
    ledger.record_decision(decided(ANY_GATE, numbered(1)))

    assert ["run", "decision"] == [entry.kind for entry in ledger.entries()]
    assert [NOW] == [decision.decided for decision in ledger.decisions()]
    assert [("production", "fail")] == [(entry.gate, entry.outcome) for entry in ledger.entries("decision")]


def test_entries_of_kinds_to_come_stand_in_the_same_chain(url: str) -> None:
    ledger = recorded(url, 1)
    digest = ledger.record("waiver", "w1", '{"owner":"ada"}', suite="card")
    ledger.record_run(numbered(2))

    assert ["r1", "r2"] == [found.id for found in ledger.runs()]
    assert ['{"owner":"ada"}'] == list(ledger.bodies(ledger.entries("waiver")))
    assert digest == ledger.entries("run")[1].prev_digest


def test_a_column_that_entries_do_not_have_is_refused(url: str) -> None:
    with pytest.raises(HarnessError, match="cannot be written: .*flavour"):
        Ledger(url, "demo").record("waiver", "w1", "{}", flavour="sweet")


def test_only_the_runs_of_a_suite_are_read(url: str) -> None:
    ledger = recorded(url, 2)
    ledger.record_run(run(verdict("pass"), id="r3", suite="other"))
    change(url, "DELETE FROM bodies WHERE seq < 3")

    assert ["r3"] == [found.id for found in ledger.runs("other")]


def test_more_bodies_than_a_statement_may_name_are_read_in_order(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.records.ledger.PAGE", 2)

    assert ["r1", "r2", "r3", "r4", "r5"] == [found.id for found in recorded(url, 5).runs()]


def test_a_body_of_another_version_is_an_error(url: str) -> None:
    ledger = Ledger(url, "demo")
    ledger.record("run", "r1", '{"id":"r1"}')

    with pytest.raises(HarnessError, match="a recorded run cannot be read"):
        ledger.runs()


@pytest.mark.parametrize("body", ["", "{", "null", "[]", '{"a":1}\0', "[" * 100_000])
def test_a_body_that_is_no_record_is_an_error(url: str, body: str) -> None:
    ledger = Ledger(url, "demo")

    def record_and_read() -> None:
        ledger.record("run", "r1", body)
        ledger.runs()

    with pytest.raises(HarnessError, match="a recorded run is no JSON|NUL"):  # PostgreSQL keeps no NUL
        record_and_read()


def test_a_body_of_another_type_is_found(tmp_path: Path) -> None:
    ledger = recorded(f"sqlite:///{tmp_path / 'ledger.db'}")
    with opened(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE bodies SET body = CAST(body AS BLOB) WHERE seq = 2")

    with pytest.raises(HarnessError, match="the body of entry 'r2' is not the one that was recorded"):
        ledger.runs()


def test_an_entry_that_was_taken_out_and_left_its_body_is_found_by_the_next_writer(tmp_path: Path) -> None:
    ledger = recorded(f"sqlite:///{tmp_path / 'ledger.db'}")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DROP TRIGGER entries_no_DELETE")
        connection.execute("DELETE FROM entries WHERE seq = 3")

    with pytest.raises(HarnessError, match=r"decision 'production-\w+' cannot be added .* it was tampered with"):
        ledger.record_decision(decided(ANY_GATE, numbered(1)))


@pytest.mark.parametrize("column", ["id", "suite", "revision", "candidate", "rows", "outcome", "digest", "time"])
def test_a_run_that_is_filed_under_what_it_is_not_is_refused(tmp_path: Path, column: str) -> None:
    ledger = recorded(f"sqlite:///{tmp_path / 'ledger.db'}")
    with opened(tmp_path / "ledger.db") as connection:
        connection.execute(f"UPDATE entries SET {column} = 'other' WHERE seq = 2")

    with pytest.raises(HarnessError, match=f"its column '{column}' says 'other'; it was tampered with"):
        ledger.runs()


def test_the_outcome_is_never_read_apart_from_what_it_follows_from(url: str) -> None:
    Ledger(url, "demo").record_run(replace(numbered(1), verdicts=(verdict("pass"),)))

    assert "pass" == Ledger(url, "demo").runs()[0].outcome


def test_an_option_that_the_driver_would_overlook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened: Query string argument.* 'mode' are not accepted"):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}?mode=ro", "demo")


def test_reading_creates_no_ledger(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}", "demo")

    found = (ledger.entries(), ledger.runs(), ledger.decisions())

    assert ([], [], []) == found
    assert [] == list(tmp_path.iterdir())
