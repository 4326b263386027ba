"""Times `harness run`, `harness gate` and a second run of one check split by a column of 20, 200 and 2,000 values.

Usage: python benchmarks/slices.py [--slices 20 200 2000] [--rows 100000] [--folder slices-bench]
Each size is a fresh project and each command a process of its own, started as users start it; the files of evidence and
the size of the run's record are printed beside the seconds.
"""

import argparse
import json
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COMMAND = Path(sys.executable).with_name("harness")
SUITE = """name: shops
data: {payments: {source: payments.parquet, id: id, label: label}}
target: {kind: table, config: {data: payments, decision: decision}}
steps:
  - check: quality.classifier
    by: [shop]
    require:
      recall: {at_least: 0.2}
      precision: {at_least: 0.2, severity: info}
"""
GATES = "gates:\n  test: {suites: [shops], on_inconclusive: report}\n"


def write(folder: Path, rows: int, slices: int) -> None:
    """Write a project whose one table spreads its rows evenly over the slices."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chance = np.random.default_rng(slices)
    label = chance.random(rows) < 0.2
    score = np.clip(chance.normal(np.where(label, 0.6, 0.4), 0.15), 0, 1)
    shop = [f"shop {number % slices:04}" for number in range(rows)]
    table = {"id": np.arange(rows), "label": label.astype(np.int8), "score": score, "shop": shop}
    pq.write_table(pa.table({**table, "decision": (score > 0.5).astype(np.int8)}), folder / "payments.parquet")
    (folder / "pyproject.toml").write_text('[project]\nname = "shops"\nversion = "0"\n')
    (folder / "shops.suite.yaml").write_text(SUITE)
    (folder / "gates.yaml").write_text(GATES)


def timed(folder: Path, *arguments: str) -> str:
    """Return the seconds and CPU-seconds of a whole command; 0 passes, 1 and 2 decide otherwise, and more is broken."""
    began, used = time.perf_counter(), cpu_of_children()
    done = subprocess.run([COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    took = f"{time.perf_counter() - began:6.2f} s ({cpu_of_children() - used:6.2f} CPU)"
    if done.returncode not in (0, 1, 2) or "shops" not in done.stdout + done.stderr:
        raise RuntimeError(f"harness {' '.join(arguments)} ended with {done.returncode}: {done.stderr or done.stdout}")
    return took


def candidate(folder: Path) -> str:
    """Return the revision of what was judged."""
    found: str = json.loads((folder / "out" / "shops" / "run.json").read_text())["candidate"]["revision"]
    return found


def cpu_of_children() -> float:
    """Return the CPU-seconds that finished processes took, the same on a machine that is busy with other things."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def kept(folder: Path) -> str:
    """Return how many files of evidence there are and how large, and the size of the run's record."""
    files = list((folder / ".harness" / "evidence").iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    ledgers = [file.stat().st_size for file in (folder / ".harness").glob("*.db*")]
    return f"{len(files):5} files of {size:5.1f} MB, ledger {sum(ledgers) / 1e6:5.1f} MB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each number of slices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, nargs="+", default=[20, 200, 2000])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path("slices-bench"))
    asked = parser.parse_args(arguments)
    versions = {name: version(name) for name in ("promotion-harness", "pyarrow", "numpy", "pydantic")}
    print(json.dumps({"python": platform.python_version(), "machine": platform.machine(), **versions}))
    for slices in asked.slices:
        write(asked.folder, asked.rows, slices)
        run = timed(asked.folder, "run", "shops.suite.yaml", "--out", "out")
        gate = timed(asked.folder, "gate", "test", "--gates", "gates.yaml", "--candidate", candidate(asked.folder))
        again = timed(asked.folder, "run", "shops.suite.yaml", "--out", "out")
        print(f"{slices:5} slices: run {run}, gate {gate}, run again {again}, {kept(asked.folder)}", flush=True)


if __name__ == "__main__":
    main()
