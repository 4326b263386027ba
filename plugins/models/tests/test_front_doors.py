"""`harness.run` and pytest call models by the same door as `harness run`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness_models.testing import StandIn, completion

import harness


def run_pytest(*arguments: str) -> str:
    """Return what a session of pytest prints."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", "a.suite.yaml", *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout + found.stderr


def test_a_notebook_records_replays_and_spends_no_more_than_its_budget(asking: Path, upstream: StandIn) -> None:
    poor = harness.run(asking / "a.suite.yaml", budget="0.001")
    recorded = harness.run(asking / "a.suite.yaml", replay="record")
    sent = len(upstream.seen)
    replayed = harness.run(asking / "a.suite.yaml", replay="strict")

    assert "of the budget is left" in poor["yes"].reason
    assert ("pass", "pass") == (recorded.outcome, replayed.outcome)
    assert 40 == replayed.calls.replayed
    assert sent == len(upstream.seen) == 40
    assert [] == list((asking / ".harness/calls").glob("open-*"))


def test_a_session_of_pytest_records_replays_and_leaves_nothing_to_resume(asking: Path, upstream: StandIn) -> None:
    first = run_pytest("--harness-replay", "record")
    left = list((asking / ".harness/calls").glob("open-*"))
    second = run_pytest("--harness-replay", "strict")

    assert "1 passed" in first
    assert "1 passed" in second
    assert ([], 40) == (left, len(upstream.seen))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--harness-budget", "0.001"], "of the budget is left"),
        (["--harness-budget", "5", "-n", "1"], "add -n 0"),
    ],
)
def test_a_budget_holds_in_a_session_of_one_process(asking: Path, arguments: list[str], said: str) -> None:
    assert asking.is_dir()

    assert said in run_pytest(*arguments)


def test_answers_to_a_step_that_broke_are_paid_once(asking: Path, upstream: StandIn) -> None:
    upstream.script = lambda server, asked: (200, completion()) if len(server.seen) <= 25 else (500, "no")
    run_pytest()
    upstream.script = lambda server, asked: (200, completion())
    run_pytest()

    assert 25 + 1 + 15 == len({json.dumps(each) for each in upstream.seen}) + 1
    assert 41 == len(upstream.seen)
