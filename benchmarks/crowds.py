"""Worlds whose rows come in clusters: half of the rows repeat the first of their cluster, which keeps the truth."""

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from scipy.stats import norm
from worlds import Draw, World, single_measurement, true_precision

from harness import Measurement

ALIKE = 0.5  # of the rows of a cluster, on average


def cluster_world(
    kind: str, groups: int, size: int, truth: float, draw: Draw, better: str = "higher", more: str = ""
) -> World:
    """Return a world of that many clusters."""
    cell = f"{groups} of {size}, {truth:.3g}{more}"
    return World(kind=f"{kind}, clusters", cell=cell, truth=truth, draw=draw, better=better)


def repeat_values(rng, values, code):
    """Return the values with those of some rows replaced by their cluster's first."""
    first = np.searchsorted(code, code)
    return np.where(rng.random(len(code)) < ALIKE, values[first], values)


def cluster_measurement(
    statistic: str, code, columns: Mapping[str, object], better: str = "higher"
) -> tuple[Measurement, None]:
    return single_measurement(statistic, better, **columns, **{"cluster.card": code})


def ranking_in_clusters(statistic: str, groups: int, size: int, share: float, apart: float) -> World:
    """Scores of a cluster share half of their variance."""
    code = np.repeat(np.arange(groups), size)
    truth = float(norm.cdf(apart / math.sqrt(2))) if statistic == "auc" else true_precision(share, apart)

    def draw(rng):
        y = np.zeros(len(code))
        while y.sum() < 20:
            y = repeat_values(rng, (rng.random(len(code)) < share) * 1.0, code)
        noise = rng.normal(size=groups)[code] + rng.normal(size=len(code))
        return cluster_measurement(statistic, code, {"y": y, "score": noise / math.sqrt(2) + apart * y})

    return cluster_world(statistic.replace("_", " "), groups, size, truth, draw, more=f", {share:.0%} positive")


def ppi_in_clusters(groups: int, size: int, labels: int, good: float) -> World:
    """Rows to check are drawn at random from all rows; what repeats is the answer, and so is the judge's score."""
    code = np.repeat(np.arange(groups), size)

    def draw(rng):
        kind = np.where(rng.random(len(code)) < good, rng.random(len(code)) < 0.97, 2 + (rng.random(len(code)) < 0.45))
        kind = repeat_values(rng, kind * 1, code)
        looked = np.zeros(len(code), dtype=bool)
        looked[rng.choice(len(code), labels, replace=False)] = True
        return cluster_measurement(
            "judge_correction", code, {"y": pa.array((kind < 2) * 1.0, mask=~looked), "score": (kind % 2) * 1.0}
        )

    return cluster_world("judge_correction", groups, size, good, draw, more=f", {labels} checked")


def groups_in_clusters(statistic: str, groups: int, size: int, rate: float, *, across: bool) -> World:
    """A quarter of the rows are in the group: whole clusters, or a quarter of each."""
    code = np.repeat(np.arange(groups), size)
    inside = ((np.arange(len(code)) if across else code) % 4 > 0) * 1
    truth = 0.8 if statistic == "ratio" else -0.2 * rate

    def draw(rng):
        chance = repeat_values(rng, rng.random(len(code)), code)
        return cluster_measurement(
            statistic, code, {"y": (chance < rate * np.where(inside, 1.0, 0.8)) * 1, "reference": inside}
        )

    return cluster_world(statistic, groups, size, truth, draw, more=f", {rate}{' across groups' if across else ''}")


def mean_in_clusters(groups: int, size: int) -> World:
    code = np.repeat(np.arange(groups), size)

    def draw(rng):
        return cluster_measurement("mean", code, {"y": repeat_values(rng, np.exp(rng.normal(0, 0.5, len(code))), code)})

    return cluster_world("mean", groups, size, math.exp(0.125), draw, more=", lognormal")


def brier_in_clusters(groups: int, size: int, share: float) -> World:
    code = np.repeat(np.arange(groups), size)

    def draw(rng):
        y = repeat_values(rng, (rng.random(len(code)) < share) * 1, code)
        return cluster_measurement("brier", code, {"y": y, "score": np.full(len(code), share)}, "lower")

    return cluster_world("brier", groups, size, share * (1 - share), draw, "lower")


def value_in_clusters(groups: int, size: int, sigma: float) -> World:
    code = np.repeat(np.arange(groups), size)

    def draw(rng):
        y = repeat_values(rng, (rng.random(len(code)) < 0.8) * 1, code)
        return cluster_measurement("value_rate", code, {"y": y, "score": rng.lognormal(3, sigma, len(code))})

    return cluster_world("value rate", groups, size, 0.8, draw, more=f", sigma {sigma}")


CROWDS = (
    *(ranking_in_clusters("auc", *cell) for cell in ((30, 40, 0.1, 1.5), (100, 20, 0.1, 1.5), (300, 5, 0.2, 2.0))),
    *(
        ranking_in_clusters("average_precision", *cell)
        for cell in ((30, 40, 0.1, 1.5), (100, 20, 0.1, 1.5), (300, 5, 0.2, 2.0), (500, 10, 0.02, 2.0))
    ),
    *(ppi_in_clusters(*cell) for cell in ((30, 20, 100, 0.85), (100, 10, 100, 0.85), (300, 5, 300, 0.95))),
    *(
        groups_in_clusters(kind, *cell, across=across)
        for kind in ("gap", "ratio")
        for cell in ((80, 10, 0.8), (200, 5, 0.5), (200, 5, 0.2))
        for across in (False, True)
    ),
    mean_in_clusters(30, 10),
    mean_in_clusters(200, 5),
    brier_in_clusters(30, 20, 0.3),
    brier_in_clusters(300, 5, 0.05),
    value_in_clusters(60, 5, 1.0),
    value_in_clusters(200, 5, 1.5),
)
