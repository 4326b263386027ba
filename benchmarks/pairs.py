"""Worlds of a candidate and a champion on the same rows: the true difference lies at the threshold."""

import math

import numpy as np
import pyarrow as pa
from scipy.stats import norm
from worlds import Draw, World, single_measurement, true_precision


def pair_world(kind: str, cell: str, gap: float, draw: Draw, better: str = "higher") -> World:
    """Return a world whose candidate is worse than the champion by exactly what is allowed."""
    return World(kind=f"{kind}, paired", cell=cell, truth=gap, draw=draw, better=better, versus=True)


def twice(rng, n: int, alike: float = 0.8):
    """Return two columns of normal numbers that are that alike."""
    shared = rng.normal(0, math.sqrt(alike), n)
    return [shared + rng.normal(0, math.sqrt(1 - alike), n) for _ in range(2)]


def both(statistic: str, new, old, better: str = "higher", **columns):
    """Return the measurements of both sides; `new` and `old` are the columns that differ."""
    ids = np.arange(len(next(iter(new.values()))))
    return tuple(single_measurement(statistic, better, id=ids, **columns, **side)[0] for side in (new, old))


def auc_in_pairs(positives: int) -> World:
    y, old = np.r_[np.ones(positives), np.zeros(1000)], 0.9213
    means = [math.sqrt(2) * norm.ppf(value) for value in (old - 0.01, old)]

    def draw(rng):
        new, champion = ({"score": s + apart * y} for s, apart in zip(twice(rng, len(y)), means, strict=True))
        return both("auc", new, champion, y=y)

    return pair_world("auc", f"{positives} positives, -0.01", -0.01, draw)


def average_precision_in_pairs(positives: int, share: float, apart: float, worse: float) -> World:
    n, gap = round(positives / share), true_precision(share, apart - worse) - true_precision(share, apart)

    def draw(rng):
        y = (rng.random(n) < share) * 1.0
        while y.sum() < 20:
            y = (rng.random(n) < share) * 1.0
        new, old = ({"score": s + d * y} for s, d in zip(twice(rng, n), (apart - worse, apart), strict=True))
        return both("average_precision", new, old, y=y)

    return pair_world("average precision", f"{positives} of {n}, {gap:.3f}", gap, draw)


def f1_in_pairs(n: int, share: float) -> World:
    """The two models' scores are alike; the candidate's positives score a little lower."""
    limit, means = 2.0, (2.4, 2.6)
    values = [_f1(share, norm.sf(limit - mean), norm.sf(limit)) for mean in means]

    def draw(rng):
        y = (rng.random(n) < share) * 1
        while not y.any():
            y = (rng.random(n) < share) * 1
        new, old = ({"score": (s + m * y > limit) * 1} for s, m in zip(twice(rng, n), means, strict=True))
        return both("f1", new, old, y=y)

    return pair_world("f1", f"n {n}, {share}", values[0] - values[1], draw)


def _f1(share: float, caught: float, alarmed: float) -> float:
    hits = share * caught
    return float(2 * hits / (hits + (1 - share) * alarmed + share))


def groups_in_pairs(statistic: str, group: int, reference: int, rate: float) -> World:
    """Candidate and champion agree on most rows; in the group the candidate's rate is lower."""
    inside = np.r_[np.zeros(group), np.ones(reference)]
    cuts = [norm.isf(np.where(inside == 1, rate, own * rate)) for own in (0.85, 0.9)]
    gap = -0.05 * rate if statistic == "gap" else -0.05

    def draw(rng):
        new, old = ({"y": (s > cut) * 1} for s, cut in zip(twice(rng, len(inside)), cuts, strict=True))
        return both(statistic, new, old, reference=inside)

    return pair_world(statistic, f"{group} against {reference}, {rate}", gap, draw)


def ppi_in_pairs(labels: int, n: int, good: float) -> World:
    rates, size = (good - 0.03, good), n + labels

    def side(rng, noise, rate):
        y = noise < norm.ppf(rate)
        score = np.where(y, rng.random(size) < 0.97, rng.random(size) < 0.45) * 1.0
        return {"y": pa.array(y * 1.0, mask=np.arange(size) >= labels), "score": score}

    def draw(rng):
        new, old = (side(rng, noise, rate) for noise, rate in zip(twice(rng, size), rates, strict=True))
        return both("judge_correction", new, old)

    return pair_world("judge_correction", f"{labels} of {size} checked, {good}", -0.03, draw)


def rate_in_pairs(n: int, rate: float, groups: int = 0) -> World:
    cuts, code = [norm.isf(each) for each in (rate - 0.02, rate)], np.arange(n) % max(1, groups)
    named = {"cluster.user": code} if groups else {}

    def draw(rng):
        common = rng.normal(0, 1, groups)[code] if groups else np.zeros(n)
        scale = 0.5 if groups else 0.0
        noise = [math.sqrt(1 - scale) * s + math.sqrt(scale) * common for s in twice(rng, n)]
        return both("proportion", *({"y": (s > cut) * 1} for s, cut in zip(noise, cuts, strict=True)), **named)

    return pair_world("proportion", f"n {n}, {rate}{f', {groups} clusters' if groups else ''}", -0.02, draw)


def mean_in_pairs(n: int) -> World:
    def draw(rng):
        new, old = twice(rng, n, 0.5)
        return both("mean", {"y": np.exp(0.5 * new) - 0.05}, {"y": np.exp(0.5 * old)})

    return pair_world("mean", f"lognormal, n {n}", -0.05, draw)


def brier_in_pairs(n: int, share: float) -> World:
    """The champion knows each row's chance; the candidate is off by a fifth of it, up or down."""
    off = 0.2 * share

    def draw(rng):
        chance = share * (1 + 0.5 * rng.choice([-1.0, 1.0], n))
        y = (rng.random(n) < chance) * 1
        return both("brier", {"score": chance + off * rng.choice([-1.0, 1.0], n)}, {"score": chance}, "lower", y=y)

    return pair_world("brier", f"n {n}, {share}", off**2, draw, "lower")


def value_in_pairs(n: int, sigma: float) -> World:
    cuts = [norm.isf(rate) for rate in (0.77, 0.8)]

    def draw(rng):
        value = rng.lognormal(3, sigma, n)
        return both("value_rate", *({"y": (s > c) * 1} for s, c in zip(twice(rng, n), cuts, strict=True)), score=value)

    return pair_world("value rate", f"{n} positives, sigma {sigma}", -0.03, draw)


def calibration_in_pairs(n: int, off: float) -> World:
    middles = (np.arange(15) + 0.5) / 15
    worse = np.clip(middles + off * np.where(np.arange(15) % 2, 1, -1), 0.001, 0.999)
    gap = float(np.abs(worse - middles).mean())

    def draw(rng):
        bins = rng.integers(0, 15, n)
        y = (rng.random(n) < middles[bins]) * 1
        return both("calibration", {"score": worse[bins]}, {"score": middles[bins]}, "lower", y=y)

    return pair_world("calibration", f"n {n}, {gap:.3f}", gap, draw, "lower")


PAIRS = (
    auc_in_pairs(50),
    auc_in_pairs(200),
    *(
        average_precision_in_pairs(*cell)
        for cell in ((50, 0.04, 1.5, 0.2), (50, 0.04, 3.0, 0.2), (100, 0.02, 2.0, 0.1))
    ),
    average_precision_in_pairs(200, 0.02, 2.0, 0.1),
    *(f1_in_pairs(*cell) for cell in ((1000, 0.05), (1000, 0.2), (10_000, 0.02))),
    *(groups_in_pairs(kind, *cell) for kind in ("gap", "ratio") for cell in ((60, 300, 0.8), (200, 2000, 0.5))),
    groups_in_pairs("ratio", 200, 200, 0.2),
    *(ppi_in_pairs(*cell) for cell in ((50, 1000, 0.85), (100, 1000, 0.85), (400, 2000, 0.95))),
    *(rate_in_pairs(*cell) for cell in ((100, 0.9), (1000, 0.9), (1000, 0.98), (1000, 0.9, 30))),
    mean_in_pairs(200),
    *(brier_in_pairs(*cell) for cell in ((500, 0.3), (2000, 0.05))),
    *(value_in_pairs(*cell) for cell in ((200, 1.0), (200, 1.5), (1000, 0.5))),
    calibration_in_pairs(1000, 0.02),
)
