"""Worlds of means, Brier scores and shares of value whose rare failures many samples do not show."""

import math

import numpy as np
from pairs import both, pair_world
from scipy.stats import norm
from worlds import World, mean, single_measurement


def zeros_among_good(n: int, share: float) -> World:
    def values(rng, n):
        return np.where(rng.random(n) < share, 0.0, rng.uniform(0.85, 0.95, n))

    return mean(f".85 to .95, {share} zeros", n, 0.9 * (1 - share), values)


def broken_clusters_of_scores(groups: int, share: float) -> World:
    code = np.repeat(np.arange(groups), 10)

    def draw(rng):
        good = np.where(rng.random(groups) < share, 0.1, 0.9)[code]
        return single_measurement("mean", y=good + rng.uniform(-0.05, 0.05, len(code)), **{"cluster.user": code})

    return World(kind="mean, clusters", cell=f"{share} of {groups} broken", truth=0.9 - 0.8 * share, draw=draw)


def positives_missed_whole(n: int, share: float, missed: float) -> World:
    """A model that is sure and right, but for a few positives that it takes for negatives."""
    truth = share * (missed * 0.98**2 + (1 - missed) * 0.1**2) + (1 - share) * 0.02**2

    def draw(rng):
        y = rng.random(n) < share
        score = np.where(y & (rng.random(n) >= missed), 0.9, 0.02)
        return single_measurement("brier", "lower", y=y * 1, score=score)

    cell = f"n {n}, {missed} of {share} missed"
    return World(kind="brier", cell=cell, truth=truth, draw=draw, better="lower")


def value_missed_whole(n: int, sigma: float, cut: float, caught: float) -> World:
    """The most valuable rows are caught seldom, the others in 90 of 100."""
    beyond = float(norm.sf(cut - sigma))

    def draw(rng):
        z = rng.normal(size=n)
        y = (rng.random(n) < np.where(z > cut, caught, 0.9)) * 1
        return single_measurement("value_rate", y=y, score=np.exp(sigma * z))

    cell = f"{n} positives, sigma {sigma}, {caught} beyond {cut}"
    return World(kind="value rate", cell=cell, truth=0.9 - (0.9 - caught) * beyond, draw=draw)


def value_lost_beyond(n: int, slope: float, beyond: float) -> World:
    """Values of a Pareto tail; whatever is worth more than a value that `beyond` rows exceed on average is missed."""
    cut = (beyond / n) ** -slope

    def draw(rng):
        value = rng.random(n) ** -slope
        return single_measurement("value_rate", y=((value < cut) & (rng.random(n) < 0.95)) * 1, score=value)

    truth = 0.95 * (1 - (beyond / n) ** (1 - slope))
    return World(kind="value rate", cell=f"{n}, slope {slope}, lost beyond {beyond}", truth=truth, draw=draw)


def pairs_that_lose_score(n: int, share: float, noise: float) -> World:
    def draw(rng):
        old = rng.uniform(0.7, 0.9, n)
        new = np.clip(old + rng.normal(0, noise, n), 0, 1) - 0.6 * (rng.random(n) < share)
        return both("mean", {"y": new}, {"y": old})

    return pair_world("mean", f"n {n}, {share} lose 0.6, noise {noise}", -0.6 * share, draw)


def brier_pairs_that_lose(n: int, share: float, noise: float) -> World:
    """The champion is sure and right; the candidate is wrong on a few rows, and else scores almost as it does."""

    def draw(rng):
        y = (rng.random(n) < 0.5) * 1
        old = np.where(y == 1, 0.9, 0.1)
        lost = rng.random(n) < share
        new = np.where(lost, 1 - old, np.clip(old + rng.normal(0, noise, n), 0, 1))
        return both("brier", {"score": new}, {"score": old}, "lower", y=y)

    gap = share * (0.81 - 0.01) + (1 - share) * noise**2
    return pair_world("brier", f"n {n}, {share} lost, noise {noise}", gap, draw, better="lower")


def pairs_that_lose_value(n: int, sigma: float, cut: float) -> World:
    lost = 0.8 * 0.5 * float(norm.sf(cut - sigma))

    def draw(rng):
        z = rng.normal(size=n)
        old = rng.random(n) < 0.8
        new = old & ~((z > cut) & (rng.random(n) < 0.5))
        return both("value_rate", {"y": new * 1}, {"y": old * 1}, score=np.exp(sigma * z))

    return pair_world("value rate", f"{n} positives, sigma {sigma}, half lost beyond {cut}", -lost, draw)


MEANS = (
    *(zeros_among_good(*cell) for cell in ((30, 0.05), (50, 0.02), (100, 0.02), (200, 0.01))),
    *(broken_clusters_of_scores(*cell) for cell in ((30, 0.04), (150, 0.02))),
    *(positives_missed_whole(*cell) for cell in ((500, 0.1, 0.02), (1000, 0.02, 0.03))),
    *(value_missed_whole(*cell) for cell in ((200, 1.0, 2.0, 0.2), (200, 1.5, 2.0, 0.2), (60, 1.5, 1.5, 0.1))),
    *(value_lost_beyond(*cell) for cell in ((200, 0.4, 2.2), (1000, 0.3, 2.2), (1000, 0.5, 2.2), (200, 0.67, 2.2))),
    *(
        mean(f"lognormal, sigma {s}", n, math.exp(s * s / 2) + 1, lambda rng, n, s=s: np.exp(rng.normal(0, s, n)) + 1)
        for n, s in ((50, 2.0), (200, 2.0), (1000, 2.0), (50, 1.0))
    ),
    *(pairs_that_lose_score(*cell) for cell in ((100, 0.02, 0.01), (200, 0.01, 0.05))),
    *(pairs_that_lose_value(*cell) for cell in ((300, 1.0, 1.5), (300, 1.5, 2.0))),
)
