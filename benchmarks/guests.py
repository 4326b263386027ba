"""Measures what it costs to measure with deepchecks in its own environment: cold and warm, beside calling it directly.

Usage: python benchmarks/guests.py [ROUNDS], where `harness plugins prepare deepchecks` has built the environment.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.isolated.checks import isolated_check, open_rooms
from harness.isolated.environments import Environment, find_guest, prepare
from harness.plugins.discovery import discover
from harness.plugins.tasks import TargetSpec, Task
from harness.settings import find_settings
from harness.testing import FakeTarget

ROWS = 20_000
COLUMNS = ["amount", "channel"]
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

print("TOOK" + json.dumps([measure() for _ in range(int(sys.argv[2]))]))
"""


def table(folder: Path) -> Path:
    """Write payments without a label."""
    chance = np.random.default_rng(0)
    rows = {"amount": chance.normal(size=ROWS), "channel": np.array(["web", "pos"])[chance.integers(0, 2, ROWS)]}
    pq.write_table(pa.table(rows), folder / "payments.parquet")
    return folder / "payments.parquet"


def python_seconds(environment: Environment, *arguments: str) -> tuple[float, str]:
    """Return how long a Python of the environment runs, with its bytecode at hand, and what it prints."""
    variables = {**os.environ, "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "true"}
    command = [environment.python, "-W", "ignore", "-X", f"pycache_prefix={environment.bytecode}", *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=variables)
    return time.perf_counter() - began, done.stdout


def isolated_seconds(rows: Path, times: int) -> list[float]:
    """Return how long each of some steps takes in a new worker; the first one opens it."""
    plugins, target = discover(find_settings(Path.cwd())), FakeTarget(rows=pq.read_table(rows))
    given = {"columns": COLUMNS, "without": ["outliers"]}
    task = Task(step="s", check="deepchecks.data_integrity", target=TargetSpec(kind="fake", config={}), params=given)
    began, taken = time.perf_counter(), []
    with open_rooms(["deepchecks"], plugins) as rooms:
        check = isolated_check(plugins, task.check, rooms, lambda _file: "")
        assert check is not None
        for _ in range(times):
            check.measure_target(target, {"data": target.dataset("data")}, task)
            taken.append(time.perf_counter() - began)
            began = time.perf_counter()
    return taken


def main() -> None:
    """Print quartiles over some rounds, each of all in turn: of the times, and of each round's own ratios."""
    rounds, found = int(sys.argv[1]) if len(sys.argv) > 1 else 5, dict[str, list[float]]()
    guest = find_guest(discover(find_settings(Path.cwd())), "deepchecks")
    assert guest is not None
    environment = prepare(guest)
    with tempfile.TemporaryDirectory() as folder:
        rows = table(Path(folder))
        for _ in range(rounds):
            imported, _ = python_seconds(environment, "-c", "import deepchecks")
            _, said = python_seconds(environment, "-c", DIRECTLY, str(rows), "4")
            first, *warm = isolated_seconds(rows, 4)
            calls = json.loads(said.rpartition("TOOK")[2])[1:]
            times = {"import": imported, "first": first, "call": median(calls), "warm": median(warm)}
            times |= {"first / import": first / imported, "warm / call": times["warm"] / times["call"]}
            for name, seconds in times.items():
                found.setdefault(name, []).append(seconds)
            print(json.dumps({name: round(value, 3) for name, value in times.items()}), flush=True)
    for name, values in found.items():
        low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
        print(f"{name}: {middle:.2f} ({low:.2f} to {high:.2f}) over {len(values)} rounds")


if __name__ == "__main__":
    main()
