"""Who waits sees which step runs and how long it still takes."""

import time
from pathlib import Path

import pytest

from conftest import Command
from harness.cli import progress
from harness.cli.progress import Pace
from harness.plugins.tasks import TargetSpec, Task, TaskResult
from tests.support.suites import offer

SLOW = """
import time
from harness import Measurement, check, hookimpl, samples


@check("slow")
def slow():
    time.sleep(0.6)
    yield Measurement(metric="rate", sample=samples.proportion(k=9, n=10))


@hookimpl
def harness_checks():
    return {"slow": slow}
"""
SUITE = """name: s
target: {kind: table, config: {data: d}}
data: {d: {source: scores.parquet, id: id}}
steps:
  - {check: slow, require: {rate: {at_least: 0.1}}}
"""


def task(step: str) -> Task:
    return Task(step=step, check=step, target=TargetSpec(kind="table", config={}))


@pytest.mark.usefixtures("scores")
def test_a_pipe_is_told_which_step_runs(project: Path, harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.1)
    offer(project, slow=SLOW)
    (project / "s.suite.yaml").write_text(SUITE)

    done = harness("run", "s.suite.yaml")

    assert any(line.startswith("s: slow runs, 0 of 1 done, ") for line in done.err.splitlines())
    assert "slow runs" not in done.out


def test_a_short_run_says_nothing(project: Path, harness: Command, scores: Path) -> None:
    (project / "s.suite.yaml").write_text(SUITE.replace("check: slow", "check: rows.rate, with: {column: ok}"))

    assert "" == harness("run", "s.suite.yaml").err


def test_time_left_is_what_the_check_plans_for() -> None:
    pace = Pace("s", ["latency", "rows"], {"latency": 60.0})
    pace.start(task("latency"))

    assert "about 60 s left" == pace.left_text()
    assert pace.line().startswith("s: latency runs, 0 of 2 done, 0 s so far, about 60 s left")


def test_time_left_is_as_the_tasks_so_far_took_and_not_guessed_before() -> None:
    pace = Pace("s", ["a", "b", "b"], {})
    before = pace.left_text()
    pace.start(task("a"))
    time.sleep(0.5)
    pace.end(TaskResult(task=task("a")))

    assert ("", "about 1 s left") == (before, pace.left_text())
    assert "s: judges" == pace.step_text()


def test_no_time_is_said_to_be_left_once_the_plan_is_used_up_or_all_is_done() -> None:
    late, done = Pace("s", ["a"], {"a": 0.0}), Pace("s", ["a"], {})
    late.start(task("a"))
    done.end(TaskResult(task=task("a")))

    assert ("", "") == (late.left_text(), done.left_text())
    assert done.line().startswith("s: judges, 1 of 1 done, 0 s so far")


def test_time_left_does_not_grow_while_a_task_takes_longer_than_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 10.0, 10.0, 15.0, 40.0])
    monkeypatch.setattr("harness.cli.progress.time.monotonic", lambda: next(clock))
    pace = Pace("s", ["a", "b"], {})
    pace.start(task("a"))
    pace.end(TaskResult(task=task("a")))
    pace.start(task("b"))

    assert ["about 5 s left", ""] == [pace.left_text(), pace.left_text()]
