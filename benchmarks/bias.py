"""Times rates by two group columns and their intersections beside their floor: counting the same rows with DuckDB.

Usage: python benchmarks/bias.py [--rows 100000 1000000 10000000] [--repeats 3] [--folder bias-bench]
Each contestant is a process of its own, on one machine and in one run: only the ratios count. Peers: peers/run.py.
"""

# ruff: noqa: PLC0415 - each contestant loads its own libraries and nobody else's

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PART = 250_000
SEXES = ("f", "m")
AGES = ("under 25", "25-44", "45-64", "65 and over")
SUITE = """name: equal-treatment
data: {decisions: {source: decisions.parquet, label: label}}
target: {kind: table, config: {data: decisions, decision: decision}}
steps:
  - check: bias.group_rates
    with:
      groups: [sex, age]
      reference: {sex: m, age: 25-44}
      intersections: true
      rates: [selection_rate, tpr, fpr, fnr, precision]
    require:
REQUIRED"""
RATES = ("selection_rate", "tpr", "fpr", "fnr", "precision")
ASKED = "      RATE: {at_least: 0.001}\n      RATE_ratio: {at_least: 0.8}\n      RATE_gap: {at_least: -0.1}\n"


def generate_table(rows: int, seed: int) -> pa.Table:
    """Return decisions about people of eight groups, of whom the oldest are decided about a little worse."""
    chance = np.random.default_rng(seed)
    sex = chance.choice(2, rows, p=[0.45, 0.55]).astype(np.int8)
    age = chance.choice(4, rows, p=[0.15, 0.4, 0.3, 0.15]).astype(np.int8)
    label = chance.random(rows) < 0.1 + 0.02 * (age == 3)
    decision = chance.random(rows) < np.where(label, 0.65, 0.08 + 0.02 * (age == 3) + 0.005 * (sex == 0))
    named = [
        pa.DictionaryArray.from_arrays(codes, names).cast(pa.string()) for codes, names in ((sex, SEXES), (age, AGES))
    ]
    return pa.table(
        {"sex": named[0], "age": named[1], "label": label.astype(np.int8), "decision": decision.astype(np.int8)}
    )


def write(folder: Path, rows: int) -> None:
    """Write the decisions a part at a time, and the suite that judges them."""
    folder.mkdir(parents=True, exist_ok=True)
    required = "".join(ASKED.replace("RATE", rate) for rate in RATES)
    (folder / "bias.suite.yaml").write_text(SUITE.replace("REQUIRED", required))
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, PART):
        table = generate_table(min(PART, rows - start), start // PART)
        writer = writer or pq.ParquetWriter(folder / "decisions.parquet", table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()


def floor(folder: Path) -> int:
    """Count the rows of each group, label and decision: 32 numbers, and nothing made of them."""
    import duckdb

    query = "SELECT sex, age, label, decision, count(*) FROM 'decisions.parquet' GROUP BY ALL"
    os.chdir(folder)
    return len(duckdb.connect().execute(query).fetchall())


def measure_rates(folder: Path) -> int:
    """Measure every rate of every group, its ratio and its gap: counts, without intervals."""
    from datetime import UTC, datetime

    from harness_bias import group_rates

    from harness import open_table
    from harness.testing import measure

    data = open_table("decisions.parquet", folder, datetime.now(UTC)).with_roles(label="label", decision="decision")
    reference = {"sex": "m", "age": "25-44"}
    asked = {"groups": ["sex", "age"], "reference": reference, "intersections": True, "rates": RATES}
    return len(measure(group_rates, data, **asked))


def ran(folder: Path) -> int:
    """Run the suite: digests, counts, an interval and a verdict for each number."""
    import harness

    verdicts = harness.run(folder / "bias.suite.yaml").verdicts
    if missing := [each.reason for each in verdicts if each.estimate is None]:
        raise RuntimeError(f"a verdict has no interval: {missing[0]}")
    return len(verdicts)


CONTESTANTS: Mapping[str, Callable[[Path], int]] = {"floor": floor, "check": measure_rates, "run": ran}


def run_alone(name: str, folder: Path) -> None:
    """Run one contestant and print what it took; imports count for nobody."""
    CONTESTANTS[name](folder / "small")
    began, used = time.perf_counter(), time.process_time()
    numbers = CONTESTANTS[name](folder)
    message = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used, "numbers": numbers}
    print(json.dumps({**message, "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))


def time_contestant(name: str, folder: Path) -> Mapping[str, float]:
    """Return what one contestant took in a process of its own."""
    command = [sys.executable, __file__, "--folder", str(folder), "--alone", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{name} did not finish: {done.stderr.strip().splitlines()[-1]}")
    took: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return took


def row(rows: int, name: str, took: Sequence[Mapping[str, float]], floor: Sequence[Mapping[str, float]]) -> str:
    """Return a row of the table: medians, the spread of the seconds, and how many times the floor."""
    seconds, cpu, least = ([each[key] for each in of] for of, key in ((took, "seconds"), (took, "cpu"), (floor, "cpu")))
    times = statistics.median(cpu) / statistics.median(least)
    return (
        f"| {rows:,} | {name} | {statistics.median(seconds):.3f} | {min(seconds):.3f}-{max(seconds):.3f} | "
        f"{statistics.median(cpu):.3f} | {times:.1f} | {max(each['peak_rss_mib'] for each in took):,.0f} |"
    )


def main() -> None:
    """Write the tables if they are not there, time the contestants in turns, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--folder", type=Path, default=Path("bias-bench"))
    options.add_argument("--alone", choices=CONTESTANTS)
    given = options.parse_args()
    if given.alone:
        run_alone(given.alone, given.folder)
        return
    print("| rows | contestant | seconds | spread | CPU s | × floor, CPU | peak RSS MiB |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    for rows in given.rows:
        folder = given.folder.resolve() / str(rows)
        for path, size in ((folder, rows), (folder / "small", 2000)):
            if not (path / "bias.suite.yaml").exists():
                write(path, size)
        rounds = [{name: time_contestant(name, folder) for name in CONTESTANTS} for _ in range(given.repeats)]
        for name in CONTESTANTS:
            print(row(rows, name, [each[name] for each in rounds], [each["floor"] for each in rounds]), flush=True)


if __name__ == "__main__":
    main()
