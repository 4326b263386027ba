"""Worlds of two candidates that differ in one group, whose rows lost are so few that many samples show none."""

import numpy as np
from pairs import both, pair_world
from worlds import World

RATE, ALARMS = 0.9, 0.05  # hits of either group; false alarms where the group is the positives
TRUTHS = {"gap": -RATE, "ratio": -1.0, "balanced_accuracy": -RATE / 2}  # by share of the group's hits that is lost


def groups_that_lose(statistic: str, group: int, reference: int, lost: float, noise: float) -> World:
    """The candidate loses a few of the group's hits, and else decides a share of all rows anew, by the same rates."""
    inside = np.r_[np.zeros(group), np.ones(reference)]

    def draw(rng):
        return _sides(rng, statistic, inside, (rng.random(len(inside)) < lost), noise)

    return pair_world(_kind(statistic), f"{lost} of {group} lost, {reference} others", TRUTHS[statistic] * lost, draw)


def broken_clusters_of_groups(statistic: str, clusters: int, size: int, broken: float) -> World:
    """Clusters hold as many rows of either group; in a few of them the candidate loses all of the group's hits."""
    code = np.repeat(np.arange(clusters), size)
    inside = np.arange(len(code)) % 2.0

    def draw(rng):
        return _sides(rng, statistic, inside, (rng.random(clusters) < broken)[code], 0.02, **{"cluster.user": code})

    cell = f"{clusters} of {size}, {broken} broken"
    return pair_world(f"{_kind(statistic)}, clusters", cell, TRUTHS[statistic] * broken, draw)


def _kind(statistic: str) -> str:
    return statistic.replace("_", " ")


def _sides(rng, statistic: str, inside: np.ndarray, gone: np.ndarray, noise: float, **columns):
    """Return both sides' decisions; gone: rows whose hits the candidate loses if they are of the group."""
    rate = np.where((inside == 1) & (statistic == "balanced_accuracy"), ALARMS, RATE)
    old, again = ((rng.random(len(inside)) < rate) * 1.0 for _ in range(2))
    new = np.where(rng.random(len(inside)) < noise, again, old)
    new = np.where(gone & (inside == 0), 0.0, new)
    if statistic == "balanced_accuracy":
        return both(statistic, {"score": new}, {"score": old}, y=1 - inside, **columns)
    return both(statistic, {"y": new}, {"y": old}, reference=inside, **columns)


GROUP_PAIRS = (
    *(
        groups_that_lose(statistic, *cell)
        for statistic in TRUTHS
        for cell in ((50, 450, 0.05, 0.02), (50, 450, 0.02, 0.02), (40, 160, 0.05, 0.05), (200, 1800, 0.01, 0.01))
    ),
    *(
        broken_clusters_of_groups(statistic, *cell)
        for statistic in TRUTHS
        for cell in ((100, 10, 0.03), (30, 20, 0.05))
    ),
)
