"""Times drift of 30 numeric and 10 text columns beside its floor (decoding the files) and a loop over SciPy.

Usage: python benchmarks/drift.py [--rows 100000,1000000,10000000] [--repeats 3] [--folder drift-bench] [--only ...]
Each contestant runs in a process of its own, on one machine and in one run: only the ratios count. The tables are
written once, seeded, a part at a time; 10,000,000 rows take 3.5 GB of disk and no SciPy, which holds both in memory.
"""

# ruff: noqa: PLC0415 - each contestant loads its own libraries and nobody else's

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUP = 250_000
EVERY = 0.01
SCIPY_UP_TO = 1_000_000
NUMBERS = [f"n{place:02d}" for place in range(30)]
TEXTS = [f"c{place:02d}" for place in range(10)]
SIZES = (2, 3, 5, 8, 12, 20, 50, 100, 500, 5000)


def generate_table(rows: int, seed: int, shifted: bool) -> pa.Table:
    """Return normal, lognormal, exponential, money and count columns, and texts of 2 to 5,000 values; 10 % missing."""
    chance = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {}
    for place, name in enumerate(NUMBERS):
        by = 0.03 * (place % 4) * shifted
        shapes: list[Callable[[], np.ndarray]] = [
            lambda by=by: chance.normal(by, 1 + by, rows),
            lambda by=by: chance.lognormal(by, 1, rows),
            lambda by=by: chance.exponential(1 + by, rows),
            lambda by=by: np.round(chance.gamma(2, 50 * (1 + by), rows), 2),
            lambda by=by: chance.poisson(20 * (1 + by), rows).astype(float),
        ]
        columns[name] = pa.array(shapes[place % 5](), mask=chance.random(rows) < 0.1)
    for name, size in zip(TEXTS, SIZES, strict=True):
        share = 1 / np.arange(1, size + 1) ** (1.1 if shifted else 1.0)
        codes = chance.choice(size, rows, p=share / share.sum()).astype(np.int32)
        named = pa.DictionaryArray.from_arrays(
            pa.array(codes, mask=chance.random(rows) < 0.1), pa.array([f"v{code:04d}" for code in range(size)])
        )
        columns[name] = named.cast(pa.string())
    return pa.table(columns)


def write(folder: Path, rows: int) -> None:
    """Write reference and current, a group of rows at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(("reference", "current")):
        writer: pq.ParquetWriter | None = None
        for start in range(0, rows, GROUP):
            table = generate_table(min(GROUP, rows - start), 1000 * place + start // GROUP, bool(place))
            writer = writer or pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writer.write_table(table)
        if writer:
            writer.close()


def decode(folder: Path) -> int:
    """Decode both files with pyarrow, a group of rows at a time: the floor."""
    groups = 0
    for name in ("reference", "current"):
        file = pq.ParquetFile(folder / f"{name}.parquet")
        for group in range(file.num_row_groups):
            file.read_row_group(group, use_threads=False)
            groups += 1
    return groups


def ours(folder: Path) -> int:
    """Measure every distance of every column."""
    from harness_drift import columns

    from harness import open_table
    from harness.testing import measure

    now = datetime.now(UTC)
    reference, current = (open_table(f"{name}.parquet", folder, now) for name in ("reference", "current"))
    return len(measure(columns, current, reference=reference))


def scipy_loop(folder: Path) -> int:
    """Measure Kolmogorov-Smirnov and chi-square alone, column by column, with both tables in memory."""
    import pandas as pd
    from scipy import stats

    reference, current = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    for name in NUMBERS:
        stats.ks_2samp(reference[name].dropna().to_numpy(), current[name].dropna().to_numpy(), method="asymp")
    for name in TEXTS:
        counts = pd.concat([reference[name].value_counts(), current[name].value_counts()], axis=1).fillna(0)
        stats.chi2_contingency(counts.to_numpy().T)
    return len(NUMBERS) + len(TEXTS)


CONTESTANTS: Mapping[str, Callable[[Path], int]] = {"decode": decode, "ours": ours, "scipy": scipy_loop}


def run_alone(name: str, folder: Path) -> None:
    """Run one contestant and print what it took; imports count for nobody."""
    CONTESTANTS[name](folder / "small")
    began, used = time.perf_counter(), _cpu()
    CONTESTANTS[name](folder)
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": _cpu() - used}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def time_contestant(name: str, folder: Path) -> Mapping[str, float]:
    """Return what a contestant took in a process of its own, and its peak anonymous memory in MiB."""
    command = [sys.executable, __file__, "--alone", name, "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _anonymous(process.pid))
        time.sleep(EVERY)
    message = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"{name} on {folder.name} rows ended with {process.returncode}")
    return {**json.loads(message), "peak": peak}


def _anonymous(pid: int) -> int:
    """Return a process's anonymous memory (RssAnon) in MiB, 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("RssAnon")), 0)


def compare_contestants(folder: Path, names: Sequence[str], repeats: int) -> None:
    """Time the contestants in turns, and print their medians, spreads and ratios to the floor."""
    rounds: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
    for name in [each for _ in range(repeats) for each in names]:
        rounds[name].append(time_contestant(name, folder))
    floor = median(each["cpu"] for each in rounds["decode"]) if "decode" in rounds else 0.0
    for name, each in rounds.items():
        cpu, seconds = (sorted(one[key] for one in each) for key in ("cpu", "seconds"))
        cells = (
            f"{int(folder.name):,}",
            name,
            f"{median(cpu):.2f} ({cpu[0]:.2f}-{cpu[-1]:.2f})",
            f"{median(seconds):.2f}",
            f"{median(cpu) / floor:.2f}" if floor else "-",
            f"{max(one['peak'] for one in each):,.0f}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Write the tables that are not there, and time every contestant at every size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", default="100000,1000000,10000000")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--folder", type=Path, default=Path("drift-bench"))
    options.add_argument("--only", nargs="*", choices=CONTESTANTS, default=list(CONTESTANTS))
    options.add_argument("--alone", choices=CONTESTANTS, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.alone:
        run_alone(given.alone, given.folder)
        return
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    print("| rows a side | contestant | CPU s, median (least-most) | seconds | CPU to the floor | peak anonymous MiB |")
    print("|---|---|---|---|---|---|")
    for rows in map(int, given.rows.split(",")):
        folder = given.folder.resolve() / str(rows)
        for path, count in ((folder, rows), (folder / "small", 1000)):
            if not (path / "written").exists():
                write(path, count)
                (path / "written").touch()
        compare_contestants(
            folder, [name for name in given.only if name != "scipy" or rows <= SCIPY_UP_TO], given.repeats
        )


if __name__ == "__main__":
    main()
