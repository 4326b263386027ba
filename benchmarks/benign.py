"""What bounds cost where nothing is rare: median widths of 95 % intervals in benign worlds, before and now.

Benign is where nothing is rare, and where 10 or more of the bad thing, or of its clusters, are seen. "Before" are the
bounds of an earlier checkout of this repository, in a process of its own that draws the same samples.
Usage: python benchmarks/benign.py --before CHECKOUT [--draws 200] [--only WORD]
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from broken import broken_clusters, broken_pairs, hard_clusters
from crowds import brier_in_clusters, groups_in_clusters, mean_in_clusters, ppi_in_clusters, ranking_in_clusters
from means import (
    brier_pairs_that_lose,
    broken_clusters_of_scores,
    pairs_that_lose_score,
    pairs_that_lose_value,
    value_missed_whole,
)
from pairs import (
    auc_in_pairs,
    average_precision_in_pairs,
    brier_in_pairs,
    f1_in_pairs,
    groups_in_pairs,
    mean_in_pairs,
    ppi_in_pairs,
    rate_in_pairs,
    value_in_pairs,
)
from tables import table
from unseen import pairs_that_lose
from worlds import (
    World,
    auc,
    average_precision,
    brier,
    drift,
    elsewhere,
    exceedance,
    f1,
    mean,
    ppi_rate,
    rate_in_clusters,
    single_measurement,
    value_rate,
)

from harness import HarnessError
from harness.stats import infer

LEVEL = 0.025  # on either side of a 95 % interval
HEAD = ("kind", "cell", "width before", "now", "ratio")


def main() -> None:
    """Print a line for every world; alone, as the process of the earlier checkout, only the widths as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    worlds = [world for world in (*BENIGN, *SEEN) if asked.only in world.name]
    now = {world.name: median_width(world, asked.draws) for world in worlds}
    if asked.before is None:
        print(json.dumps(now))
        return
    before = widths_of(asked.before, asked.draws, asked.only)
    print(table(HEAD, [_row(world, before[world.name], now[world.name]) for world in worlds]))


def widths_of(checkout: Path, draws: int, only: str) -> Mapping[str, float]:
    """Return the median widths by the bounds of another checkout."""
    command = [sys.executable, __file__, "--draws", str(draws), "--only", only]
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, env=environment, check=True, capture_output=True)
    found: Mapping[str, float] = json.loads(done.stdout)
    return found


def median_width(world: World, draws: int) -> float:
    """Return the median width of the 95 % interval over so many draws, the same ones in every process."""
    rng, widths = np.random.default_rng(crc32(world.name.encode())), []
    for _ in range(draws):
        measurement, baseline = world.draw(rng)
        try:
            lower, upper = infer(measurement.sample, baseline.sample if baseline else None).bounds(LEVEL)
            widths.append(upper - lower)
        except HarnessError:
            widths.append(math.nan)
    return float(np.nanmedian(widths))


def _row(world: World, before: float, now: float) -> tuple[str, ...]:
    return world.kind, world.cell, f"{before:.3g}", f"{now:.3g}", f"{now / before:.2f}"


def marks_of_five_steps(n: int) -> World:
    """A mean of marks of five steps, a few of them the worst."""
    marks, chances = np.array([1, 0.75, 0.5, 0.25, 0]), [0.6, 0.25, 0.05, 0.05, 0.05]
    return mean("five marks, 5 % the worst", n, float(marks @ chances), lambda rng, n: rng.choice(marks, n, p=chances))


def counts_of_groups(statistic: str, n: int, reference: int) -> World:
    """Hits of two groups, without clusters."""

    def draw(rng):
        counts = {"k": rng.binomial(n, 0.7), "n": n, "k_ref": rng.binomial(reference, 0.8), "n_ref": reference}
        return single_measurement(statistic, counts={name: float(each) for name, each in counts.items()})

    truth = 0.7 / 0.8 if statistic == "ratio" else -0.1
    return World(kind=statistic, cell=f"{n} against {reference}, 0.7 and 0.8", truth=truth, draw=draw)


BENIGN: Sequence[World] = (
    mean("normal", 200, 3.0, lambda rng, n: rng.normal(3, 1, n)),
    mean("uniform", 200, 0.5, lambda rng, n: rng.random(n)),
    mean("beta(.9, .1)", 200, 0.9, lambda rng, n: rng.beta(0.9, 0.1, n)),
    mean("lognormal, sigma 0.5", 500, math.exp(0.125), lambda rng, n: np.exp(rng.normal(0, 0.5, n))),
    marks_of_five_steps(500),
    mean_in_clusters(200, 5),
    brier(200, 0.3),
    brier(2000, 0.05),
    brier_in_clusters(100, 10, 0.3),
    rate_in_clusters(60, 20, 0.8, 0.3),
    rate_in_clusters(243, 5, 0.85, 0.3),
    rate_in_clusters(100, 10, 0.8, 0.02),
    *(counts_of_groups(kind, 300, 600) for kind in ("gap", "ratio")),
    *(groups_in_clusters(kind, 200, 5, 0.5, across=across) for kind in ("gap", "ratio") for across in (False, True)),
    *(groups_in_pairs(kind, 200, 2000, 0.5) for kind in ("gap", "ratio")),
    f1(300, 20),
    f1_in_pairs(1000, 0.2),
    rate_in_pairs(1000, 0.9),
    rate_in_pairs(1000, 0.8, 100),
    auc(200, 0.9),
    auc_in_pairs(200),
    auc_in_pairs(500),
    ranking_in_clusters("auc", 300, 5, 0.2, 2.0),
    average_precision(200, 0.02, 2.0),
    average_precision_in_pairs(200, 0.02, 2.0, 1.9),
    ranking_in_clusters("average_precision", 300, 5, 0.2, 2.0),
    mean_in_pairs(200),
    brier_in_pairs(500, 0.3),
    *(value_rate(n, sigma) for n, sigma in ((200, 1.0), (200, 0.5), (2000, 1.0))),
    *(value_in_pairs(n, sigma) for n, sigma in ((200, 1.0), (200, 0.5), (2000, 1.0))),
    ppi_rate(400, 2000, 0.85),
    ppi_in_clusters(300, 5, 300, 0.85),
    ppi_in_pairs(400, 2400, 0.85),
    elsewhere(240, 160, 0.85),
    exceedance(10_000, 0.0),
    exceedance(10_000, 0.9),
    drift("psi", 1000, 1000, 0.316),
    drift("js", 1000, 1000, 0.316),
    drift("ks", 1000, 1000, 0.316),
)

SEEN: Sequence[World] = (
    *(brier_pairs_that_lose(n, share, noise) for n, share, noise in ((500, 0.03, 0.01), (1000, 0.02, 0.1))),
    *(pairs_that_lose_score(500, share, noise) for share, noise in ((0.03, 0.01), (0.04, 0.1))),
    *(broken_pairs(groups, 20, broken) for groups, broken in ((100, 0.12), (60, 0.25))),
    *(value_missed_whole(n, 1.0, cut, 0.2) for n, cut in ((500, 1.5), (200, 1.0))),
    *(pairs_that_lose_value(1000, sigma, 1.0) for sigma in (0.5, 1.0)),
    broken_clusters_of_scores(100, 0.12),
    broken_clusters(100, 10, 0.12, 0.95, 0.2),
    *(pairs_that_lose(statistic, 300, 1000, 0.05, 0.01) for statistic in ("auc", "average_precision")),
    *(hard_clusters(groups, size, share) for groups, size, share in ((300, 5, 0.04), (100, 10, 0.12))),
)

if __name__ == "__main__":
    main()
