"""Times drift of 30 numeric and 10 text columns beside its floor (decoding the files) and a loop over SciPy.

Usage: python benchmarks/drift.py [--rows 1000000] [--repeats 1] [--folder drift-bench]
Each contestant runs in a process of its own, on one machine and in one run: only the ratios count.
"""

# ruff: noqa: PLC0415 - each contestant loads its own libraries and nobody else's

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUP = 250_000
NUMBERS = [f"n{place:02d}" for place in range(30)]
TEXTS = [f"c{place:02d}" for place in range(10)]
SIZES = (2, 3, 5, 8, 12, 20, 50, 100, 500, 5000)


def generated(rows: int, seed: int, shifted: bool) -> pa.Table:
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
            table = generated(min(GROUP, rows - start), 1000 * place + start // GROUP, bool(place))
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


def alone(name: str, folder: Path) -> None:
    """Run one contestant and print what it took; imports count for nobody."""
    CONTESTANTS[name](folder / "small")
    began, used = time.perf_counter(), _cpu()
    CONTESTANTS[name](folder)
    anonymous = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    told = {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(_cpu() - used, 2),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "anonymous_at_end_mb": int(anonymous[0].split()[1]) >> 10,
    }
    print(json.dumps(told))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Write the tables if they are not there, and time every contestant."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=1)
    options.add_argument("--folder", type=Path, default=Path("drift-bench"))
    options.add_argument("--only", nargs="*", default=list(CONTESTANTS))
    options.add_argument("--alone")
    given = options.parse_args()
    folder = given.folder.resolve() / str(given.rows)
    if given.alone:
        alone(given.alone, folder)
        return
    for path, rows in ((folder, given.rows), (folder / "small", 1000)):
        if not (path / "current.parquet").exists():
            write(path, rows)
    for name in [each for _ in range(given.repeats) for each in given.only]:
        arguments = ["--rows", str(given.rows), "--folder", str(given.folder), "--alone", name]
        done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
        load = Path("/proc/loadavg").read_text().split()[0]
        print(f"{given.rows:>10,} {name:8} {done.stdout.strip() or done.stderr.strip()[-300:]} load {load}", flush=True)


if __name__ == "__main__":
    main()
