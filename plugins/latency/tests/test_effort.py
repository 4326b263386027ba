"""A plan says what a load would take, and sends none."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness_latency.effort import each_of, effort_of_rates, effort_of_users

from harness import UsageError


def _planned(suite: Path, *options: str) -> str:
    code = "from harness.cli import main; main()"
    command = [sys.executable, "-c", code, "plan", suite.name, *options]
    return subprocess.run(command, cwd=suite.parent, capture_output=True, text=True, check=True).stdout


def test_a_plan_puts_no_load_on_the_service(suite: Callable[..., Path], service: tuple[Any, str]) -> None:
    said = _planned(suite("/", "latency.open_loop", rate=400, duration=60, warmup=2, severity="must"))

    assert "Nothing was run to see what is there" in said
    assert "latency.open_loop: not run" in said
    assert "it would take 62 s and yield 24,000 requests" in said
    assert (0, 0) == (service[0].requests, service[0].connections)


def test_a_plan_of_a_load_is_there_for_machines(suite: Callable[..., Path]) -> None:
    found = json.loads(_planned(suite("/", "latency.open_loop", rate=[400, 800], duration=10, warmup=1), "--json"))

    (step,) = found[0]["not_run"]
    assert ("latency.open_loop", 22, 12_000, "requests") == tuple(step[n] for n in ("check", "seconds", "n", "unit"))


def test_steps_take_their_warm_ups_too() -> None:
    found = effort_of_rates(duration=10, warmup=2, rates=[100, 200], limit_ms=5)

    assert (24, 3000) == (found.seconds, found.n)


def test_how_many_requests_waiting_users_make_is_not_known() -> None:
    assert (30, None) == (effort_of_users(duration=30).seconds, effort_of_users(duration=30).n)


def test_steps_of_the_same_rate_are_refused() -> None:
    with pytest.raises(UsageError, match="steps are different rates"):
        each_of([100, 100])
