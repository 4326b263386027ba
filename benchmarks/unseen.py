"""Worlds in which the bad thing is so rare that many samples do not show it."""

import math

import numpy as np
import pyarrow as pa
from pairs import both, pair_world
from worlds import World, single_measurement


def lenient_judge(labels: int, n: int, good: float, sensitive: float, specific: float) -> World:
    def draw(rng):
        y = rng.random(n) < good
        score = np.where(y, rng.random(n) < sensitive, rng.random(n) >= specific) * 1.0
        human = pa.array(y * 1.0, mask=np.arange(n) >= labels)
        return single_measurement("judge_correction", y=human, score=score)

    cell = f"{labels} of {n} checked, {good}, judge {sensitive} and {specific}"
    return World(kind="judged (PPI++)", cell=cell, truth=good, draw=draw)


def lenient_judge_in_pairs(labels: int, n: int, good: float, lost: float, caught: float) -> World:
    """The candidate loses some good rows, and the judge sees only a share of what is bad."""
    mask = np.arange(n) >= labels

    def draw(rng):
        old = (rng.random(n) < good) * 1.0
        new = np.where(rng.random(n) < lost, 0.0, old)
        judged = np.where(old == 1, 1.0, rng.random(n) >= caught)
        again = np.where(new == old, judged, rng.random(n) >= caught)
        sides = ({"y": pa.array(y, mask=mask), "score": score} for y, score in ((new, again), (old, judged)))
        return both("judge_correction", *sides)

    cell = f"{labels} of {n} checked, {good}, loses {lost}, judge sees {caught}"
    return pair_world("judged", cell, -good * lost, draw)


def few_bad_labels_elsewhere(good: int, bad: int, truth: float, sensitive: float, specific: float) -> World:
    def draw(rng):
        k = rng.binomial(2000, sensitive * truth + (1 - specific) * (1 - truth))
        counts = {"k": k, "n": 2000, "tp": rng.binomial(good, sensitive), "tn": rng.binomial(bad, specific)}
        return single_measurement("judge_correction", counts=counts | {"positives": good, "negatives": bad})

    cell = f"{good} and {bad} labels, {truth}, judge {sensitive} and {specific}"
    return World(kind="judged (elsewhere)", cell=cell, truth=truth, draw=draw)


def pairs_that_lose(statistic: str, positives: int, negatives: int, lost: float, noise: float) -> World:
    """The candidate puts a few positives last, and else scores almost as the champion, who errs on none."""
    y = np.r_[np.ones(positives), np.zeros(negatives)]
    gap = -lost * (1.0 if statistic == "auc" else negatives / len(y))

    def draw(rng):
        old = 12 * y + rng.normal(size=len(y))
        gone = (rng.random(len(y)) < lost) & (y == 1)
        new = np.where(gone, -50.0, old + noise * rng.normal(size=len(y)))
        return both(statistic, {"score": new}, {"score": old}, y=y)

    kind = statistic.replace("_", " ")
    return pair_world(kind, f"{lost} of {positives} lost, noise {noise}", gap, draw)


def sparse_drift(statistic: str, n: int, m: int, p: np.ndarray, q: np.ndarray, cell: str) -> World:
    p, q = p / p.sum(), q / q.sum()
    half = (p + q) / 2
    nats = float(p @ np.log(p / half) + q @ np.log(q / half)) / 2
    truth = float((p - q) @ np.log(p / q)) if statistic == "psi" else math.sqrt(nats / math.log(2))

    def draw(rng):
        counts = {f"reference.{i}": int(k) for i, k in enumerate(rng.multinomial(n, p))}
        counts |= {f"current.{i}": int(k) for i, k in enumerate(rng.multinomial(m, q))}
        return single_measurement(statistic, "lower", counts)

    return World(kind=statistic, cell=f"{n} and {m}, {cell}", truth=truth, draw=draw, better="lower")


MANY_SPARSE = np.r_[np.ones(10), np.full(40, 1e-3)]
TILT = np.exp(np.linspace(-0.5, 0.5, 50))
EVEN = np.ones(4)

UNSEEN = (
    *(
        sparse_drift(kind, n, 5000, MANY_SPARSE, MANY_SPARSE * tilt, f"40 bins of 1e-4, {name}")
        for kind in ("psi", "js")
        for n in (5000, 50_000)
        for tilt, name in ((TILT, "up"), (1 / TILT, "down"))
    ),
    *(
        sparse_drift("psi", 5000, 5000, np.r_[EVEN, 4 * rare], np.r_[EVEN, 0.2], f"a category of {rare} now 0.05")
        for rare in (1e-3, 1e-5)
    ),
    *(
        pairs_that_lose(kind, positives, 1000, lost, 0.01)
        for kind in ("auc", "average_precision")
        for positives, lost in ((50, 0.02), (100, 0.03), (200, 0.01))
    ),
    *(
        lenient_judge(*cell)
        for cell in (
            (50, 10_000, 0.9, 1.0, 0.9),
            (100, 2000, 0.95, 1.0, 0.8),
            (400, 5000, 0.9, 1.0, 0.75),
            (50, 5000, 0.95, 0.99, 0.95),
        )
    ),
    *(lenient_judge_in_pairs(*cell) for cell in ((50, 5000, 0.9, 0.03, 0.5), (200, 5000, 0.95, 0.02, 0.7))),
    *(few_bad_labels_elsewhere(*cell) for cell in ((45, 5, 0.6, 0.9, 1.0), (95, 5, 0.9, 0.9, 1.0))),
)
