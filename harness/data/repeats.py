"""Finds rows that stand in a table again under another id: whoever judges them twice believes twice as much."""

import math
from collections.abc import Mapping, Sequence

from harness.data.datasets import Dataset

LEAST = 0.01  # of the rows, from which on repeats are told
DISTINCT = 10  # scores of one label, of which none may stand there once
BEYOND = 2  # times as many pairs as chance makes, and three standard deviations more

Sizes = Mapping[int, int]  # how many groups of equal rows have so many


def count_repeats(data: Dataset) -> int:
    """Return how many rows repeat another's score, label and time, if that is no chance; else 0.

    Chance is what equal scores and equal times come to where neither knows of the other. Without a time, only copies
    of all rows of a label are found, each as often as the others. Slightly changed scores are not equal.
    """
    found = data.roles.score or data.roles.decision
    if found is None or not data.size:
        return 0
    scored = [found, *filter(None, [data.roles.label])]
    if data.roles.time is None:
        return sum(map(_copied, _sizes_by_label(data, found)))
    same = _sizes(data, [*scored, data.roles.time])
    expected = _pairs(_sizes(data, scored)) * _pairs(_sizes(data, [data.roles.time])) / max(math.comb(data.size, 2), 1)
    repeated = _repeated(same)
    is_chance = _pairs(same) <= BEYOND * expected + 3 * math.sqrt(expected)
    return 0 if is_chance or repeated < LEAST * data.size else repeated


def _sizes(data: Dataset, columns: Sequence[str]) -> Sizes:
    """Return how many groups of rows that are equal in some columns have how many rows."""
    groups = data.query("SELECT count(*) AS n FROM {rows} GROUP BY {columns}", columns=columns)
    rows = data.query("SELECT n, count(*) AS groups FROM {groups} GROUP BY n", groups=groups).table().to_pylist()
    return {int(row["n"]): int(row["groups"]) for row in rows}


def _sizes_by_label(data: Dataset, score: str) -> Sequence[Sizes]:
    label = data.roles.label
    if label is None:
        return [_sizes(data, [score])]
    named = {"score": score, "label": label}
    groups = data.query("SELECT {label} AS y, count(*) AS n FROM {rows} GROUP BY {label}, {score}", **named)
    rows = data.query("SELECT y, n, count(*) AS groups FROM {groups} GROUP BY y, n", groups=groups).table().to_pylist()
    found: dict[object, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row["y"], {})[int(row["n"])] = int(row["groups"])
    return list(found.values())


def _copied(sizes: Sizes) -> int:
    """Return how many rows are copies, where every score stands there a multiple of so many times."""
    times = math.gcd(*sizes)
    return sum(n * groups for n, groups in sizes.items()) // times * (times - 1) if _is_many(sizes) else 0


def _is_many(sizes: Sizes) -> bool:
    return sum(sizes.values()) >= DISTINCT


def _pairs(sizes: Sizes) -> int:
    return sum(math.comb(n, 2) * groups for n, groups in sizes.items())


def _repeated(sizes: Sizes) -> int:
    return sum((n - 1) * groups for n, groups in sizes.items())
