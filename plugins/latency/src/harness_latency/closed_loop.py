"""Runs a locustfile: users that each wait for an answer before they ask again, which hides stalls."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from harness import HarnessError, UsageError
from harness_latency.lifeline import lifeline
from harness_latency.shots import Shots, new_load_id, no_answer_problems

SLACK = 120  # seconds for Locust to start its users, to stop them, and for workers to send what they saw
CONNECT = 120  # seconds for workers to connect
SOME_FAILED = 1
OK, ERROR = 200, 400  # a redirect that Locust was told not to follow is the user's own idea of an answer
STRAIGHT = {"no_proxy": "*", "NO_PROXY": "*"}  # as every request of the harness goes


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Users: how many, started how fast, asking for how long, and in which processes they live.

    `processes` are forked here; `workers` are started by somebody else, on other machines, and connect to `bind`.
    """

    users: int
    spawn_rate: float
    duration: float
    processes: int = 1
    workers: int = 0
    bind: str = "127.0.0.1:5557"

    def options(self) -> list[str]:
        """Return what Locust is told."""
        plain = ["-u", str(self.users), "-r", f"{self.spawn_rate:g}", "-t", f"{self.duration:g}s", "--only-summary"]
        if not self.workers:
            return [*plain, *(["--processes", str(self.processes)] if self.processes > 1 else [])]
        host, port = self.where()
        awaited = ["--expect-workers", str(self.workers), "--expect-workers-max-wait", str(CONNECT)]
        return [*plain, "--master", "--master-bind-host", host, "--master-bind-port", port, *awaited]

    def where(self) -> tuple[str, str]:
        """Return the host and port that workers connect to."""
        host, _, port = self.bind.rpartition(":")
        if not host or not port.isdigit():
            raise UsageError(f"bind is an address of this machine, as in 10.0.0.5:5557; found {self.bind!r}")
        return host, port

    def sender_count(self) -> int:
        """Return how many processes send samples."""
        return self.workers or self.processes


def run_locust(locustfile: str, url: str, crowd: Crowd) -> Shots:
    """Return the requests that the users of a locustfile made, on every worker."""
    _possible(locustfile, crowd)
    with tempfile.TemporaryDirectory(prefix="harness-locust-") as folder:
        files = f"{Path(locustfile).resolve()},{Path(__file__).with_name('recorder.py')}"
        command = [sys.executable, "-m", "locust", "-f", files, "--headless", "--host", url]
        began = time.time()
        said = _run([*command, "--harness-samples", folder, *crowd.options()], crowd)
        shots = _read(sorted(Path(folder).glob("*.tsv")), crowd, said, began)
    for message in no_answer_problems(shots):
        raise HarnessError(message)
    return shots


def _possible(locustfile: str, crowd: Crowd) -> None:
    if find_spec("locust") is None:
        raise UsageError("Locust is not installed; pip install 'promotion-harness-latency[locust]'")
    if not Path(locustfile).is_file():
        raise UsageError(f"no locustfile {locustfile!r} in {Path.cwd()}; name it from where harness is run")
    if crowd.workers and crowd.processes > 1:
        raise UsageError(f"workers: {crowd.workers} and processes: {crowd.processes} exclude each other; name one")


def _run(command: list[str], crowd: Crowd) -> str:
    seconds = crowd.duration + SLACK + (CONNECT if crowd.workers else 0)
    try:
        with lifeline() as stdin:
            done = subprocess.run(
                command,
                stdin=stdin,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
                env={**os.environ, **STRAIGHT},
            )
    except subprocess.TimeoutExpired as trouble:
        raise HarnessError(f"locust did not end within {seconds:.0f} s; does the locustfile ever stop?") from trouble
    said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    if done.returncode not in (0, SOME_FAILED):
        raise HarnessError(f"locust ended with {done.returncode}: {said}")
    return said


def _read(files: list[Path], crowd: Crowd, said: str, began: float) -> Shots:
    if crowd.workers and len(files) < crowd.workers:
        raise HarnessError(
            f"{len(files)} of {crowd.workers} workers sent what they saw, so nothing was measured; start each with "
            f"`locust --worker -f - --master-host {' --master-port '.join(crowd.where())}` (locust: {said})"
        )
    lines = [line.split("\t") for path in files for line in path.read_text("ascii").splitlines()]
    if len(files) < crowd.sender_count() or not lines:
        raise HarnessError(f"the locustfile made no request; does it have a User with a task? (locust: {said})")
    rows = np.array(sorted((float(began), float(took), int(status)) for began, took, status in lines))
    status = rows[:, 2].astype(np.int64)
    return Shots(
        load=new_load_id(),
        began=began,
        number=np.arange(len(rows)),
        due=rows[:, 0] - rows[0, 0],
        latency_ms=rows[:, 1],
        late_ms=np.zeros(len(rows)),
        status=status,
        is_answered=(status >= OK) & (status < ERROR),
    )
