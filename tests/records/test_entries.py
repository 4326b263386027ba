from datetime import UTC, datetime

import pytest

from harness.errors import HarnessError
from harness.gating.attempts import attempt
from harness.records.entries import check_columns
from harness.records.ledger import Ledger
from harness.values.identity import Identity
from harness.values.runs import Data
from tests.support.decisions import run, verdict

ROWS = {"d": Data(uri="x", digest="sha256:rows", rows=3)}


@pytest.mark.parametrize("digest", [None, "sha256:" + "b" * 64])
def test_an_entry_says_who_was_judged_on_what_without_its_body(url: str, digest: str | None) -> None:
    candidate = Identity(revision="m/1", digest=digest)
    recorded = run(verdict("pass"), candidate=candidate, datasets=ROWS, trigger="schedule")
    ledger = Ledger(url, "demo")
    ledger.record_run(recorded)

    (entry,) = ledger.entries()

    assert (candidate, True) == (entry.identity, entry.is_scheduled)
    assert (attempt(recorded), recorded.started) == (entry.attempt, entry.moment)
    assert ("pass", recorded.digest) == (entry.outcome, entry.digest)


def test_an_entry_that_says_no_time_is_of_when_it_was_recorded(url: str) -> None:
    ledger = Ledger(url, "demo")
    ledger.record("waiver", "w1", "{}")

    (entry,) = ledger.entries()

    assert datetime.fromisoformat(entry.recorded) == entry.moment
    assert UTC == entry.moment.tzinfo


@pytest.mark.parametrize("changes", [{"suite": "other"}, {"candidate": Identity(revision="x")}, {"datasets": ROWS}])
def test_a_run_that_is_filed_under_what_it_is_not_is_refused(url: str, changes: dict[str, object]) -> None:
    ledger = Ledger(url, "demo")
    ledger.record_run(run(verdict("pass")))
    (entry,) = ledger.entries()

    with pytest.raises(HarnessError, match=r"entry 'r1' is of .*, its column '.*' says .*; it was tampered with"):
        check_columns(entry, run(verdict("pass"), **changes), "l")
