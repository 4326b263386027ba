"""Locust's users, the highest rate that holds, and two services under one load."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_latency.capacity import require_on_time
from harness_latency.load import Pace
from harness_latency.shots import Shots

from harness import HarnessError, Run, describe

Service = tuple[Any, str]
LOCUSTFILE = """
from locust import FastHttpUser, constant_throughput, task

class Somebody(FastHttpUser):
    wait_time = constant_throughput({rate})

    @task
    def ask(self):
        self.client.get("/")
"""
UNTIL_ENOUGH = (
    LOCUSTFILE
    + """        self.environment.asked = getattr(self.environment, "asked", 0) + 1
        if self.environment.asked > 450:
            self.environment.runner.quit()
"""
)
NO_PACE = dict.fromkeys(("rate", "warmup", "late_ms", "timeout"))


def _measured(run: Run, metric: str) -> Any:
    errors = [v.reason for v in run.verdicts if v.outcome == "error"]
    assert not errors, errors
    return next(m for m in run.measurements if m.metric == metric)


def test_a_locustfile_is_a_step_with_raw_samples(run: Callable[..., Run], service: Service, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(UNTIL_ENOUGH.format(rate=100))

    found = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), users=10, duration=60, **NO_PACE)

    rows = _measured(found, "over_limit").sample.rows
    assert 400 <= rows.num_rows <= service[0].requests
    assert len(np.unique(rows["score"].to_numpy())) > rows.num_rows / 2  # not rounded to milliseconds


def test_a_stall_declared_of_a_locustfile_is_known_to_the_sample_in_requests(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "locustfile.py").write_text(UNTIL_ENOUGH.format(rate=100))

    asked = {"users": 10, "duration": 60, "longest_stall": 3600, **NO_PACE}
    found = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), **asked)

    sample = _measured(found, "over_limit").sample
    assert sample.rows.num_rows - 1 == sample.counts["stall"]
    assert "as declared, are reckoned with" in found.verdicts[0].notes[0]


def test_a_locustfile_that_is_not_there_is_named(run: Callable[..., Run]) -> None:
    found = run(check="latency.locust", locustfile="nope.py", users=5, duration=2, **NO_PACE)

    assert "no locustfile 'nope.py'" in found["over_limit"].reason


def test_a_locustfile_that_does_not_import_is_an_error(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("1 / 0")

    found = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), users=10, duration=4, **NO_PACE)

    assert "error" == found["over_limit"].outcome


def test_capacity_is_the_last_rate_that_held(run: Callable[..., Run], service: Service) -> None:
    service[0].breaks_after = 1 + 480 + 1 + 300  # in the middle of what is counted of the second rate

    found = run(check="latency.capacity", rates=[400, 500, 600], duration=1.0, rate=None, metrics=["capacity"])

    assert 400 == _measured(found, "capacity").sample.counts["value"]
    assert (1 + 480) + (1 + 600) == service[0].requests  # beyond capacity no higher rate is tried


def test_capacity_is_at_least_the_highest_rate_that_was_tried(run: Callable[..., Run]) -> None:
    found = run(check="latency.capacity", rates=[400, 500], duration=1.0, rate=None, metrics=["capacity"])

    assert ("capacity[bound=at least]", "500") == (found.verdicts[0].name, str(describe(found.verdicts[0]).found))


def test_capacity_is_not_known_if_the_generator_was_late(run: Callable[..., Run]) -> None:
    found = run(check="latency.capacity", rates=[400, 500], duration=1.0, rate=None, late_ms=1e-6, metrics=["capacity"])

    assert "the generator was late" in found["capacity"].reason


def test_a_generator_that_is_late_beyond_a_rate_that_held_gives_no_capacity() -> None:
    late = Shots(
        number=np.arange(500), due=np.arange(500) / 500, latency_ms=np.full(500, 900.0), late_ms=np.full(500, 800.0),
        status=np.full(500, 200),
        is_answered=np.full(500, True),
        load="a",
        began=0.0,
    )  # fmt: skip

    with pytest.raises(HarnessError, match=r"not known: it is at least 400/s, but at 500/s the generator was late"):
        require_on_time(late, Pace(rate=500, duration=1), held=[400])


def test_rates_that_do_not_rise_are_refused(run: Callable[..., Run]) -> None:
    found = run(check="latency.capacity", rates=[500, 400], rate=None, metrics=["capacity"])

    assert "rates rise from one to the next" in found["capacity"].reason


def test_a_service_compared_with_itself_gets_the_same_requests_at_the_same_instants(
    run: Callable[..., Run], service: Service
) -> None:
    found = run(check="latency.compare", baseline_url=service[1], metrics=["slower_ms", "more_over_limit"])

    assert 500 == _measured(found, "more_over_limit").sample.rows.num_rows
    assert 2 * (1 + 580) == service[0].requests


@pytest.mark.heavy
def test_processes_forked_here_send_every_sample(run: Callable[..., Run], service: Service, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE.format(rate=100))

    asked = {"users": 10, "duration": 10, "processes": 2, **NO_PACE}
    found = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), **asked)

    rows = _measured(found, "over_limit").sample.rows
    assert 400 <= rows.num_rows <= service[0].requests
    assert 0.9 * service[0].requests <= rows.num_rows


@pytest.mark.heavy
def test_workers_elsewhere_send_every_sample(run: Callable[..., Run], service: Service, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE.format(rate=100))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "locust", "--worker", "-f", "-", "--master-host", "127.0.0.1"]
    workers = [subprocess.Popen([*command, "--master-port", port], cwd=tmp_path) for _ in range(2)]

    asked = {"users": 10, "duration": 10, "workers": 2, "bind": f"127.0.0.1:{port}", **NO_PACE}
    found = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), **asked)

    ended = [worker.wait(60) for worker in workers]
    rows = _measured(found, "over_limit").sample.rows
    assert 400 <= rows.num_rows <= service[0].requests
    assert 0.9 * service[0].requests <= rows.num_rows
    assert [0, 0] == ended


def test_workers_and_processes_exclude_each_other(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE.format(rate=100))

    asked = {"users": 10, "duration": 5, "workers": 2, "processes": 2, **NO_PACE}
    found = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), **asked)

    assert "exclude each other" in found["over_limit"].reason


@pytest.mark.heavy
def test_open_loop_sees_the_stalls_that_a_closed_loop_hides(
    run: Callable[..., Run], service: Service, tmp_path: Path
) -> None:
    asked = {"at_most": 0.01, "severity": "must", "metrics": ["over_limit"], "limit_ms": 100, "duration": 40}
    service[0].stalls, service[0].stall_seconds = {1000, 3000}, 2.0
    opened = run(rate=100, late_ms=90, **asked)
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE.format(rate=100))
    service[0].stalls = {n + service[0].requests for n in service[0].stalls}
    closed = run(check="latency.locust", locustfile=str(tmp_path / "locustfile.py"), users=1, **{**asked, **NO_PACE})

    slow = {run.started: _measured(run, "over_limit").sample.rows["y"].to_numpy().sum() for run in (opened, closed)}
    print(f"open loop: {slow[opened.started]:.0f} over 100 ms; closed loop: {slow[closed.started]:.0f}")
    assert 300 <= slow[opened.started]
    assert slow[closed.started] <= slow[opened.started] / 10
    assert "pass" != opened["over_limit"].outcome
