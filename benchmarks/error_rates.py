"""Measures how often verdicts are wrong, through the real judge, in worlds whose truth is known.

Usage: python benchmarks/error_rates.py [--runs 20000] [--quick] [--jobs 2] [--resume runs.jsonl] [--only WORD]
       [--parts exact simulated watched] [--svg docs/error-rates.svg]

Blocks of 500 runs go to the file of --resume as soon as they are done; a broken run goes on from there.
"""

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes are faster than four threads that wait for each other

from cells import ALL
from exact_rates import exact_rows, plan_rows
from simulation import Rates, read_rates, simulate_rates
from tables import APPROXIMATE, Row, draw_svg, table
from watching import peek_rows, tables_of_40
from worlds import World

PARTS = ("exact", "simulated", "watched")
HEAD = ("kind", "cell", "runs", "passes at T", "fails at T", "contradictions", "at two looks", "95 % covers", "")


def main() -> None:
    """Print every table that is asked for; write the plot."""
    asked = _arguments()
    runs = 1000 if asked.quick else asked.runs
    worlds = [world for world in ALL if asked.only in world.name]
    counted = [*exact_rows()] if "exact" in asked.parts or asked.svg else []
    if "exact" in asked.parts:
        _print(HEAD, counted)
        _print(("asked for", "threshold", "n", "good passes", "bad passes", ""), [*plan_rows()])
    rows = []
    if "simulated" in asked.parts:
        found = simulate_rates(worlds, runs, asked.jobs, asked.resume)
        rows = simulation_rows(worlds, found)
    elif asked.resume:
        rows = simulation_rows(worlds, read_rates(worlds, asked.resume))
    _print(HEAD, rows)
    if "watched" in asked.parts:
        _watch(runs, asked.jobs)
    if asked.svg:
        asked.svg.write_text(draw_svg([*counted[::4], *rows]))


def simulation_rows(worlds: Sequence[World], found: Mapping[str, Rates]) -> list[Row]:
    """Return a line of the table for each world that was judged."""
    return [_row(world, found[world.name]) for world in worlds if world.name in found]


def _row(world: World, rates: Rates) -> Row:
    allowed, noise = APPROXIMATE + 2 * _error(APPROXIMATE, rates.runs), 2 * _error(0.05, rates.runs2)
    remarks = [
        "MISSED" if max(rates.passes, rates.fails) > allowed else "",
        "wide" if rates.covers > 0.96 + noise else "",
        "COVERS LESS" if rates.covers < 0.94 - noise else "",
        f"refused {rates.refused:.1%}" if rates.refused else "",
    ]
    shares = (rates.passes, rates.fails, rates.contradictions, rates.contradictions2)
    shown = [*(f"{share:.2%}" for share in shares), f"{rates.covers:.1%}"]
    return world.kind, world.cell, f"{rates.runs:,}", *shown, ", ".join(filter(None, remarks))


def _error(share: float, runs: int) -> float:
    """Return the standard error of a share."""
    return math.sqrt(share * (1 - share) / runs)


def _watch(runs: int, jobs: int) -> None:
    with Pool(jobs) as pool:
        columns = pool.map(partial(tables_of_40, runs=runs), (1000, 10_000, 100_000, 1_000_000), chunksize=1)
    _print(("rows a side", "tables", "alarms, same", "alarms, wobble", "passes, PSI .24", ""), columns)
    _print(("watched", "cell", "runs", "passes", "fails", ""), [*peek_rows(runs)])


def _print(head: Sequence[str], rows: Sequence[Row]) -> None:
    if rows:
        print(table(head, rows), "\n", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="1,000 runs a cell")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--resume", type=Path, help="a file of blocks: those in it are not judged again")
    parser.add_argument("--only", default="", help="only the simulated cells whose name holds this")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="none: show the blocks in --resume")
    parser.add_argument("--svg", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
