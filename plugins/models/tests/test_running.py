"""`harness run` with steps that call models: what is recorded of them, replayed and spent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness_models.testing import StandIn, completion

Command = Callable[..., Any]


def recorded(project: Path) -> dict[str, Any]:
    return dict(json.loads((project / "out/asked/run.json").read_text()))


def test_a_run_records_its_calls_and_their_cost(asking: Path, harness: Command) -> None:
    found = harness("run", "a.suite.yaml", "--out", "out", "--budget", "5.00")

    run = recorded(asking)
    assert 0 == found.code, found.err
    assert (40, 0, 0, 0) == tuple(run["calls"][name] for name in ("sent", "replayed", "resumed", "failed"))
    assert "off" == run["calls"]["replay"]
    assert (40 * 15, pytest.approx(40 * 0.00006)) == (run["cost"]["tokens"], run["cost"]["money"])


def test_a_replayed_run_has_the_same_answers_sends_nothing_and_costs_nothing(
    asking: Path, harness: Command, upstream: StandIn
) -> None:
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "record")
    first = recorded(asking)
    found = harness("run", "a.suite.yaml", "--out", "out", "--replay", "strict")
    second = recorded(asking)

    assert 0 == found.code, found.err
    assert 40 == len(upstream.seen)
    assert first["calls"]["answers"] == second["calls"]["answers"]
    assert 40 == second["calls"]["replayed"]
    assert (0, 0.0) == (second["cost"]["tokens"], second["cost"]["money"])


def test_a_budget_that_is_spent_is_an_error_and_never_a_pass(asking: Path, harness: Command, upstream: StandIn) -> None:
    found = harness("run", "a.suite.yaml", "--out", "out", "--budget", "0.001")

    assert 3 == found.code
    assert "of the budget is left" in recorded(asking)["verdicts"][0]["reason"]
    assert 0.00006 * len(upstream.seen) <= 0.001


def test_what_was_answered_before_an_error_is_not_paid_again(asking: Path, harness: Command, upstream: StandIn) -> None:
    upstream.script = lambda server, asked: (200, completion()) if len(server.seen) <= 25 else (500, "no")
    harness("run", "a.suite.yaml", "--out", "out")
    upstream.script = lambda server, asked: (200, completion())
    harness("run", "a.suite.yaml", "--out", "out")

    assert (15, 25) == tuple(recorded(asking)["calls"][name] for name in ("sent", "resumed"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--replay", "strict"], "holds no answers to replay"),
        (["--budget", "much"], "budget 'much' is no amount"),
        (["--budget", "-1"], "budget '-1' is no amount"),
        (["--budget", "NaN"], "budget 'NaN' is no amount"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(asking: Path, harness: Command, arguments: list[str], said: str) -> None:
    found = harness("run", "a.suite.yaml", *arguments)

    assert 4 == found.code
    assert said in found.err


def test_without_declared_models_there_is_no_door_and_no_budget(asking: Path, harness: Command) -> None:
    (asking / "models.yaml").unlink()

    without = harness("run", "a.suite.yaml", "--out", "out")
    with_budget = harness("run", "a.suite.yaml", "--budget", "5")

    assert 0 == without.code
    assert recorded(asking)["calls"] is None
    assert 4 == with_budget.code


@pytest.mark.parametrize("other", ["url: https://elsewhere.example/v1", "other:"])
def test_where_models_are_declared_nothing_else_is_reached(
    asking: Path, harness: Command, upstream: StandIn, other: str
) -> None:
    file = asking / "models.yaml"
    file.write_text(file.read_text().replace(f"url: {upstream.url}" if other.startswith("url") else "judge:", other))

    found = harness("run", "a.suite.yaml")

    assert 4 == found.code
    assert "say the same in both" in found.err or "is not in models.yaml, which declares other" in found.err
    assert [] == upstream.seen
