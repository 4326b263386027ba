"""The gate asked about one unchanged candidate on fresh rows."""

import json
from pathlib import Path

import pytest

from conftest import Command
from harness.selftests.selftest import Trials
from tests.support.suites import suite


def test_two_answers_differ_as_often_as_pairs_of_them_do() -> None:
    found = Trials(name="x", decisions=["pass", "pass", "fail", "inconclusive"], bare=["pass", "fail", "fail", "fail"])

    assert (5 / 6, 2 / 6, 3 / 6) == (found.flips, found.contradictions, found.bare_contradictions)


def test_an_unchanged_candidate_is_answered_alike_where_a_bare_threshold_flips(harness: Command) -> None:
    done = harness("selftest", "--times", 12, "--json")

    good, edge = json.loads(done.out)
    assert 0 == done.code
    assert 11 <= good["decisions"]["pass"]
    assert 10 <= edge["decisions"]["inconclusive"]
    assert (0, 0) == (good["contradictions"], edge["contradictions"])
    assert 0.3 < edge["bare_contradictions"]


@pytest.mark.usefixtures("scores")
def test_a_suites_own_rows_are_drawn_again(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.7, plan_for: 0.8}")
    path.write_text(path.read_text().replace("time: at}", "time: at, cluster: terminal}"))

    done = harness("selftest", path, "--times", 5)

    assert 0 == done.code
    assert "s: its own 400 rows, drawn again" in done.out
    assert not (project / ".harness").exists()


@pytest.mark.usefixtures("scores")
def test_a_suite_is_asked_again_beside_no_key(project: Path, harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_SIGNER", "env:KEY")

    refused = harness("selftest", suite(project, "{at_least: 0.7, plan_for: 0.8}"), "--times", 5)

    assert (4, True) == (refused.code, "found HARNESS_SIGNER in the environment; start it without" in refused.err)
