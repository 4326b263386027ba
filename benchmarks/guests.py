"""Measures what it costs to measure with deepchecks in its own environment: cold and warm, beside calling it directly.

Usage: python benchmarks/guests.py [ROUNDS [PAIRS]], where `harness plugins prepare deepchecks` has built the
environment. A round is `import deepchecks` and the first step of a new worker, of few rows, then PAIRS of a warm step
and a direct call of many, each in a process that stays, which take turns in being first: what loads the machine loads
both.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.isolated.checks import isolated_check, open_rooms
from harness.isolated.environments import Environment, find_guest, prepare
from harness.plugins.discovery import discover
from harness.plugins.tasks import TargetSpec, Task
from harness.settings import find_settings
from harness.testing import FakeTarget

QUIET = {**os.environ, "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "true"}
FEW, MANY = 20_000, 300_000  # rows; of the many, a call takes seconds
DIRECTLY = """
import json, sys, time
import pandas as pd
from deepchecks.tabular import Dataset, Suite, checks

def measure():
    began = time.perf_counter()
    table = pd.read_parquet(sys.argv[1])
    rows = Dataset(table, features=["amount", "channel"], cat_features=["channel"])
    names = ["IsSingleValue", "SpecialCharacters", "MixedNulls", "MixedDataTypes", "StringMismatch", "DataDuplicates"]
    names += ["StringLengthOutOfBounds", "FeatureFeatureCorrelation"]
    Suite("direct", *(getattr(checks, name)() for name in names)).run(rows, with_display=False)
    return time.perf_counter() - began

for _ in sys.stdin:
    print("TOOK", measure(), flush=True)
"""


def table(folder: Path, size: int) -> Path:
    """Write so many payments without a label."""
    chance = np.random.default_rng(0)
    rows = {"amount": chance.normal(size=size), "channel": np.array(["web", "pos"])[chance.integers(0, 2, size)]}
    file = folder / f"{size}.parquet"
    pq.write_table(pa.table(rows), file)
    return file


def python_command(environment: Environment, *arguments: str) -> Sequence[str]:
    """Return how a Python of the environment is started, with its bytecode at hand."""
    return [str(environment.python), "-W", "ignore", "-X", f"pycache_prefix={environment.bytecode}", *arguments]


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def direct_calls(environment: Environment, rows: Path) -> Iterator[Callable[[], float]]:
    """Yield what calls deepchecks in a process that stays, and returns how long the call took."""
    command = python_command(environment, "-c", DIRECTLY, str(rows))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, env=QUIET, **pipes) as process:
        assert process.stdin
        assert process.stdout

        def call() -> float:
            process.stdin.write("now\n")
            process.stdin.flush()
            return next(float(line.split()[1]) for line in process.stdout if line.startswith("TOOK"))

        yield call
        process.stdin.close()


@contextmanager
def isolated_steps(*files: Path) -> Iterator[Callable[[Path], float]]:
    """Yield what performs a step in a new worker and returns how long it took, the first one with its start."""
    plugins, targets = (
        discover(find_settings(Path.cwd())),
        {file: FakeTarget(rows=pq.read_table(file)) for file in files},
    )
    given = {"columns": ["amount", "channel"], "without": ["outliers"]}
    task = Task(step="s", check="deepchecks.data_integrity", target=TargetSpec(kind="fake", config={}), params=given)
    datasets = {file: {"data": target.dataset("data")} for file, target in targets.items()}  # a run opens them once
    starts = [time.perf_counter()]
    with open_rooms(["deepchecks"], plugins) as rooms:
        check = isolated_check(plugins, task.check, rooms, str)
        assert check is not None

        def step(file: Path) -> float:
            began = starts.pop() if starts else time.perf_counter()
            check.measure_target(targets[file], datasets[file], task)
            return time.perf_counter() - began

        yield step


def round_seconds(environment: Environment, few: Path, many: Path, pairs: int) -> Mapping[str, Sequence[float]]:
    """Return the times of one round, by what was done."""
    importing = python_command(environment, "-c", "import deepchecks")
    imported = seconds_of(lambda: subprocess.run(importing, check=True, env=QUIET, stdout=subprocess.DEVNULL))
    warm, calls = list[float](), list[float]()
    with isolated_steps(few, many) as step:
        first = step(few)
        with direct_calls(environment, many) as call:
            call()
            step(many)
            for number in range(pairs):
                if number % 2:
                    calls.append(call())
                warm.append(step(many))
                if not number % 2:
                    calls.append(call())
    return {"import": [imported], "first": [first], "call": calls, "warm": warm}


def main() -> None:
    """Print medians and quartiles of the times, and of the ratios of what was done beside each other."""
    rounds, pairs = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, 4), (2, 5)))
    guest, found = find_guest(discover(find_settings(Path.cwd())), "deepchecks"), dict[str, list[float]]()
    assert guest is not None
    environment = prepare(guest)
    with tempfile.TemporaryDirectory() as folder:
        few, many = (table(Path(folder), size) for size in (FEW, MANY))
        for _ in range(rounds):
            times = round_seconds(environment, few, many, pairs)
            for above, below in (("first", "import"), ("warm", "call")):
                ratios = [one / other for one, other in zip(times[above], times[below], strict=True)]
                times = {**times, f"{above} / {below}": ratios}
            for name, values in times.items():
                found.setdefault(name, []).extend(values)
            print(
                json.dumps({name: [round(value, 3) for value in values] for name, values in times.items()}), flush=True
            )
    for name, values in found.items():
        low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
        print(f"{name}: {middle:.2f} ({low:.2f} to {high:.2f}) of {len(values)}")


if __name__ == "__main__":
    main()
