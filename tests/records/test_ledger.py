from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from harness.errors import HarnessError, UsageError
from harness.records.ledger import GENESIS, Ledger
from harness.values.identity import Identity
from harness.values.runs import Run
from tests.support.decisions import GATE as ANY_GATE
from tests.support.decisions import NOW, decided, run, verdict


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"


def numbered(number: int) -> Run:
    return run(verdict("pass"), id=f"r{number}")


def test_a_run_comes_back_as_it_was_recorded(url: str) -> None:
    recorded = run(verdict("pass"), candidate=Identity(revision="naïve/1"), params={"a": 1, "b": True})

    Ledger(url, "demo").record_run(recorded)

    (found,) = Ledger(url, "demo").runs()
    assert recorded.candidate == found.candidate
    assert list(recorded.verdicts) == list(found.verdicts)
    assert recorded.started == found.started


def test_each_entry_holds_the_digest_of_the_one_before(url: str) -> None:
    ledger = Ledger(url, "demo")
    for number in range(3):
        ledger.record_run(numbered(number))

    entries = ledger.entries()

    assert [GENESIS, entries[0].entry_digest, entries[1].entry_digest] == [entry.prev_digest for entry in entries]


def test_projects_do_not_see_each_other(url: str) -> None:
    Ledger(url, "ours").record_run(numbered(1))
    Ledger(url, "theirs").record_run(numbered(2))

    assert ["r1"] == [found.id for found in Ledger(url, "ours").runs()]
    assert GENESIS == Ledger(url, "theirs").entries()[0].prev_digest


@pytest.mark.parametrize("statement", ["UPDATE entries SET body = '{}'", "DELETE FROM entries"])
def test_the_ledger_is_append_only(url: str, statement: str) -> None:
    Ledger(url, "demo").record_run(numbered(1))

    with pytest.raises(DatabaseError, match="append-only"), sa.create_engine(url).begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = replace(body, 'pass', 'fail') WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 2",
        "DELETE FROM entries WHERE seq = 1",
    ],
)
def test_an_entry_that_was_changed_or_taken_out_is_found(url: str, statement: str) -> None:
    ledger = Ledger(url, "demo")
    for number in range(3):
        ledger.record_run(numbered(number))
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("DROP TRIGGER entries_no_UPDATE"))
        connection.execute(sa.text("DROP TRIGGER entries_no_DELETE"))
        connection.execute(sa.text(statement))

    with pytest.raises(HarnessError, match="does not follow from the one before; it was tampered with"):
        ledger.runs()


def test_many_writers_leave_one_unbroken_chain(url: str) -> None:
    Ledger(url, "demo").runs()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Ledger(url, "demo").record_run(numbered(number)), range(16)))

    assert 16 == len(Ledger(url, "demo").runs())


def test_a_run_is_recorded_once(url: str) -> None:
    ledger = Ledger(url, "demo")
    ledger.record_run(numbered(1))

    with pytest.raises(HarnessError, match="'r1' is already recorded"):
        ledger.record_run(numbered(1))


def test_decisions_are_recorded_beside_runs(url: str) -> None:
    ledger = Ledger(url, "demo")
    ledger.record_run(numbered(1))
    ledger.record_decision(decided(ANY_GATE, numbered(1)))

    assert ["run", "decision"] == [entry.kind for entry in ledger.entries()]
    assert [NOW] == [decision.decided for decision in ledger.decisions()]


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/nope/ledger.db"])
def test_a_ledger_that_cannot_be_opened_says_so(url: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be opened: .*; give a SQLAlchemy URL"):
        Ledger(url, "demo").runs()


def test_a_ledger_of_a_later_version_is_refused(url: str) -> None:
    Ledger(url, "demo").runs()
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("INSERT INTO schema_version VALUES (99)"))

    with pytest.raises(UsageError, match="has schema 99, this version knows 1; upgrade the harness"):
        Ledger(url, "demo").runs()


def test_a_body_of_another_version_is_an_error(url: str) -> None:
    ledger = Ledger(url, "demo")
    ledger._append("run", "r1", '{"id":"r1"}', {})

    with pytest.raises(HarnessError, match="a recorded run cannot be read"):
        ledger.runs()


def test_the_outcome_is_never_stored_apart_from_what_it_follows_from(url: str) -> None:
    Ledger(url, "demo").record_run(replace(numbered(1), verdicts=(verdict("fail"),)))

    assert "fail" == Ledger(url, "demo").runs()[0].outcome


@pytest.mark.parametrize("suite", ["card", "other", None])
def test_a_run_that_was_filed_under_another_suite_is_found(url: str, suite: str | None) -> None:
    ledger = Ledger(url, "demo")
    ledger.record_run(numbered(1))
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("DROP TRIGGER entries_no_UPDATE"))
        connection.execute(sa.text("UPDATE entries SET suite = 'other'"))

    with pytest.raises(HarnessError, match="entry 'r1' is of 'card', its column says 'other'; it was tampered with"):
        ledger.runs(suite)
