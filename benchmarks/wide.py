"""Measures `harness run` of drift and of a schema on 5,000 columns of 10,000 rows: CPU-seconds and peak memory.

Usage: python benchmarks/wide.py [--columns 500 5000] [--rows 10000] [--folder wide-bench]
Four of five columns are numbers and one is text. Drift gives an index of every column and its verdict; the schema holds
each column to a type and to its values being present and within a range or a list. Each suite is a process of its own.
"""

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COMMAND = Path(sys.executable).with_name("harness")
SUITE = """name: {name}
data: {{rows: {{source: rows.parquet}}, reference: {{source: reference.parquet}}}}
target: {{kind: table, config: {{data: rows}}}}
steps:
{step}
"""
DRIFT = """  - check: drift.columns
    with: {reference: reference}
    require: {psi: {at_most: 0.2}}"""
TEXTS = ["web", "pos", "atm", "post"]


def is_text(number: int) -> bool:
    """Tell whether a column is text: one of five is."""
    return number % 5 == 4


def write(folder: Path, columns: int, rows: int) -> None:
    """Write both tables and both suites."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, side in enumerate(("rows", "reference")):
        chance = np.random.default_rng(seed)
        drawn = {
            f"c{n:04}": chance.choice(TEXTS, rows) if is_text(n) else chance.normal(0, 1, rows) for n in range(columns)
        }
        pq.write_table(pa.table(drawn), folder / f"{side}.parquet", compression="zstd")
    (folder / "pyproject.toml").write_text('[project]\nname = "wide"\nversion = "0"\n')
    rules = "\n".join(f"        c{n:04}: {rule(n)}" for n in range(columns))
    schema = f"  - check: data.schema\n    with:\n      columns:\n{rules}\n    require: {{violations: {{at_most: 0}}}}"
    for name, step in (("drift", DRIFT), ("schema", schema)):
        (folder / f"{name}.suite.yaml").write_text(SUITE.format(name=name, step=step))


def rule(number: int) -> str:
    """Return what the schema says of a column."""
    if is_text(number):
        return f"{{type: string, in: [{', '.join(TEXTS)}], nullable: false}}"
    return "{type: float64, min: -10, max: 10, nullable: false}"


def measured(folder: Path, name: str) -> str:
    """Return the CPU-seconds and the peak memory of one run; 0 passes, 1 and 2 decide otherwise, more is broken."""
    log = (folder / f"{name}.log").open("w")
    done = subprocess.Popen([COMMAND, "run", f"{name}.suite.yaml", "--out", "out"], cwd=folder, stdout=log, stderr=log)
    _, status, used = os.wait4(done.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1, 2):
        raise RuntimeError(f"harness run {name} ended with {code}; see {log.name}")
    count = len(json.loads((folder / "out" / name / "run.json").read_text())["verdicts"])
    return f"{name} {used.ru_utime + used.ru_stime:.1f} CPU-seconds, {used.ru_maxrss / 1024:.0f} MiB, {count} verdicts"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each number of columns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=Path("wide-bench"))
    asked = parser.parse_args(arguments)
    versions = {name: version(name) for name in ("promotion-harness", "pyarrow", "numpy", "duckdb")}
    print(json.dumps({"python": platform.python_version(), "machine": platform.machine(), **versions}))
    for columns in asked.columns:
        folder = asked.folder / str(columns)
        writing = multiprocessing.get_context("spawn").Process(target=write, args=(folder, columns, asked.rows))
        writing.start()  # in a process of its own, as the peak of one that is started begins at its parent's
        writing.join()
        print(f"{columns:5} columns: {'; '.join(measured(folder, name) for name in ('drift', 'schema'))}", flush=True)


if __name__ == "__main__":
    main()
