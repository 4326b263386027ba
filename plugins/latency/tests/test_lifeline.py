"""A load ends with whoever asked for it, also when that is killed: nobody waits for it any more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Service = tuple[Any, str]
LOCUSTFILE = """
from locust import FastHttpUser, constant_throughput, task

class Somebody(FastHttpUser):
    wait_time = constant_throughput(50)

    @task
    def ask(self):
        self.client.get("/")
"""
QUIET = 1.0  # seconds without a request, of a load of a hundred a second


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_load_ends_with_the_harness(suite: Callable[..., Path], service: Service, end: signal.Signals) -> None:
    _end_in_the_middle(suite("/", "latency.open_loop", rate=100, duration=60), service[0], end)

    assert _falls_quiet(service[0])


def test_users_of_locust_end_with_the_harness(suite: Callable[..., Path], service: Service, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    pace = dict.fromkeys(("rate", "warmup", "late_ms", "timeout"))
    asked = {"locustfile": str(tmp_path / "locustfile.py"), "users": 4, "processes": 2, "duration": 60, **pace}

    _end_in_the_middle(suite("/", "latency.locust", **asked), service[0], signal.SIGKILL)

    assert _falls_quiet(service[0])


def _end_in_the_middle(suite: Path, service: Any, end: signal.Signals) -> None:
    """Start the installed command on a suite, and end it in the middle of its load."""
    command = [str(Path(sys.executable).with_name("harness")), "run", str(suite)]
    with subprocess.Popen(command, cwd=suite.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        assert _holds(lambda: service.requests > 50)
        os.kill(run.pid, end)
        run.wait(30)


def _falls_quiet(service: Any) -> bool:
    """Tell whether requests stop coming."""
    return _holds(lambda: _is_quiet(service))


def _is_quiet(service: Any) -> bool:
    before = service.requests
    time.sleep(QUIET)
    return bool(before == service.requests)


def _holds(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Tell whether a condition holds within some seconds."""
    until = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return found
