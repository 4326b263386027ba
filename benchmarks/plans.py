"""Measures how often a good candidate passes on as many rows as `plan` asks for from a pilot, for every statistic.

Usage: python benchmarks/plans.py [--pilots 60] [--samples 5] [--only WORD] [--jobs 2]

Each cell draws pilots of so many rows, plans from each, draws fresh samples of the size planned, and judges them at the
first look (0.025). "At two thirds" is how often they pass on two thirds of the median plan: below 95 %, that plan is at
most 1.5 times the least that does. "Refused" are pilots from which nothing is planned.
"""

import argparse
import math
import sys
from functools import partial
from multiprocessing import Pool
from zlib import crc32

import numpy as np
from plan_cases import CASES, Case
from tables import Row, table

from harness import HarnessError
from harness.judging.judge import judge
from harness.judging.plans import plan
from harness.stats import infer, p_pass

HEAD = ("statistic", "pilot", "n planned: 5, 50, 95 % of pilots", "refused", "good passes", "at two thirds", "")
ENOUGH, PASSES, MOST = 0.935, 0.95, 200_000
BY_NAME = {case.name: case for case in CASES}


def main() -> None:
    """Print a line for each case and size of its pilots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"pilots": 60, "samples": 5, "only": "", "jobs": 2}.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    asked = parser.parse_args()
    cells = [(case.name, rows) for case in CASES if asked.only in case.name for rows in case.pilots]
    with Pool(asked.jobs) as pool:
        rows = list(map(_show, pool.imap(partial(measure_cell, pilots=asked.pilots, samples=asked.samples), cells)))
    print(table(HEAD, rows))


def _show(row: Row) -> Row:
    """Return the line of a cell, and show it on standard error as soon as it is there."""
    print(*row, sep=" | ", file=sys.stderr, flush=True)
    return row


def measure_cell(cell: tuple[str, int], pilots: int, samples: int) -> Row:
    """Return the line of one case and one size of pilots."""
    name, rows = cell
    case, rng = BY_NAME[name], np.random.default_rng([crc32(name.encode()), rows])
    asked = [n for n in (_plan_rows(case, rng, rows) for _ in range(pilots)) if n is not None]
    refused = f"{1 - len(asked) / pilots:.0%}"
    if len(asked) < pilots / 20:
        return name, f"{rows:,}", "", refused, "", "", ""
    own = np.mean([_passes(case, rng, n) for n in asked for _ in range(samples)])
    fewer = np.mean([_passes(case, rng, math.ceil(np.median(asked) / 1.5)) for _ in range(len(asked) * samples)])
    error = math.sqrt(0.05 * 0.95 / len(asked) / samples)
    lacking = "MISSED" if own < ENOUGH - 2 * error else ""
    remark = "TOO MANY" if fewer > PASSES + 2 * error else lacking
    spread = ", ".join(f"{n:,.0f}" for n in np.quantile(asked, (0.05, 0.5, 0.95)))
    return name, f"{rows:,}", spread, refused, f"{own:.1%}", f"{fewer:.1%}", remark


def _plan_rows(case: Case, rng: np.random.Generator, rows: int) -> int | None:
    """Return how many rows are planned from a fresh pilot."""
    pilot = case.draw(rng, rows)
    verdict = judge(case.requirement(), *pilot)
    return None if verdict.outcome == "error" else plan(verdict, *pilot, musts=1).needed


def _passes(case: Case, rng: np.random.Generator, rows: int) -> bool:
    """Tell whether a fresh sample passes; samples beyond what can be drawn here count as passed."""
    if rows > MOST:
        return True
    measurement, baseline = case.draw(rng, rows)
    try:
        seen = infer(measurement.sample, baseline.sample if baseline else None)
    except HarnessError:
        return False
    chance = p_pass(seen, *case.requirement().sought(measurement.better))
    return seen.proves and chance <= case.requirement().alpha_at(1)


if __name__ == "__main__":
    main()
