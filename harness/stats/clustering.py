"""The variance of an estimate whose rows come in groups: customers, terminals, documents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.errors import HarnessError
from harness.stats.columns import Codes, Numbers


@dataclass(frozen=True, kw_only=True)
class Part:
    """One sum an estimate is made of, row by row.

    `influence` is what each row moves the estimate by (sums to 0), `leverage` its share of the sum (sums to 1).
    """

    influence: Numbers
    leverage: Numbers


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The design variance of an estimate, its degrees of freedom, and the groups it was judged by.

    `groups` is the number of equally heavy groups that the coarsest clustering is worth (Kish 1965).
    """

    variance: float
    independent: float
    df: float
    groups: float
    clusters: int | None


def spread(parts: Sequence[Part], columns: Mapping[str, Codes]) -> Spread:
    """Return the variance by leaving out one cluster at a time; never below that of independent rows.

    Several columns: V_a + V_b - V_ab (Cameron, Gelbach, Miller 2011), never below the worst single one. Equals
    s^2/n for the mean of independent rows and DeLong 1988 for two parts; Obuchowski 1997 when clusters are even.
    """
    rows = np.arange(len(parts[0].influence))
    independent = _variance(parts, rows)
    if not columns:
        groups = min(_groups(part, rows) for part in parts)
        return Spread(variance=independent, independent=independent, df=len(rows) - 1, groups=groups, clusters=None)
    _refuse_single(columns)
    count = min(int(codes.max()) + 1 for codes in columns.values())
    variance = max(independent, *_ways(parts, list(columns.values())))
    groups = min(_groups(part, codes) for part in parts for codes in columns.values())
    return Spread(variance=variance, independent=independent, df=count - 1, groups=groups, clusters=count)


def grouped(columns: Mapping[str, Codes]) -> bool:
    """Tell whether any two rows share a cluster."""
    return any(int(codes.max()) + 1 < len(codes) for codes in columns.values())


def _ways(parts: Sequence[Part], columns: Sequence[Codes]) -> list[float]:
    """Return the variance by each column alone and, last, by all of them at once."""
    alone = [_variance(parts, codes) for codes in columns]
    crossed = sum(
        (-1) ** (size + 1) * _variance(parts, _cells(chosen))
        for size in range(2, len(columns) + 1)
        for chosen in combinations(columns, size)
    )
    return [*alone, sum(alone) + crossed]


def _cells(columns: Iterable[Codes]) -> Codes:
    cells: Codes = np.unique(np.stack(list(columns)), axis=1, return_inverse=True)[1].reshape(-1)
    return cells


def _variance(parts: Sequence[Part], codes: Codes) -> float:
    return float(np.sum(np.sum([_moves(part, codes) for part in parts], axis=0) ** 2))


def _moves(part: Part, codes: Codes) -> Numbers:
    """Return how far leaving out each cluster moves the estimate, scaled so that the squares sum to a variance."""
    share = np.bincount(codes, part.leverage)
    count = int(np.count_nonzero(share))
    if share.max() > 1 - 1e-12:
        raise HarnessError("one cluster holds every row that counts: it says nothing about others; collect from more")
    moves: Numbers = np.bincount(codes, part.influence) / (1 - share) * np.sqrt((count - 1) / count)
    return moves


def _groups(part: Part, codes: Codes) -> float:
    return float(1 / np.sum(np.bincount(codes, part.leverage) ** 2))


def _refuse_single(columns: Mapping[str, Codes]) -> None:
    for name, codes in columns.items():
        if not codes.max():
            raise HarnessError(
                f"{name!r} holds a single cluster of {len(codes)} rows: it says nothing about others; collect from more"
            )
