"""How often a corrected share misses the truth, where the labels of a judge's calibration are partly wrong.

    python benchmarks/wrong_labels.py    # needs the group `rag`; 2 minutes

A judge scores good answers N(d, 1) and bad ones N(0, 1); `labels` answers, half good, calibrate it, and 500 others, a
share of them good, are judged. Of labels a share is turned, as people err. A bound errs where it lies beyond the truth.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from harness_rag.calibrating import deal_folds, fit_thresholds, measure_figures

from harness import HarnessError, estimate, samples

RUNS = 400


@dataclass(frozen=True, kw_only=True)
class World:
    """How far apart a judge scores good and bad, how many labels there are, and how many of them are wrong."""

    distance: float
    labels: int
    wrong: float
    share: float


def draw(world: World, chance: np.random.Generator, n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    good = chance.random(n) < share
    return chance.normal(world.distance * good, 1.0), good


def miss(world: World, seed: int) -> tuple[bool, bool] | None:
    """Return whether the lower bound lies above the truth, and the upper below; None where nothing is decided."""
    chance = np.random.default_rng(seed)
    scores, good = draw(world, chance, world.labels, 0.5)
    told = good ^ (chance.random(world.labels) < world.wrong)
    groups = [str(at) for at in range(world.labels)]
    figures = measure_figures(scores, told, groups)
    judged, _ = draw(world, chance, 500, world.share)
    thresholds = np.array(fit_thresholds(scores, told, deal_folds(told, groups)))
    passed = (judged >= thresholds[chance.integers(0, len(thresholds), len(judged))]).astype(float)
    right, bad = figures["sensitivity"], figures["specificity"]
    elsewhere = {
        "tp": right.value * right.n, "positives": right.n, "tn": bad.value * bad.n, "negatives": bad.n
    }  # fmt: skip
    try:
        seen = estimate(samples.rows.judge_correction(pa.table({"score": passed}), elsewhere=elsewhere))
    except HarnessError:
        return None
    return seen.lower > world.share, seen.upper < world.share


def main() -> None:
    print("| judge's AUROC | labels | of them wrong | truth | lower bound errs | upper bound errs |")
    print("|---|---|---|---|---|---|")
    for distance, auroc in ((2.0, 0.92),):
        for labels in (60, 200):
            for wrong in (0.0, 0.05, 0.1):
                for share in (0.5, 0.85):
                    world = World(distance=distance, labels=labels, wrong=wrong, share=share)
                    found = [each for seed in range(RUNS) if (each := miss(world, seed))]
                    low, high = (np.mean([each[side] for each in found]) for side in (0, 1))
                    print(f"| {auroc} | {labels} | {wrong:.0%} | {share:.0%} | {low:.1%} | {high:.1%} |", flush=True)


if __name__ == "__main__":
    main()
