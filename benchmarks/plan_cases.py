"""Good candidates of every statistic: what is asked of them, how good they really are, and how rows are drawn."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pairs import both, twice
from scipy.signal import lfilter
from scipy.stats import norm
from worlds import single_measurement, true_precision

from harness import Measurement, Requirement

Sides = tuple[Measurement, Measurement | None]
Draw = Callable[[np.random.Generator, int], Sides]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A good candidate: what is asked of it, how good it really is, and how its rows are drawn."""

    name: str
    draw: Draw
    threshold: float
    truth: float
    pilots: tuple[int, ...] = (20, 100, 500)
    versus: bool = False

    def requirement(self) -> Requirement:
        """Return what is asked, planned for the truth."""
        if self.versus:
            return Requirement(metric="m", versus="champion", lose_at_most=-self.threshold, plan_for=self.truth)
        side = "at_least" if self.truth > self.threshold else "at_most"
        return Requirement(metric="m", plan_for=self.truth, **{side: self.threshold})


def compare(name: str, draw: Draw, lose_at_most: float, pilots: tuple[int, ...] = (20, 100, 500)) -> Case:
    """Return a candidate that is as good as the champion and may be worse by so much."""
    return Case(name=name, draw=draw, threshold=-lose_at_most, truth=0.0, versus=True, pilots=pilots)


def rows_of(statistic: str, columns: Callable[[np.random.Generator, int], dict], better: str = "higher") -> Draw:
    return lambda rng, n: single_measurement(statistic, better, **columns(rng, n))


def _labels(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    """Return labels with at least two of either kind."""
    y = (rng.random(n) < share) * 1
    y[:2], y[2:4] = 1, 0
    return y


def _ranking(share: float, apart: float) -> Callable[[np.random.Generator, int], dict]:
    def columns(rng, n):
        y = _labels(rng, n, share)
        return {"y": y, "score": rng.normal(size=n) + apart * y}

    return columns


def _decisions(rng: np.random.Generator, n: int) -> dict:
    y = _labels(rng, n, 0.2)
    return {"y": y, "score": np.where(y == 1, rng.random(n) < 0.8, rng.random(n) < 0.05) * 1}


def _groups(rate: float, own: float) -> Callable[[np.random.Generator, int], dict]:
    def columns(rng, n):
        inside = _labels(rng, n, 0.6)
        return {"y": (rng.random(n) < np.where(inside, rate, own)) * 1, "reference": inside}

    return columns


def _shares_in_clusters(rng: np.random.Generator, n: int) -> dict:
    code = np.repeat(np.arange(max(2, math.ceil(n / 5))), 5)
    share = rng.beta(0.85 * 4, 0.15 * 4, code[-1] + 1)
    return {"y": (rng.random(len(code)) < share[code]) * 1, "cluster.user": code}


def _judge_scores(rng: np.random.Generator, n: int) -> dict:
    y = (rng.random(n) < 0.9) * 1.0
    score = np.where(y == 1, rng.random(n) < 0.97, rng.random(n) < 0.3) * 1.0
    return {"y": pa.array(y, mask=rng.random(n) >= 0.2), "score": score}


def _slow(rng: np.random.Generator, n: int) -> dict:
    z = lfilter([1], [1, -0.9], rng.standard_normal(n + 200) * math.sqrt(0.19))[200:]
    return {"y": (z > norm.isf(0.005)) * 1, "score": np.exp(z)}


def _brier(rng: np.random.Generator, n: int) -> dict:
    p = 0.3 + 0.075 * rng.choice([-1.0, 1.0], n)
    return {"y": (rng.random(n) < p) * 1, "score": p}


def _right_probabilities(rng: np.random.Generator, n: int) -> dict:
    p = rng.uniform(0.05, 0.95, n)
    return {"y": (rng.random(n) < p) * 1, "score": p}


def _decisions_in_groups(rng: np.random.Generator, n: int) -> dict:
    """Return decisions whose rates do not differ between a reference group of 60 % and the other."""
    label, inside = (rng.random(n) < 0.4) * 1, (rng.random(n) < 0.6) * 1
    quarter = np.arange(8)
    label[:8], inside[:8] = quarter % 2, quarter // 2 % 2
    return {"y": (rng.random(n) < np.where(label == 1, 0.8, 0.1)) * 1, "score": label, "reference": inside}


def _three_groups(rng: np.random.Generator, n: int) -> dict:
    """Return decisions right in 90, 92 and 95 % of three groups."""
    group = np.arange(n) % 3
    return {"y": (rng.random(n) < np.array([0.9, 0.92, 0.95])[group]) * 1, "score": np.ones(n), "group": group}


Values = Callable[[np.random.Generator, int], np.ndarray]


def _lognormal(sigma: float) -> Values:
    return lambda rng, n: rng.lognormal(3, sigma, n)


def _catches(values: Values) -> Callable[[np.random.Generator, int], dict]:
    """Return rows of these values, of which 90 % are caught, whatever they are worth."""
    return lambda rng, n: {"y": (rng.random(n) < 0.9) * 1, "score": values(rng, n)}


def _drift(statistic: str) -> Draw:
    def draw(rng, n):
        counts = {f"reference.{i}": int(k) for i, k in enumerate(rng.multinomial(5000, np.full(10, 0.1)))}
        counts |= {f"current.{i}": int(k) for i, k in enumerate(rng.multinomial(n, np.full(10, 0.1)))}
        return single_measurement(statistic, "lower", counts)

    return draw


def _mean_pairs(rng: np.random.Generator, n: int) -> Sides:
    new, old = ({"y": 50 + 10 * each} for each in twice(rng, n))
    return both("mean", new, old)


def _pairs_that_flip(rng: np.random.Generator, n: int) -> Sides:
    shared = rng.random(n) < 0.9
    new, old = ({"y": (shared ^ (rng.random(n) < 0.03)) * 1} for _ in range(2))
    return both("proportion", new, old)


def _ranking_pairs(statistic: str, share: float, apart: float) -> Draw:
    def draw(rng, n):
        y = _labels(rng, n, share)
        new, old = ({"score": each + apart * y} for each in twice(rng, n, 0.9))
        return both(statistic, new, old, y=y)

    return draw


def _decision_pairs(statistic: str) -> Draw:
    def draw(rng, n):
        y = _labels(rng, n, 0.2)
        sides = ({"score": (each + 2.5 * y > 1.6) * 1} for each in twice(rng, n, 0.9))
        return both(statistic, *sides, y=y)

    return draw


def _pairs_in_groups(rng: np.random.Generator, n: int) -> Sides:
    inside = _labels(rng, n, 0.6)
    new, old = ({"y": (each > 0.5) * 1} for each in twice(rng, n))
    return both("gap", new, old, reference=inside)


def _probability_pairs(statistic: str) -> Draw:
    """Return draws of two models whose probabilities are off by as much."""

    def draw(rng, n):
        p = rng.uniform(0.1, 0.5, n)
        y = (rng.random(n) < p) * 1
        new, old = ({"score": np.clip(p + rng.normal(0, 0.05, n), 0, 1)} for _ in range(2))
        return both(statistic, new, old, "lower", y=y)

    return draw


AUC, PRECISION = float(norm.cdf(2 / math.sqrt(2))), true_precision(0.1, 2.5)
DECIDED = 2 * 0.16 / (0.2 + 0.16 + 0.04)
CASES = (
    Case(
        name="proportion",
        draw=rows_of("proportion", lambda r, n: {"y": (r.random(n) < 0.9) * 1}),
        threshold=0.8,
        truth=0.9,
    ),
    Case(
        name="proportion, clusters",
        draw=rows_of("proportion", _shares_in_clusters),
        threshold=0.75,
        truth=0.85,
        pilots=(100, 500),
    ),
    compare("proportion, paired", _pairs_that_flip, 0.04),
    Case(
        name="mean within 0 and 1, 5 % zeros",
        draw=rows_of("mean", lambda r, n: {"y": np.where(r.random(n) < 0.05, 0, r.uniform(0.85, 0.95, n))}),
        threshold=0.8,
        truth=0.855,
    ),
    Case(
        name="mean, normal, 0.3",
        draw=rows_of("mean", lambda r, n: {"y": r.normal(0.3, 1, n)}),
        threshold=0.0,
        truth=0.3,
    ),
    Case(name="mean, normal, 2", draw=rows_of("mean", lambda r, n: {"y": r.normal(2, 1, n)}), threshold=0.0, truth=2.0),
    Case(name="mean, normal, 1", draw=rows_of("mean", lambda r, n: {"y": r.normal(1, 1, n)}), threshold=0.0, truth=1.0),
    Case(
        name="mean, exponential, at most",
        draw=rows_of("mean", lambda r, n: {"y": r.exponential(1, n) + 1}, "lower"),
        threshold=2.2,
        truth=2.0,
        pilots=(20, 100, 500, 2000),
    ),
    Case(
        name="mean, exponential, at least",
        draw=rows_of("mean", lambda r, n: {"y": r.exponential(1, n) + 1}),
        threshold=1.8,
        truth=2.0,
        pilots=(20, 100, 500, 2000),
    ),
    Case(
        name="mean, lognormal sigma 0.5",
        draw=rows_of("mean", lambda r, n: {"y": np.exp(r.normal(0, 0.5, n)) + 1}, "lower"),
        threshold=2.23,
        truth=1 + math.exp(0.125),
        pilots=(20, 100, 500, 2000),
    ),
    Case(
        name="mean, lognormal sigma 1",
        draw=rows_of("mean", lambda r, n: {"y": np.exp(r.normal(0, 1, n))}, "lower"),
        threshold=2.0,
        truth=math.exp(0.5),
        pilots=(20, 100, 500, 2000, 10_000),
    ),
    compare("mean, paired", _mean_pairs, 2.0),
    Case(name="auc", draw=rows_of("auc", _ranking(0.2, 2.0)), threshold=0.87, truth=AUC),
    compare("auc, paired", _ranking_pairs("auc", 0.2, 2.0), 0.02),
    compare("auc, paired, 10 % positive", _ranking_pairs("auc", 0.1, 2.0), 0.01, (500,)),
    Case(
        name="average precision",
        draw=rows_of("average_precision", _ranking(0.1, 2.5)),
        threshold=PRECISION - 0.1,
        truth=PRECISION,
        pilots=(300, 500),
    ),
    compare("average precision, paired", _ranking_pairs("average_precision", 0.1, 2.5), 0.04, (300, 500)),
    Case(name="f1", draw=rows_of("f1", _decisions), threshold=DECIDED - 0.08, truth=DECIDED),
    compare("f1, paired", _decision_pairs("f1"), 0.04),
    Case(name="balanced accuracy", draw=rows_of("balanced_accuracy", _decisions), threshold=0.8, truth=0.875),
    compare("balanced accuracy, paired", _decision_pairs("balanced_accuracy"), 0.04),
    Case(name="brier", draw=rows_of("brier", _brier, "lower"), threshold=0.23, truth=0.21 - 0.075**2),
    compare("brier, paired", _probability_pairs("brier"), 0.02),
    Case(
        name="value rate",
        draw=rows_of("value_rate", _catches(_lognormal(0.7))),
        threshold=0.8,
        truth=0.9,
        pilots=(20, 100, 500, 2000),
    ),
    Case(name="value rate, sigma 0.3", draw=rows_of("value_rate", _catches(_lognormal(0.3))), threshold=0.8, truth=0.9),
    Case(
        name="value rate, Pareto slope 0.25",
        draw=rows_of("value_rate", _catches(lambda rng, n: rng.random(n) ** -0.25)),
        threshold=0.8,
        truth=0.9,
        pilots=(20, 100, 500, 2000),
    ),
    Case(name="gap", draw=rows_of("gap", _groups(0.3, 0.3)), threshold=-0.1, truth=0.0),
    compare("gap, paired", _pairs_in_groups, 0.05),
    Case(name="ratio", draw=rows_of("ratio", _groups(0.3, 0.3)), threshold=0.8, truth=1.0),
    Case(name="odds", draw=rows_of("odds", _decisions_in_groups, "lower"), threshold=0.1, truth=0.0, pilots=(200, 500)),
    Case(name="worst of three", draw=rows_of("worst", _three_groups), threshold=0.82, truth=0.9, pilots=(100, 500)),
    Case(
        name="calibration",
        draw=rows_of("calibration", _right_probabilities, "lower"),
        threshold=0.1,
        truth=0.0,
        pilots=(100, 500),
    ),
    compare("calibration, paired", _probability_pairs("calibration"), 0.05, (100, 500)),
    Case(name="psi", draw=_drift("psi"), threshold=0.1, truth=0.0, pilots=(150, 500)),
    Case(name="js", draw=_drift("js"), threshold=0.1, truth=0.0, pilots=(250, 500)),
    Case(name="ks", draw=_drift("ks"), threshold=0.1, truth=0.0, pilots=(100, 500)),
    Case(name="judged", draw=rows_of("judge_correction", _judge_scores), threshold=0.82, truth=0.9, pilots=(200, 500)),
    Case(
        name="exceedance",
        draw=rows_of("exceedance", _slow, "lower"),
        threshold=0.012,
        truth=0.005,
        pilots=(1000, 2000, 5000),
    ),
)
