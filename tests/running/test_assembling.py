"""Steps that several processes measured make one run, if all of them saw the same things."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness import Cost, HarnessError, Identity, Measurement, samples
from harness.records.digests import run_digest
from harness.running.assembling import assemble_run
from harness.running.finishing import FinishedStep
from harness.running.judging import JudgedStep
from harness.running.opening import SuiteInputs
from harness.running.options import RunOptions
from harness.suite.suites import Suite, read_suite
from harness.values.runs import Data

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OPTIONS = RunOptions(project="demo", as_of=NOON)
DATA = {"d": Data(uri="d.csv", digest="sha256:1", rows=3)}
SUITE = """name: s
data: {d: {source: d.csv}}
target: {kind: table, config: {data: d}}
steps: [{check: a}, {check: b}]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "s.suite.yaml").write_text(SUITE)
    return read_suite(tmp_path / "s.suite.yaml")


def judged(suite: Suite, step: str, minute: int = 0, **changes: Any) -> JudgedStep:
    """Return a step that was judged in a process of its own, which saw what `changes` say."""
    sample = samples.exact(value=1.0, n=1)
    finished = FinishedStep(
        step=step,
        measurements=[Measurement(metric=step, sample=sample)],
        cost=Cost(seconds=1.5, tokens=10, money=0.25),
        plugins={step: "1.0"},
    )
    seen = SuiteInputs(
        suite_digest=suite.digest,
        candidate=Identity(revision="v1"),
        baselines={"champion": Identity(revision="v0")},
        datasets=DATA,
    )
    started = NOON + timedelta(minutes=minute)
    return JudgedStep(
        finished=finished,
        verdicts=[],
        inputs=replace(seen, **changes),
        started=started,
        ended=started + timedelta(seconds=30),
    )


def test_steps_make_one_run_whatever_their_order(suite: Suite) -> None:
    a, b = judged(suite, "a"), judged(suite, "b")

    forward, backward = assemble_run(suite, [a, b], OPTIONS), assemble_run(suite, [b, a], OPTIONS)

    assert forward.digest == backward.digest == run_digest(forward)
    assert ["a", "b"] == [measurement.metric for measurement in forward.measurements]
    assert {"a": "1.0", "b": "1.0"} == forward.plugins


def test_a_run_lasts_from_its_first_step_to_its_last_and_costs_what_all_cost(suite: Suite) -> None:
    run = assemble_run(suite, [judged(suite, "a", minute=5), judged(suite, "b", minute=2)], OPTIONS)

    assert (NOON + timedelta(minutes=2), NOON + timedelta(minutes=5, seconds=30)) == (run.started, run.finished)
    assert Cost(seconds=3.0, tokens=20, money=0.5) == run.cost


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidate": Identity(revision="v2")}, "the steps saw different candidates: v1 and v2"),
        ({"suite_digest": "sha256:9"}, "its file changed while its steps were measured"),
        ({"datasets": {"d": Data(uri="d.csv", digest="sha256:2", rows=3)}}, "dataset 'd' changed while its steps"),
        ({"baselines": {"champion": None}}, "baseline 'champion' changed while its steps"),
    ],
)
def test_steps_that_saw_other_things_are_refused(suite: Suite, changes: Mapping[str, Any], message: str) -> None:
    steps = [judged(suite, "a"), judged(suite, "b", **changes)]

    with pytest.raises(HarnessError, match=message):
        assemble_run(suite, steps, OPTIONS)
