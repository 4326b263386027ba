"""Steps that several processes measured make one run, if all of them saw the same things."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harness import HarnessError, Identity, Measurement, Run, Sample
from harness.records.runs import join_runs, run_digest
from harness.values.runs import Data

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def part(metric: str, **changes: Any) -> Run:
    """Return a run that holds one step."""
    sample = Sample(statistic="exact", counts={"value": 1.0, "n": 1})
    run = Run(
        id=metric,
        digest="",
        project="demo",
        suite="s",
        suite_digest="sha256:0",
        candidate=Identity(revision="v1"),
        datasets={"d": Data(uri="d.csv", digest="sha256:1", rows=3)},
        plugins={metric: "1.0"},
        verdicts=(),
        measurements=(Measurement(metric=metric, sample=sample),),
        as_of=NOON,
        started=NOON,
        finished=NOON,
        cost={"seconds": 1.5},
    )
    return replace(run, **changes)


def test_parts_make_one_run_whatever_their_order() -> None:
    forward, backward = join_runs([part("a"), part("b")]), join_runs([part("b"), part("a")])

    assert forward.digest == backward.digest == run_digest(forward)
    assert ["a", "b"] == [measurement.metric for measurement in forward.measurements]
    assert {"a": "1.0", "b": "1.0"} == forward.plugins
    assert {"seconds": 3.0} == forward.cost


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidate": Identity(revision="v2")}, "the steps saw different candidates or suites: v1 and v2"),
        ({"suite_digest": "sha256:9"}, "the steps saw different candidates or suites"),
        ({"datasets": {"d": Data(uri="d.csv", digest="sha256:2", rows=3)}}, "dataset 'd' changed while its steps"),
        ({"baselines": {"champion": None}}, "baseline 'champion' changed while its steps"),
    ],
)
def test_parts_that_saw_other_things_are_refused(changes: Mapping[str, Any], message: str) -> None:
    first = part("a", baselines={"champion": Identity(revision="v0")})

    with pytest.raises(HarnessError, match=message):
        join_runs([first, part("b", **changes)])
