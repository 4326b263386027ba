"""Worlds in which something breaks rarely: a cluster in thirty, two giants, or a hit that a candidate only loses."""

from collections.abc import Sequence

import numpy as np
from pairs import both, pair_world
from worlds import World, single_measurement


def broken_clusters(groups: int, size: int, broken: float, rest: float, bad: float) -> World:
    """Some clusters are bad; many samples hold none of them."""
    code, truth = np.repeat(np.arange(groups), size), rest - broken * (rest - bad)

    def draw(rng):
        share = np.where(rng.random(groups) < broken, bad, rest)
        return single_measurement("proportion", y=rng.random(len(code)) < share[code], **{"cluster.user": code})

    cell = f"{broken:.0%} of {groups} of {size} broken, rest {rest}"
    return World(kind="proportion, clusters", cell=cell, truth=truth, draw=draw)


def uneven_clusters(name: str, sizes: Sequence[int], truth: float, icc: float) -> World:
    """Clusters differ as a beta-binomial does, and a few may hold most rows."""
    code, shape = np.repeat(np.arange(len(sizes)), sizes), (1 - icc) / icc

    def draw(rng):
        share = rng.beta(truth * shape, (1 - truth) * shape, len(sizes))
        return single_measurement("proportion", y=rng.random(len(code)) < share[code], **{"cluster.user": code})

    return World(kind="proportion, clusters", cell=f"{name}, {truth}", truth=truth, draw=draw)


def hard_clusters(groups: int, size: int, broken: float) -> World:
    """All negatives of some clusters are ranked above most positives."""
    code = np.repeat(np.arange(groups), size)

    def draw(rng):
        y, hard = (rng.random(len(code)) < 0.2) * 1, (rng.random(groups) < broken)[code]
        score = rng.normal(size=len(code)) + 2 * y + 4 * hard * (1 - y)
        return single_measurement("average_precision", y=y, score=score, **{"cluster.user": code})

    # Only the widths of these are measured, so that their truth is not needed.
    cell = f"{broken:.0%} of {groups} of {size} hard"
    return World(kind="average precision, clusters", cell=cell, truth=float("nan"), draw=draw)


def broken_group(statistic: str, groups: int, broken: float) -> World:
    """Some of the clusters of 10 of the group are bad, none of the reference."""
    code = np.repeat(np.arange(2 * groups), 10)
    inside, own = (code >= groups) * 1, 0.95 - broken * 0.85

    def draw(rng):
        bad = (rng.random(2 * groups) < broken) & (np.arange(2 * groups) < groups)
        y = rng.random(len(code)) < np.where(bad, 0.1, 0.95)[code]
        return single_measurement(statistic, y=y, reference=inside, **{"cluster.user": code})

    truth = own / 0.95 if statistic == "ratio" else own - 0.95
    return World(
        kind=f"{statistic}, clusters", cell=f"{broken:.0%} of {groups} of 10 broken, rest 0.95", truth=truth, draw=draw
    )


def pairs_that_only_lose(n: int, lost: float) -> World:
    """The champion is always right; the candidate loses some rows and gains none."""

    def draw(rng):
        return both("proportion", {"y": (rng.random(n) >= lost) * 1}, {"y": np.ones(n, int)})

    return pair_world("proportion", f"n {n}, {lost} lost, none gained", -lost, draw)


def broken_pairs(groups: int, size: int, broken: float) -> World:
    """The candidate loses four in five hits of some clusters, and one row in a hundred changes."""
    code, worse = np.repeat(np.arange(groups), size), 0.9 * (1 - 0.8 * broken)

    def draw(rng):
        old = rng.random(len(code)) < 0.9
        lost = (rng.random(groups) < broken)[code] & (rng.random(len(code)) < 0.8)
        new = (old & ~lost) ^ (rng.random(len(code)) < 0.01)
        return both("proportion", {"y": new * 1}, {"y": old * 1}, **{"cluster.user": code})

    truth = worse * 0.99 + (1 - worse) * 0.01 - 0.9
    return pair_world("proportion", f"{broken:.0%} of {groups} clusters of {size} broken", truth, draw)


def hits_lost(n: int, share: float, lost: float) -> World:
    """The candidate loses some of the champion's hits and is alike in all else."""
    hits, alarms = share * 0.85, (1 - share) * 0.005
    truth = 2 * hits * (1 - lost) / (share + hits * (1 - lost) + alarms) - 2 * hits / (share + hits + alarms)

    def draw(rng):
        y = np.zeros(n)
        while not y.any():
            y = (rng.random(n) < share) * 1
        old = np.where(y, rng.random(n) < 0.85, rng.random(n) < 0.005) * 1
        return both("f1", {"score": old * (1 - y * (rng.random(n) < lost))}, {"score": old}, y=y)

    return pair_world("f1", f"n {n}, {share}, {lost:.0%} of hits lost", truth, draw)


BROKEN = (
    *(broken_clusters(groups, 10, 0.04, 0.99, 0.2) for groups in (30, 60, 150)),
    broken_clusters(30, 50, 0.05, 0.95, 0.1),
    broken_clusters(60, 10, 0.04, 0.9, 0.2),
    uneven_clusters("300 single rows and 5 giants of 200", [200] * 5 + [1] * 300, 0.9, 0.3),
    uneven_clusters("3 of 100", [100] * 3, 0.8, 0.3),
    *(broken_group(statistic, 30, 0.05) for statistic in ("gap", "ratio")),
    *(pairs_that_only_lose(n, lost) for n, lost in ((200, 0.02), (2000, 0.002))),
    *(broken_pairs(*cell) for cell in ((30, 20, 0.05), (100, 20, 0.02))),
    *(hits_lost(*cell) for cell in ((1000, 0.05, 0.04), (2000, 0.05, 0.03))),
)
