"""Judges many fresh samples of worlds whose truth is known, in blocks that are kept as soon as they are done."""

import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing import Pool
from pathlib import Path
from zlib import crc32

import numpy as np
from cells import BY_NAME
from worlds import World

from harness.judging.judge import judge

BLOCK, FEW = 500, 1  # runs, blocks


@dataclass(frozen=True, kw_only=True)
class Block:
    """What became of some fresh samples of one world: all judged at one look, some of them also at two."""

    name: str
    number: int
    runs: int
    passed: int
    failed: int
    refused: int
    runs2: int
    passed2: int
    failed2: int
    covered: int


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How often one-look verdicts pass, fail and are refused, two-look ones pass and fail, 95 % intervals cover."""

    runs: int
    runs2: int
    passes: float
    fails: float
    refused: float
    passes2: float
    fails2: float
    covers: float

    @property
    def contradictions(self) -> float:
        """Return how often one of two fresh samples passes and the other fails."""
        return 2 * self.passes * self.fails

    @property
    def contradictions2(self) -> float:
        """Return the same at two looks, as at the first of a suite that says nothing."""
        return 2 * self.passes2 * self.fails2


def simulate_rates(worlds: Sequence[World], runs: int, jobs: int, kept: Path | None) -> Mapping[str, Rates]:
    """Return the rates of each world; blocks in the file `kept` are not judged again, new ones are added to it."""
    done = _read(kept)
    missing = [each for each in _block_order(worlds, math.ceil(runs / BLOCK)) if each not in done]
    with Pool(jobs) as pool:
        for block in pool.imap_unordered(_judge_block, missing):
            done[block.name, block.number] = block
            if kept:
                with kept.open("a") as file:
                    file.write(json.dumps(asdict(block)) + "\n")
    return rates(worlds, done.values())


def _block_order(worlds: Sequence[World], blocks: int) -> list[tuple[str, int]]:
    """Return the names and numbers of the blocks: a few of each world first, then all of the cheapest ones."""
    cheapest = [world.name for world in sorted(worlds, key=_cost)]
    few = [(name, number) for number in range(min(FEW, blocks)) for name in cheapest]
    return [*few, *((name, number) for name in cheapest for number in range(FEW, blocks))]


def _cost(world: World) -> float:
    """Return the seconds that one run takes."""
    rng = np.random.default_rng(0)
    judge(world.requirement(), *world.draw(rng))
    start = time.process_time()
    for _ in range(3):
        judge(world.requirement(), *world.draw(rng))
    return time.process_time() - start


def rates(worlds: Sequence[World], blocks: Iterator[Block] | Sequence[Block]) -> Mapping[str, Rates]:
    """Return what the blocks at hand say of each world that has any."""
    totals: dict[str, Counter[str]] = {}
    for block in blocks:
        totals.setdefault(block.name, Counter()).update({k: v for k, v in asdict(block).items() if isinstance(v, int)})
    return {world.name: _rates(totals[world.name]) for world in worlds if world.name in totals}


def read_rates(worlds: Sequence[World], kept: Path) -> Mapping[str, Rates]:
    """Return the rates of the blocks in a file."""
    return rates(worlds, _read(kept).values())


def _rates(total: Mapping[str, int]) -> Rates:
    runs, twice = total["runs"], total["runs2"]
    return Rates(
        runs=runs,
        runs2=twice,
        passes=total["passed"] / runs,
        fails=total["failed"] / runs,
        refused=total["refused"] / runs,
        passes2=total["passed2"] / twice,
        fails2=total["failed2"] / twice,
        covers=total["covered"] / max(1, twice),
    )


def _read(kept: Path | None) -> dict[tuple[str, int], Block]:
    lines = kept.read_text().splitlines() if kept and kept.exists() else []
    blocks = [Block(**json.loads(line)) for line in lines if line.endswith("}")]
    return {(block.name, block.number): block for block in blocks}


def _judge_block(asked: tuple[str, int]) -> Block:
    """Judge one block; its samples depend on the world and the block's number alone."""
    name, number = asked
    world = BY_NAME[name]
    rng = np.random.default_rng([crc32(name.encode()), number])
    once, twice = world.requirement(), replace(world.requirement(), looks=2)
    found: Counter[str] = Counter()
    for run in range(BLOCK):
        sample = world.draw(rng)
        found[judge(once, *sample).outcome] += 1
        if run % 4 == 3:
            found.update(_twice(judge(twice, *sample), world.truth))
    return _block(name, number, found)


def _twice(verdict, truth: float) -> list[str]:
    bounds = verdict.estimate
    covered = bounds is not None and bounds.lower <= truth <= bounds.upper
    return [f"{verdict.outcome} of two", *(["covered"] if covered else [])]


def _block(name: str, number: int, found: Mapping[str, int]) -> Block:
    return Block(
        name=name,
        number=number,
        runs=BLOCK,
        passed=found["pass"],
        failed=found["fail"],
        refused=found["error"],
        runs2=BLOCK // 4,
        passed2=found["pass of two"],
        failed2=found["fail of two"],
        covered=found["covered"],
    )
