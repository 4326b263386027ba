"""Measures again every kind of cell in which bounds once missed their level: passes and fails with the truth at T.

Usage: python benchmarks/audit.py [--runs 500] [--worst 10] [--more 20000] [--only WORD]

Each cell is drawn so often first; the worst of them, by the larger of both rates, are then drawn `--more` times, with
other seeds. Bounds are those of `judge` at one look, 0.05 on each side; the width is that of the 95 % interval.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from broken import broken_clusters, broken_group, broken_pairs, pairs_that_only_lose, uneven_clusters
from bursts import bursts, declares, hard_negatives
from harness_latency.comparison import measure_differences
from harness_latency.plan import Endpoint, Plan
from harness_latency.shots import Shots
from means import (
    brier_pairs_that_lose,
    broken_clusters_of_scores,
    pairs_that_lose_score,
    positives_missed_whole,
    value_lost_beyond,
    value_missed_whole,
    zeros_among_good,
)
from tables import Row, table
from unseen import (
    EVEN,
    MANY_SPARSE,
    TILT,
    lenient_judge,
    lenient_judge_in_pairs,
    pairs_that_lose,
    sparse_drift,
)
from watching import audit_rows
from worlds import World, mean, single_measurement

from harness import HarnessError
from harness.stats import infer, p_pass
from harness.stats.inference import Inference
from harness.values.requirements import Better
from harness.values.samples import Sample

HEAD = ("kind", "cell", "draws", "passes at T", "fails at T", "width", "refused", "seconds", "")
WATCHED = ("watched", "cell", "runs", "passes", "fails", "")
LEVEL, ALLOWED = 0.05, 0.06
WIDTHS = 300  # draws whose intervals are measured, as that takes longer than to judge them
BLOCK = 2_000  # draws with one seed
FEW = 8  # different rows, of which samples are often the same


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What became of so many draws of one world."""

    world: World
    runs: int
    passed: int
    failed: int
    refused: int
    width: float
    seconds: float

    @property
    def worst(self) -> float:
        """Return the larger of both rates of wrong verdicts."""
        return max(self.passed, self.failed) / self.runs

    def row(self) -> Row:
        """Return the line of the table."""
        error = 2 * math.sqrt(ALLOWED * (1 - ALLOWED) / self.runs)
        shares = (f"{count / self.runs:.2%}" for count in (self.passed, self.failed))
        remark = "MISSED" if self.worst > ALLOWED + error else ""
        rest = (f"{self.width:.3g}", f"{self.refused / self.runs:.1%}", f"{self.seconds:.0f}", remark)
        return self.world.kind, self.world.cell, f"{self.runs:,}", *shares, *rest


def main() -> None:
    """Print a line for every cell, then for the worst of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--worst", type=int, default=10)
    parser.add_argument("--more", type=int, default=20_000)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    found = [count_draws(world, asked.runs, 0) for world in AUDIT if asked.only in world.name]
    print(table(HEAD, [each.row() for each in found]), "\n", flush=True)
    print(table(WATCHED, [*audit_rows(asked.runs)]), "\n", flush=True)
    worst = sorted(found, key=lambda each: each.worst, reverse=True)[: asked.worst]
    print(table(HEAD, [count_blocks(each.world, asked.more).row() for each in worst]))


def count_blocks(world: World, runs: int) -> Counted:
    """Return what becomes of so many draws in blocks of 2,000, of seeds 1, 2 and on, each shown when it is done."""
    starts = range(0, runs, BLOCK)
    blocks = [count_draws(world, min(BLOCK, runs - at), 1 + at // BLOCK, 0 if at else WIDTHS) for at in starts]
    summed = {name: sum(getattr(each, name) for each in blocks) for name in ("runs", "passed", "failed", "refused")}
    seconds = sum(each.seconds for each in blocks)
    return Counted(world=world, width=blocks[0].width, seconds=seconds, **summed)


def count_draws(world: World, runs: int, seed: int, measured: int = WIDTHS) -> Counted:
    """Return how often fresh samples pass and fail with the truth at the threshold; widths of the first `measured`."""
    rng, start = np.random.default_rng([crc32(world.name.encode()), seed]), time.process_time()
    asked = world.requirement().sought(world.better)
    passed = failed = refused = 0
    widths = []
    known: dict[object, tuple[bool, bool]] = {}
    for number in range(runs):
        measurement, baseline = world.draw(rng)
        key = _same_rows(measurement.sample) if baseline is None else None
        try:
            if key is None or key not in known or number < measured:
                seen = infer(measurement.sample, baseline.sample if baseline else None)
                known[key] = _decide(seen, *asked)
                refused += not seen.proves
            passed, failed = passed + known[key][0], failed + known[key][1]
            if number < measured:
                widths.append(float(np.diff(seen.bounds(LEVEL / 2))[0]))
        except HarnessError:
            refused += 1
    counted = Counted(
        world=world,
        runs=runs,
        passed=passed,
        failed=failed,
        refused=refused,
        width=float(np.median(widths)) if widths else math.nan,
        seconds=time.process_time() - start,
    )
    print(*counted.row(), sep=" | ", file=sys.stderr, flush=True)
    return counted


def _decide(seen: Inference, threshold: float, better: Better) -> tuple[bool, bool]:
    """Tell whether a must passes and whether it fails at the level; a value on one side never clears the other."""
    if not seen.proves:
        return False, False
    good = seen.value > threshold if better == "higher" else seen.value < threshold
    other: Better = "lower" if better == "higher" else "higher"
    p = p_pass(seen, threshold, better if good else other)
    return (p <= LEVEL, False) if good else (False, p <= LEVEL)


def _same_rows(sample: Sample) -> object:
    """Return what samples have in common that hold the same few different rows in any order; None of all others."""
    if sample.statistic != "brier" or sample.rows is None or len(sample.rows.column_names) > 2:
        return None
    rows, counts = np.unique(sample.rows["y"].to_numpy() + 1j * sample.rows["score"].to_numpy(), return_counts=True)
    return (tuple(rows), tuple(counts)) if len(rows) <= FEW else None


def stalls(n: int, number: float, size: int, *, alone: float = 0.0, declared: int = 0) -> World:
    """Stalls that come by chance, `number` on average, each of which holds up `size` requests of n.

    Beside them the share `alone` is slow by itself; `declared` is the longest stall that is reckoned with.
    """
    counts = {"stall": declared} if declared else {}

    def draw(rng):
        slow = np.zeros(n + size, bool)
        for at in rng.integers(0, n + size, rng.poisson(number * (n + size) / n)):
            slow[at : at + size] = True
        slow = slow[size:] | (rng.random(n) < alone)
        latency = np.where(slow, 150 + rng.exponential(50, n), rng.lognormal(3, 0.3, n).clip(max=99))
        return single_measurement("exceedance", "lower", counts, y=slow * 1, score=latency)

    truth = 1 - (1 - alone) * math.exp(-number * size / n)
    beside = f" beside {alone}" if alone else ""
    cell = f"{number} stalls of {size} in {n} requests{beside}{declares(declared)}"
    return World(kind="exceedance", cell=cell, truth=truth, draw=draw, better="lower")


def stalls_beside_another(n: int, number: float, size: int, alone: float, declared: int | None) -> World:
    """A candidate stalls and its baseline does not, as `latency.compare` measures it: pair by pair, n of each."""
    plan = Plan(
        endpoints=(Endpoint(host="a", port=1), Endpoint(host="b", port=2)), requests=(), connections=1, timeout=1
    )
    order = np.arange(2 * n)

    def draw(rng):
        slow = rng.random(2 * n) < alone
        held = np.zeros(n + size, bool)
        for at in rng.integers(0, n + size, rng.poisson(number * (n + size) / n)):
            held[at : at + size] = True
        slow[plan.endpoint_of(order) == 0] |= held[size:]
        shots = Shots(
            load="load", began=0.0, number=order, due=order * 0.01, latency_ms=np.where(slow, 900.0, 20.0),
            late_ms=np.zeros(2 * n), status=np.full(2 * n, 200), is_answered=np.ones(2 * n, bool),
        )  # fmt: skip
        return list(measure_differences(shots, plan, 100.0, declared))[1], None

    cell = f"{number} stalls of {size} in {n} pairs beside {alone}{declares(declared or 0)}"
    truth = (1 - alone) * -math.expm1(-number * size / n)
    return World(kind="more_over_limit", cell=cell, truth=truth, draw=draw, better="lower")


def lognormal(n: int) -> World:
    """A mean of amounts without limits."""
    return mean("lognormal, sigma 2", n, math.exp(2.0) + 1, lambda rng, n: np.exp(rng.normal(0, 2, n)) + 1)


AUDIT: Sequence[World] = (
    *(zeros_among_good(n, 0.02) for n in (50, 100)),
    broken_clusters_of_scores(30, 0.04),
    positives_missed_whole(500, 0.1, 0.02),
    positives_missed_whole(2000, 0.02, 0.03),
    *(lenient_judge(labels, 10_000, 0.9, 1.0, 0.9) for labels in (50, 100)),
    lenient_judge_in_pairs(50, 5000, 0.9, 0.03, 0.5),
    lenient_judge_in_pairs(200, 5000, 0.95, 0.02, 0.7),
    *(pairs_that_lose(kind, n, 1000, 0.02, 0.01) for kind in ("auc", "average_precision") for n in (50, 100)),
    *(pairs_that_lose_score(n, share, 0.01) for n, share in ((100, 0.02), (200, 0.01))),
    *(brier_pairs_that_lose(n, share, 0.01) for n, share in ((100, 0.02), (500, 0.005))),
    *(pairs_that_only_lose(n, share) for n, share in ((200, 0.02), (2000, 0.002))),
    broken_pairs(30, 20, 0.05),
    *(broken_clusters(groups, 10, 0.04, 0.99, 0.2) for groups in (30, 60)),
    uneven_clusters("300 single rows and 5 giants of 200", (1,) * 300 + (200,) * 5, 0.9, 0.3),
    *(broken_group(kind, 30, 0.05) for kind in ("gap", "ratio")),
    *(value_missed_whole(200, sigma, 2.0, 0.2) for sigma in (1.0, 1.5)),
    *(value_lost_beyond(n, slope, 2.2) for n in (200, 1000) for slope in (0.3, 0.5, 0.67)),
    *(lognormal(n) for n in (50, 200)),
    hard_negatives(2000, 0.05, 4.0, 2),
    sparse_drift("psi", 5000, 5000, MANY_SPARSE, MANY_SPARSE * TILT, "40 bins of 1e-4"),
    sparse_drift("psi", 5000, 5000, np.r_[EVEN, 4e-5], np.r_[EVEN, 0.2], "a category of 1e-05 now 0.05"),
    *(stalls(20_000, 2.0, 200, declared=declared) for declared in (0, 200)),
    *(bursts(10_000, 30, 0.01, declared=declared) for declared in (0, 30)),
    *(bursts(10_000, 100, 0.01, declared=declared) for declared in (0, 100)),
    stalls(20_000, 1.0, 200, alone=0.02, declared=200),
    *(stalls_beside_another(10_000, 2.0, 100, 0.0, declared) for declared in (None, 100)),
    *(stalls_beside_another(20_000, 30.0, 20, 0.01, declared) for declared in (None, 20)),
)

if __name__ == "__main__":
    main()
