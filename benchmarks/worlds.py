"""Worlds of one model, whose truth is known and lies exactly at the threshold of a requirement."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.signal import lfilter
from scipy.stats import norm

from harness import Measurement, Requirement, Sample

Draw = Callable[[np.random.Generator], tuple[Measurement, Measurement | None]]


@dataclass(frozen=True, kw_only=True)
class World:
    """A kind of sample, a cell of it, and what is asked."""

    kind: str
    cell: str
    truth: float
    draw: Draw
    better: str = "higher"
    versus: bool = False

    @property
    def name(self) -> str:
        """Return the kind and the cell."""
        return f"{self.kind}: {self.cell}"

    def requirement(self, alpha: float = 0.05) -> Requirement:
        """Return the requirement whose threshold is the truth, at one look: the strict claim."""
        if self.versus:
            return Requirement(metric="m", versus="champion", lose_at_most=abs(self.truth), alpha=alpha, looks=1)
        asked = {"at_least" if self.better == "higher" else "at_most": self.truth}
        return Requirement(metric="m", alpha=alpha, looks=1, **asked)


def single_measurement(
    statistic: str, better: str = "higher", counts: Mapping[str, float] | None = None, **columns: object
):
    """Return a measurement of rows or counts, alone."""
    rows = pa.table(columns) if columns else None
    sample = Sample(statistic=statistic, counts=dict(counts or {}), rows=rows)
    return Measurement(metric="m", better=better, sample=sample), None


def rate_in_clusters(groups: int, size: int, truth: float, icc: float) -> World:
    shape = (1 - icc) / icc
    code = np.repeat(np.arange(groups), size)

    def draw(rng):
        y = rng.random(groups * size) < rng.beta(truth * shape, (1 - truth) * shape, groups)[code]
        return single_measurement("proportion", y=y, **{"cluster.user": code})

    return World(kind="proportion, clusters", cell=f"{groups} of {size}, {truth}", truth=truth, draw=draw)


def mean(name: str, n: int, truth: float, values) -> World:
    return World(
        kind="mean",
        cell=f"{name}, n {n}",
        truth=truth,
        draw=lambda rng: single_measurement("mean", y=values(rng, n)),
    )


def auc(positives: int, truth: float) -> World:
    y = np.r_[np.ones(positives), np.zeros(1000)]
    apart = math.sqrt(2) * norm.ppf(truth)

    def draw(rng):
        return single_measurement("auc", y=y, score=rng.normal(size=len(y)) + apart * y)

    return World(kind="auc", cell=f"{positives} positives, {truth}", truth=truth, draw=draw)


def true_precision(share: float, apart: float) -> float:
    """Return the average precision of all rows, where scores of either class are normal and so far apart."""
    at = np.linspace(-8, 8 + apart, 400_001)
    hits, alarms = share * norm.sf(at - apart), (1 - share) * norm.sf(at)
    return float(np.trapezoid(norm.pdf(at - apart) * hits / (hits + alarms + 1e-300), at))


def average_precision(positives: int, share: float, apart: float) -> World:
    n, truth = round(positives / share), true_precision(share, apart)

    def draw(rng):
        y = (rng.random(n) < share) * 1.0
        while y.sum() < 20:
            y = (rng.random(n) < share) * 1.0
        return single_measurement("average_precision", y=y, score=rng.normal(size=n) + apart * y)

    cell = f"{positives} of {n}, {truth:.2f}"
    return World(kind="average precision", cell=cell, truth=truth, draw=draw)


def f1(groups: int, size: int) -> World:
    code, share = np.repeat(np.arange(groups), size), np.array([0.02, 0.01, 0.01, 0.96])
    truth = 2 * share[0] / (2 * share[0] + share[1] + share[2])

    def draw(rng):
        drawn = rng.choice(4, size=len(code), p=share)
        own = rng.random(len(code)) < 0.5
        kind = np.where(own, drawn, drawn[code * size])
        return single_measurement(
            "f1", y=np.isin(kind, (0, 1)) * 1, score=np.isin(kind, (0, 2)) * 1, **{"cluster.card": code}
        )

    return World(kind="f1, clusters", cell=f"{groups} of {size}", truth=truth, draw=draw)


def brier(n: int, share: float) -> World:
    spread = 0.25 * share

    def draw(rng):
        p = share + spread * rng.choice([-1.0, 1.0], n)
        return single_measurement("brier", "lower", y=(rng.random(n) < p) * 1, score=p)

    truth = share * (1 - share) - spread**2
    return World(kind="brier", cell=f"n {n}, {share}", truth=truth, draw=draw, better="lower")


def calibration(n: int, off: float) -> World:
    middles = (np.arange(15) + 0.5) / 15
    real = np.clip(middles + off * np.where(np.arange(15) % 2, 1, -1) * (middles > 0.1) * (middles < 0.9), 0, 1)
    truth = float(np.abs(real - middles).mean())

    def draw(rng):
        bins = rng.integers(0, 15, n)
        return single_measurement("calibration", "lower", y=(rng.random(n) < real[bins]) * 1, score=middles[bins])

    return World(kind="calibration", cell=f"n {n}, {truth:.3f}", truth=truth, draw=draw, better="lower")


def certain(n: int, wrong: float) -> World:
    """A model that is always sure, and wrong now and then: most samples show no miss."""

    def draw(rng):
        return single_measurement("calibration", "lower", y=(rng.random(n) >= wrong) * 1, score=np.ones(n))

    return World(kind="calibration", cell=f"n {n}, {wrong}, always sure", truth=wrong, draw=draw, better="lower")


def value_rate(n: int, sigma: float) -> World:
    def draw(rng):
        return single_measurement("value_rate", y=(rng.random(n) < 0.8) * 1, score=rng.lognormal(3, sigma, n))

    return World(kind="value rate", cell=f"{n} positives, sigma {sigma}", truth=0.8, draw=draw)


def drift(statistic: str, n: int, m: int, shift: float, rare: bool = False) -> World:
    p = np.r_[np.full(8, 0.124), 0.004, 0.004] if rare else np.full(10, 0.1)
    q = np.diff(norm.cdf(norm.ppf(np.r_[0, np.cumsum(p)].clip(0, 1)) - shift))
    half = (p + q) / 2
    nats = float(p @ np.log(p / half) + q @ np.log(q / half)) / 2
    truth = {
        "psi": float((p - q) @ np.log(p / q)),
        "js": math.sqrt(nats / math.log(2)),
        "ks": float(np.abs(np.cumsum(p - q)).max()),
    }[statistic]

    def draw(rng):
        counts = {f"reference.{i}": int(k) for i, k in enumerate(rng.multinomial(n, p))}
        return single_measurement(
            statistic, "lower", counts | {f"current.{i}": int(k) for i, k in enumerate(rng.multinomial(m, q))}
        )

    cell = f"{n} and {m}, {truth:.3f}{', rare bins' if rare else ''}"
    return World(kind=statistic, cell=cell, truth=truth, draw=draw, better="lower")


def ppi_rate(labels: int, n: int, truth: float) -> World:
    def draw(rng):
        y = rng.random(n + labels) < truth
        score = np.where(y, rng.random(n + labels) < 0.97, rng.random(n + labels) < 0.45) * 1.0
        human = pa.array(y * 1.0, mask=np.arange(n + labels) >= labels)
        return single_measurement("judge_correction", y=human, score=score)

    return World(kind="judged (PPI++)", cell=f"{labels} of {n + labels} checked, {truth}", truth=truth, draw=draw)


def elsewhere(good: int, bad: int, truth: float) -> World:
    def draw(rng):
        k = rng.binomial(2000, 0.97 * truth + 0.45 * (1 - truth))
        counts = {"k": k, "n": 2000, "tp": rng.binomial(good, 0.97), "tn": rng.binomial(bad, 0.55)}
        return single_measurement("judge_correction", counts=counts | {"positives": good, "negatives": bad})

    return World(kind="judged (elsewhere)", cell=f"{good} and {bad} labels, {truth}", truth=truth, draw=draw)


def exceedance(n: int, rho: float) -> World:
    def draw(rng):
        noise = rng.standard_normal(n + 500) * math.sqrt(1 - rho**2)
        latency = 100 * np.exp(0.5 * (lfilter([1], [1, -rho], noise)[500:] - norm.ppf(0.99)))
        return single_measurement("exceedance", "lower", y=(latency > 100) * 1, score=latency)

    return World(kind="exceedance", cell=f"{n} requests, rho {rho}", truth=0.01, draw=draw, better="lower")


WORLDS = (
    *(
        rate_in_clusters(groups, size, truth, 0.3)
        for groups, size in ((20, 5), (20, 50), (243, 5))
        for truth in (0.85, 0.95)
    ),
    mean("normal", 200, 3.0, lambda rng, n: rng.normal(3, 1, n)),
    mean("lognormal", 200, math.exp(0.125), lambda rng, n: np.exp(rng.normal(0, 0.5, n))),
    mean("beta(.9, .1)", 50, 0.9, lambda rng, n: rng.beta(0.9, 0.1, n)),
    *(auc(positives, truth) for positives, truth in ((20, 0.98), (50, 0.9), (200, 0.9), (200, 0.98))),
    *(
        average_precision(*cell)
        for cell in (
            (25, 0.1, 2.0),
            (50, 0.04, 1.0),
            (50, 0.04, 3.5),
            (50, 0.01, 2.0),
            (100, 0.02, 2.0),
            (200, 0.02, 2.0),
        )
    ),
    *(f1(*cell) for cell in ((30, 100), (300, 20))),
    *(brier(*cell) for cell in ((200, 0.3), (2000, 0.02))),
    *(calibration(*cell) for cell in ((300, 0.0), (300, 0.1), (2000, 0.05))),
    *(certain(*cell) for cell in ((20, 0.05), (100, 0.01))),
    *(value_rate(*cell) for cell in ((60, 1.0), (200, 1.0), (200, 1.5), (200, 0.5), (1000, 0.5))),
    *(
        drift("psi", *cell)
        for cell in (
            (100, 100, 0.316),
            (500, 500, 0.316),
            (1000, 1000, 0.1),
            (20_000, 1000, 0.316),
            (1000, 50_000, 0.5),
            (20_000, 1000, 1.0),
        )
    ),
    *(drift("psi", n, n, 0.316) for n in (10_000, 100_000, 1_000_000)),
    drift("psi", 1000, 1000, 0.316, rare=True),
    *(drift("js", *cell) for cell in ((200, 200, 0.316), (1000, 1000, 0.316), (20_000, 1000, 0.5))),
    *(drift("ks", *cell) for cell in ((1000, 1000, 0.316), (20_000, 1000, 0.1))),
    *(ppi_rate(*cell) for cell in ((50, 1000, 0.85), (100, 1000, 0.85), (400, 2000, 0.85), (100, 1000, 0.97))),
    *(elsewhere(*cell) for cell in ((50, 50, 0.6), (240, 160, 0.85), (240, 160, 0.97))),
    *(exceedance(*cell) for cell in ((2000, 0.0), (2000, 0.9), (10_000, 0.9), (10_000, 0.97))),
)
