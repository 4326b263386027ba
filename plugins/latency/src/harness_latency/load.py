"""Puts load on an endpoint from a process of its own and returns what each request saw."""

import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, UsageError
from harness_latency.lifeline import lifeline
from harness_latency.plan import FAULT, Plan
from harness_latency.probing import TRIES
from harness_latency.schedule import Arrivals, schedule
from harness_latency.shots import FEWEST, Shots, late_start_problems, no_answer_problems, read_shots

MOST_CONNECTIONS = 900  # many systems let a process open 1,024 files
SLACK = 30  # seconds for the generator to start and to write


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How hard and for how long: requests a second, seconds measured after seconds of warm-up."""

    rate: float
    duration: float
    arrivals: Arrivals = "constant"
    warmup: float = 2.0
    connections: int = 256
    timeout: float = 10.0
    late_ms: float = 10.0
    seed: int = 0

    def held_up(self, stall: float | None) -> int | None:
        """Return how many requests a stall of so many seconds holds up; None where none was declared."""
        return None if stall is None else max(1, math.ceil(self.rate * stall))

    def due(self) -> NDArray[np.float64]:
        """Return when requests are due, the warm-up's first."""
        measured = schedule(self.rate, self.duration, self.arrivals, self.seed) + self.warmup
        if len(measured) < FEWEST:
            raise UsageError(
                f"{self.rate:g}/s for {self.duration:g} s are {len(measured)} requests; {FEWEST} or more are needed "
                f"to tell bursts from chance, so raise duration or rate"
            )
        if not self.warmup:
            return measured
        return np.concatenate([schedule(self.rate, self.warmup, "constant", self.seed), measured])


def measure_load(pace: Pace, plan: Plan) -> Shots:
    """Return the requests of one load, less its warm-up, if they were started in time and some were answered."""
    return sound(run_load(pace, plan), plan, pace.late_ms)


def run_load(pace: Pace, plan: Plan) -> Shots:
    """Return the requests of one load, less its warm-up, whatever became of them."""
    each = np.repeat(pace.due(), len(plan.endpoints))
    return carry_out(plan, each).part(each >= pace.warmup)


def sound(shots: Shots, plan: Plan, late_ms: float) -> Shots:
    """Return the requests if every endpoint answered some and they were started in time.

    An endpoint that answers nothing is said first: it is the more useful fact, however late the generator was.
    """
    side = plan.endpoint_of(shots.number)
    troubles = [
        *(
            message
            for i, at in enumerate(plan.endpoints)
            for message in no_answer_problems(shots.part(side == i), str(at))
        ),
        *late_start_problems(shots, late_ms),
    ]
    if troubles:
        raise HarnessError("; besides, ".join(troubles))
    return shots


def carry_out(plan: Plan, due: NDArray[np.float64]) -> Shots:
    """Return what a generator in a process of its own measured."""
    if not 0 < plan.connections <= MOST_CONNECTIONS:
        raise UsageError(f"connections must lie between 1 and {MOST_CONNECTIONS}; found {plan.connections}")
    with tempfile.TemporaryDirectory(prefix="harness-latency-") as name:
        plan.write(Path(name), due)
        _run(Path(name), float(due[-1]) + (1 + TRIES * len(plan.endpoints)) * plan.timeout + SLACK)
        return read_shots(Path(name))


def _run(folder: Path, seconds: float) -> None:
    command = [sys.executable, "-m", "harness_latency.generator", str(folder)]
    try:
        with lifeline() as stdin:
            done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as trouble:
        raise HarnessError(
            f"the load generator did not end within {seconds:.0f} s; is this machine too busy?"
        ) from trouble
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise HarnessError(f"the load generator ended with {done.returncode}: {said[0]}")
    if (folder / FAULT).exists():
        raise HarnessError((folder / FAULT).read_text(encoding="utf-8"))
