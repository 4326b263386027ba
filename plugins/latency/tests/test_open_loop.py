"""Open-loop load: requests wait for no answer, and their clock runs from when they were due."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness import Run

Service = tuple[Any, str]


def _sample(run: Run, metric: str = "over_limit") -> Any:
    errors = [v.reason for v in run.verdicts if v.outcome == "error"]
    assert not errors, errors
    return next(m.sample for m in run.measurements if m.metric == metric)


def test_every_request_due_is_sent_and_the_warm_up_is_not_counted(run: Callable[..., Run], service: Service) -> None:
    rows = _sample(run()).rows

    assert 500 == rows.num_rows
    assert 1 + 580 == service[0].requests


@pytest.mark.parametrize("path", ["/chunked", "/interim", "/once", "/until-closed", "/twice"])
def test_an_answer_may_come_in_any_form_of_http(run: Callable[..., Run], path: str) -> None:
    assert 0.0 == np.mean(_sample(run(path), "error_rate").rows["y"].to_numpy())


@pytest.mark.parametrize("path", ["/broken", "/garbage", "/closes"])
def test_a_service_that_only_fails_is_an_error_before_any_load(
    run: Callable[..., Run], service: Service, path: str
) -> None:
    found = run(path)

    assert "none of 3 requests was answered" in found["over_limit"].reason
    assert 3 == service[0].requests


def test_slow_answers_do_not_slow_arrivals(run: Callable[..., Run], service: Service) -> None:
    rows = _sample(run("/slow")).rows

    assert 1.2475 == pytest.approx(rows["time"].to_numpy().max() - rows["time"].to_numpy().min())
    assert rows["score"].to_numpy().min() >= 50
    assert 15 <= service[0].connections  # 400/s x 50 ms are in flight at any time


def test_a_stall_is_felt_by_every_request_that_was_due_meanwhile(run: Callable[..., Run], service: Service) -> None:
    service[0].stalls, service[0].stall_seconds = {200}, 0.5
    latency = _sample(run(limit_ms=100)).rows["score"].to_numpy()

    assert 120 <= (latency > 100).sum()  # 200 were due in 500 ms, 160 of them over 100 ms before its end
    assert 400 <= latency.max()


def test_requests_beyond_the_connections_wait_on_the_clock(run: Callable[..., Run], service: Service) -> None:
    latency = _sample(run("/slow", connections=5)).rows["score"].to_numpy()

    assert 1 + 5 == service[0].connections  # the first asks before the load
    assert latency.max() > 1000  # 5 connections carry 100/s of the 400/s


def test_what_hangs_is_timed_out_and_counted(run: Callable[..., Run], service: Service) -> None:
    service[0].breaks_after, service[0].breaks_to = 1, "/hangs"

    found = run(timeout=1.1, limit_ms=1000)

    assert "none of 500 requests was answered" in found["over_limit"].reason
    assert "500 x timed out" in found["over_limit"].reason


def test_a_timeout_below_the_limit_is_refused(run: Callable[..., Run]) -> None:
    found = run(timeout=0.5)

    assert "must exceed limit_ms" in found["over_limit"].reason


def test_too_few_requests_to_see_bursts_are_refused(run: Callable[..., Run]) -> None:
    found = run(duration=0.9)

    assert "400 or more are needed" in found["over_limit"].reason


def test_rates_are_steps_that_are_told_apart(run: Callable[..., Run], service: Service) -> None:
    found = run(rate=[400, 500], duration=1.0)

    samples: dict[str, Any] = {m.labels["rate"]: m.sample for m in found.measurements if m.metric == "over_limit"}
    rows = {rate: sample.rows.num_rows for rate, sample in samples.items()}
    assert {"400": 400, "500": 500} == rows
    assert {"over_limit[rate=400]", "over_limit[rate=500]"} <= {v.name for v in found.verdicts}
    assert (1 + 80 + 400) + (1 + 100 + 500) == service[0].requests


def test_beyond_its_capacity_a_service_is_late_for_everybody_and_the_answers_do_not_keep_up(
    run: Callable[..., Run],
) -> None:
    found = run("/slow", connections=5, limit_ms=500)  # 5 connections carry 100/s of the 400/s

    over, rate = _sample(found), _sample(found, "rate")
    assert over.rows["y"].to_numpy().mean() > 0.5
    assert rate.counts["value"] < 150
