"""Measures how long judging takes: 10,000 samples of counts, which should be under a second.

Usage: python benchmarks/judge_speed.py [--samples 10000] [--runs 3]
"""

import argparse
from time import perf_counter

import numpy as np

from harness import Measurement, Requirement, samples
from harness.judging.judge import judge


def measurements(count: int) -> list[Measurement]:
    """Return proportions of many sizes, seeded."""
    rng = np.random.default_rng(0)
    n = rng.integers(50, 5000, count)
    drawn = zip(rng.binomial(n, rng.uniform(0.7, 0.95, count)).tolist(), n.tolist(), strict=True)
    return [Measurement(metric="recall", sample=samples.proportion(k=k, n=n)) for k, n in drawn]


def main() -> None:
    """Print the seconds of each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    found, requirement = measurements(asked.samples), Requirement(metric="recall", at_least=0.8, plan_for=0.85)
    judge(requirement, found[0])
    print("| run | samples | seconds |\n| --- | --- | --- |")
    for run in range(asked.runs):
        start = perf_counter()
        for measurement in found:
            judge(requirement, measurement)
        print(f"| {run + 1} | {asked.samples:,} | {perf_counter() - start:.2f} |")


if __name__ == "__main__":
    main()
