"""How often one of many candidates slips by, warned about and corrected for: python benchmarks/many_candidates.py.

Each world draws candidates one after the other, which share the outcome of some of their 1,000 positives, judges each
with the real judge and asks the real gate about it, as the first look at it.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from bare_runs import SUITE, bare_run

from harness import samples
from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.gating.online import level_share
from harness.judging.judge import judge
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.verdicts import Verdict

ASKED = Requirement(metric="recall", at_least=0.75)
ROWS, NOW = 1000, datetime(2026, 1, 1, tzinfo=UTC)
BAD, GOOD = 0.75, 0.80


@dataclass(frozen=True, kw_only=True)
class World:
    """How many candidates come, which share of them is good, and which share of the rows turns out alike for all."""

    name: str
    count: int
    good: float
    alike: float


WORLDS = [
    World(name="30 at the threshold, rows of their own", count=30, good=0.0, alike=0.0),
    World(name="30 at the threshold, half of the rows alike", count=30, good=0.0, alike=0.5),
    World(name="100, half of them good (80 %), rows of their own", count=100, good=0.5, alike=0.0),
    World(name="100, half of them good (80 %), half of the rows alike", count=100, good=0.5, alike=0.5),
    World(name="100, one in ten good (80 %), half of the rows alike", count=100, good=0.1, alike=0.5),
]


@lru_cache(maxsize=ROWS)
def judge_hits(hits: int) -> Verdict:
    """Return what the judge says of so many positives found."""
    return judge(ASKED, Measurement(metric="recall", sample=samples.proportion(k=hits, n=ROWS)))


def passes(hits: int, before: Sequence[bool], gate: Gate) -> bool:
    """Tell whether the gate passes the next candidate."""
    who = Identity(revision="m")
    run = bare_run(who, NOW, [judge_hits(hits)])
    asked = GateQuestion(project="p", stage="g", gate=gate, candidate=who, now=NOW, passed_before=before)
    return decide(asked, [run]).outcome == "pass"


def draw_hits(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return which candidates are good, and how many positives each finds; the rows alike are drawn once."""
    good = rng.random(world.count) < world.good
    shared = int(world.alike * ROWS)
    luck = rng.random(shared)
    truths = np.where(good, GOOD, BAD)
    alike = (luck[None, :] < truths[:, None]).sum(axis=1)
    return good, alike + rng.binomial(ROWS - shared, truths)


def simulate(world: World, mode: str, draws: int) -> tuple[float, float, float]:
    """Return how often a bad one passes, which share of passes is bad on average, and which share of good ones pass."""
    gate, rng = Gate(suites=[SUITE], many_candidates=mode), np.random.default_rng(0)
    slipped, false_share, found, there = 0, 0.0, 0, 0
    for _ in range(draws):
        good, hits = draw_hits(world, rng)
        passed: list[bool] = []
        for count in hits:
            passed.append(passes(int(count), passed, gate))
        bad = int((~good & np.array(passed)).sum())
        slipped, false_share = slipped + (bad > 0), false_share + bad / max(sum(passed), 1)
        found, there = found + int((good & np.array(passed)).sum()), there + int(good.sum())
    return slipped / draws, false_share / draws, found / there if there else float("nan")


def main() -> None:
    """Print a row for each world and mode, and two levels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    print(
        "| candidates | many_candidates | a bad one passes | bad among passes | good ones pass |\n|---|---|---|---|---|"
    )
    for world in WORLDS:
        for mode in ("warn", "correct"):
            slipped, false_share, power = simulate(world, mode, draws)
            print(f"| {world.name} | {mode} | {slipped:.1%} | {false_share:.1%} | {power:.0%} |", flush=True)
    print(f"level after 100 passes: {level_share([True] * 100):.2f} of alpha")
    print(f"level after 30 failures: 1/{1 / level_share([False] * 30):.0f} of alpha")


if __name__ == "__main__":
    main()
