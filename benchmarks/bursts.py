"""Worlds in which few things decide: bursts of slow requests, hard negatives, clusters that move groups apart."""

import numpy as np
from scipy.stats import norm
from worlds import World, single_measurement


def declares(stall: int) -> str:
    """Return what a world's name says of the longest stall that is reckoned with."""
    return f", stalls of {stall} declared" if stall else ""


def bursts(n: int, length: int, share: float, *, declared: int = 0) -> World:
    """Slow requests come in bursts of a geometric length; all others are fast; `declared` is reckoned with."""
    counts = {"stall": declared} if declared else {}
    ends = 1 / length
    starts = share * ends / (1 - share)

    def draw(rng):
        slow, at, is_slow = np.zeros(n, bool), 0, rng.random() < share
        while at < n:
            size = rng.geometric(ends if is_slow else starts)
            slow[at : at + size] = is_slow
            at, is_slow = at + size, not is_slow
        latency = np.where(slow, 150 + rng.exponential(50, n), rng.lognormal(3, 0.3, n).clip(max=99))
        return single_measurement("exceedance", "lower", counts, y=slow * 1, score=latency)

    cell = f"{n} requests, bursts of {length}, {share}{declares(declared)}"
    return World(kind="exceedance", cell=cell, truth=share, draw=draw, better="lower")


def hard_negatives(n: int, share: float, apart: float, hard: int) -> World:
    """A few negatives are ranked above all positives: as many of n on average."""
    above = hard / n
    at = np.linspace(-8, 8 + apart, 400_001)
    hits, alarms = share * norm.sf(at - apart), (1 - share) * (above + (1 - above) * norm.sf(at))
    truth = float(np.trapezoid(norm.pdf(at - apart) * hits / (hits + alarms), at))

    def draw(rng):
        y = (rng.random(n) < share) * 1.0
        while y.sum() < 20:
            y = (rng.random(n) < share) * 1.0
        score = np.where((y == 0) & (rng.random(n) < above), 50.0, rng.normal(size=n) + apart * y)
        return single_measurement("average_precision", y=y, score=score)

    cell = f"{round(n * share)} of {n}, {truth:.2f}, {hard} hard negatives"
    return World(kind="average precision", cell=cell, truth=truth, draw=draw)


def groups_apart(statistic: str, clusters: int, size: int, swing: float) -> World:
    """Each cluster raises the rate of one group and lowers that of the other."""
    code, reference = np.repeat(np.arange(clusters), size), np.tile(np.arange(size) % 2, clusters)

    def draw(rng):
        by = rng.choice([-swing, swing], clusters)[code]
        y = rng.random(len(code)) < 0.5 + np.where(reference == 1, -by, by)
        return single_measurement(statistic, y=y * 1, reference=reference, **{"cluster.user": code})

    cell = f"{clusters} of {size}, 0.5, apart by {swing}"
    return World(kind=f"{statistic}, clusters", cell=cell, truth=float(statistic == "ratio"), draw=draw)


BURSTS = (
    *(bursts(*cell) for cell in ((10_000, 10, 0.01), (10_000, 30, 0.01), (50_000, 100, 0.01), (2000, 5, 0.02))),
    *(hard_negatives(*cell) for cell in ((2000, 0.05, 4.0, 2), (5000, 0.01, 4.5, 2), (5000, 0.04, 5.0, 1))),
    *(groups_apart(kind, *cell) for kind in ("gap", "ratio") for cell in ((80, 12, 0.15), (40, 20, 0.3))),
)
