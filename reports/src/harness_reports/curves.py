"""Computes the points of a figure from rows: labels of 0 and 1, and scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness import HarnessError

Numbers = NDArray[np.float64]
Point = tuple[float, float]
POINTS = 150  # of a curve: more cannot be told apart on a page
TENTHS = 10
TWO_SIDED = 1.959963984540054  # standard deviations that 95 % lie within


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Rows as arrays of one length: labels of 0 or 1, scores, and what each row weighs."""

    y: Numbers
    score: Numbers
    weight: Numbers


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A named line, or dots each with its interval (low, high)."""

    name: str
    points: Sequence[Point]
    intervals: Sequence[Point] = ()


def count(rows: pa.Table | None) -> Counted:
    """Return rows as arrays; rows that are of one class, or none, cannot be drawn."""
    if rows is None or not {"y", "score"} <= set(rows.column_names):
        raise HarnessError("the rows were not kept")
    y, score = (rows[name].to_numpy().astype(np.float64) for name in ("y", "score"))
    weight = rows["weight"].to_numpy().astype(np.float64) if "weight" in rows.column_names else np.ones(y.size)
    if not (np.isfinite(score).all() and np.isfinite(weight).all() and set(np.unique(y)) == {0.0, 1.0}):
        raise HarnessError("it takes finite scores, and rows with the label 0 and with 1")
    if not all(weight[y == label].sum() > 0 for label in (0, 1)):
        raise HarnessError("the rows of one label weigh nothing")
    return Counted(y=y, score=score, weight=weight)


def roc(name: str, rows: Counted) -> Curve:
    """Return true positive rates over false positive rates, one point for each score."""
    hits, alarms = _cumulated(rows)
    return Curve(name=name, points=_thin(np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])))


def precision_recall(name: str, rows: Counted) -> Curve:
    """Return precision over recall, one point for each score."""
    hits, alarms = _cumulated(rows)
    weighed = hits + alarms > 0
    return Curve(name=name, points=_thin((hits / hits[-1])[weighed], (hits[weighed] / (hits + alarms)[weighed])))


def reliability(name: str, rows: Counted) -> Curve:
    """Return the share of positives over the mean score in each tenth of the rows, equal scores kept together."""
    if rows.score.min() < 0 or rows.score.max() > 1:
        raise HarnessError("scores beyond 0 to 1 are no probabilities")
    tenths = list(_tenths(rows))
    points = [(float(np.average(part.score, weights=part.weight)), _share(part)) for part in tenths]
    return Curve(name=name, points=points, intervals=[_wilson(part) for part in tenths])


def confusion(rows: Counted) -> Sequence[Sequence[float]]:
    """Return the weight of rows by label and by decision, both 1 before 0."""
    decided = rows.score > 0
    return [
        [float(rows.weight[(rows.y == label) & (decided == decision)].sum()) for decision in (True, False)]
        for label in (1, 0)
    ]


def shares(reference: Sequence[float], current: Sequence[float]) -> Sequence[Point]:
    """Return the share of each bin on both sides, bins that are empty on both left out."""
    one, other = sum(reference), sum(current)
    pairs = zip(reference, current, strict=True)
    return [(was / one if one else 0.0, now / other if other else 0.0) for was, now in pairs if was or now]


def _cumulated(rows: Counted) -> tuple[Numbers, Numbers]:
    """Return the weight of positives and of negatives from each score upwards, the highest score first."""
    order = np.argsort(-rows.score, kind="stable")
    score, hit, weight = rows.score[order], rows.y[order], rows.weight[order]
    last = np.append(score[1:] != score[:-1], True)
    return np.cumsum(hit * weight)[last], np.cumsum((1 - hit) * weight)[last]


def _thin(x: Numbers, y: Numbers) -> Sequence[Point]:
    """Return at most POINTS of a curve, evenly along it, with both ends."""
    length = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    wanted = np.linspace(0, length[-1], min(POINTS, x.size))
    kept = np.unique(np.append(np.searchsorted(length, wanted).clip(max=x.size - 1), [0, x.size - 1]))
    return [(float(x[index]), float(y[index])) for index in kept]


def _tenths(rows: Counted) -> Iterator[Counted]:
    order = np.argsort(rows.score, kind="stable")
    score = rows.score[order]
    cuts = np.searchsorted(score, [score[index * score.size // TENTHS] for index in range(1, TENTHS)])
    for part in np.split(order, np.unique(cuts)):
        if part.size and rows.weight[part].sum() > 0:
            yield Counted(y=rows.y[part], score=rows.score[part], weight=rows.weight[part])


def _share(part: Counted) -> float:
    return float(np.average(part.y, weights=part.weight))


def _wilson(part: Counted) -> Point:
    """Return Wilson's interval of a share; rows of unequal weight count for as many as they are worth (Kish)."""
    n = float(part.weight.sum() ** 2 / (part.weight**2).sum())
    share, square = _share(part), TWO_SIDED**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = TWO_SIDED / (1 + square / n) * float(np.sqrt(share * (1 - share) / n + square / (4 * n * n)))
    return max(middle - half, 0.0), min(middle + half, 1.0)
