"""The variance of an estimate whose rows come in groups: customers, terminals, documents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations

import numpy as np

from harness.errors import HarnessError
from harness.stats.columns import Codes, Numbers

ROUNDING = 1e-12
LOST = 3  # clusters that the standard error of a correlation counts less


@dataclass(frozen=True, kw_only=True)
class Influence:
    """One sum an estimate is made of, row by row.

    `values` are what each row moves the estimate by (they sum to 0), `leverage` its share of the sum (sums to 1).
    """

    values: Numbers
    leverage: Numbers

    def times(self, factor: float) -> "Influence":
        """Return the part as it moves that many times the estimate."""
        return replace(self, values=factor * self.values)


@dataclass(frozen=True, kw_only=True)
class DesignVariance:
    """The design variance of an estimate, its degrees of freedom, and the groups it was judged by.

    `groups` is the number of equally heavy groups that the coarsest clustering is worth (Kish 1965), `largest` the
    share of the heaviest. `df` is one less than them, or fewer when a few groups carry the variance. `independent` is
    the variance if every row stood alone, `skew` the third moment of the estimate over its variance to the 1.5.
    """

    variance: float
    independent: float
    df: float
    skew: float
    groups: float
    clusters: int | None
    largest: float

    @property
    def notes(self) -> tuple[str, ...]:
        """Return, in words, what rows in clusters take for granted, as no bound could hold without it."""
        if self.clusters is None:
            return ()
        return (
            f"it holds for groups like the {self.clusters:,} that were drawn, the largest of which makes up "
            f"{100 * self.largest:.0f} %; a larger kind that was never drawn is not covered",
        )


def mean_part(values: Numbers, weight: Numbers) -> tuple[float, Influence]:
    """Return the weighted mean and what each row adds to it: exactly nothing where all rows agree."""
    leverage = weight / weight.sum()
    held = values[weight > 0]
    value = float(np.clip(leverage @ values, held.min(), held.max()))
    return value, Influence(values=leverage * (values - value), leverage=leverage)


def spread(parts: Sequence[Influence], columns: Mapping[str, Codes]) -> DesignVariance:
    """Return the variance by leaving out one cluster at a time; never below that of independent rows.

    Equals s^2/n for the mean of independent rows and DeLong 1988 for two parts; Obuchowski 1997 when clusters are even.
    Several columns: V_a + V_b - V_ab (Cameron, Gelbach, Miller 2011), never below the worst single one.
    """
    rows = np.arange(len(parts[0].values))
    alone = _sum_of_squares(parts, rows)
    for name, codes in columns.items():
        _refuse_single(name, codes)
    ways = list(columns.values()) or [rows]
    df, skew = min(_shape(parts, codes) for codes in ways)
    return DesignVariance(
        variance=max(alone, *_variances_by_column(parts, ways)) if columns else alone,
        independent=alone,
        df=df,
        skew=skew,
        groups=min(_groups(part, codes) for part in parts for codes in ways),
        clusters=min(int(codes.max()) + 1 for codes in ways) if columns else None,
        largest=max(float(np.bincount(codes, part.leverage).max()) for part in parts for codes in ways),
    )


def correlate(one: Influence, other: Influence, columns: Mapping[str, Codes]) -> float:
    """Return how two estimates move together from cluster to cluster, -1 to 1; by several columns the least.

    Where they move alike, that is one standard error less (Fisher 1921): few clusters may do so by chance.
    """
    return min((_correlate_moves(one, other, codes) for codes in columns.values()), default=0.0)


def _correlate_moves(one: Influence, other: Influence, codes: Codes) -> float:
    moves, others = (_moves([part], codes) for part in (one, other))
    scale = float(np.sqrt((moves @ moves) * (others @ others)))
    alike = float(moves @ others) / scale if scale > 0 else 0.0
    groups = min(_groups(part, codes) for part in (one, other)) - LOST
    if alike <= 0 or groups <= 0:
        return min(0.0, alike)
    return max(0.0, float(np.tanh(np.arctanh(min(alike, 1 - ROUNDING)) - 1 / np.sqrt(groups))))


def has_shared_cluster(columns: Mapping[str, Codes]) -> bool:
    """Tell whether any two rows share a cluster."""
    return any(int(codes.max()) + 1 < len(codes) for codes in columns.values())


def _variances_by_column(parts: Sequence[Influence], columns: Sequence[Codes]) -> list[float]:
    """Return the variance by each column alone and, last, by all of them at once."""
    single = [_cluster_variance(parts, codes) for codes in columns]
    shared = sum(
        (-1) ** (size + 1) * _sum_of_squares(parts, _cells(chosen))
        for size in range(2, len(columns) + 1)
        for chosen in combinations(columns, size)
    )
    return [*single, sum(single) + shared]


def _cluster_variance(parts: Sequence[Influence], codes: Codes) -> float:
    """Return the variance by clusters, raised to what evenly correlated clusters of these sizes would have.

    A few heavy clusters that happen to agree would otherwise make the estimate look certain.
    """
    return _sum_of_squares(parts, codes) + sum(
        max(0.0, _even(part, codes) - _sum_of_squares([part], codes)) for part in parts
    )


def _even(part: Influence, codes: Codes) -> float:
    """Return the variance when any two rows of a cluster correlate as much as the average cluster shows."""
    share = np.bincount(codes, part.leverage)
    shared = np.bincount(codes, part.values) ** 2 - np.bincount(codes, part.values**2)
    pairs = share**2 - np.bincount(codes, part.leverage**2)
    held = share > 0
    weight = float(np.sum(pairs[held] / share[held]))
    count = int(held.sum())
    common = count / (count - 1) * float(np.sum(shared[held] / share[held])) / weight if weight > 0 else 0.0
    return _sum_of_squares([part], np.arange(len(codes))) + max(0.0, common) * float(pairs.sum())


def _sum_of_squares(parts: Sequence[Influence], codes: Codes) -> float:
    return float(np.sum(_moves(parts, codes) ** 2))


def _moves(parts: Sequence[Influence], codes: Codes) -> Numbers:
    """Return how far leaving out each cluster moves the estimate, scaled so that the squares sum to a variance.

    Moves no larger than rounding are 0: their pattern would pass for degrees of freedom.
    """
    moves: Numbers = np.sum([_part_moves(part, codes) for part in parts], axis=0)
    rounding = ROUNDING * sum(float(np.abs(part.values).sum()) for part in parts)
    return np.where(np.abs(moves) > rounding, moves, 0.0)


def _part_moves(part: Influence, codes: Codes) -> Numbers:
    share = np.bincount(codes, part.leverage)
    count = int(np.count_nonzero(share))
    if share.max() > 1 - ROUNDING:
        raise HarnessError("one cluster holds every row that counts: it says nothing about others; collect from more")
    moves: Numbers = np.bincount(codes, part.values) / (1 - share) * np.sqrt((count - 1) / count)
    return moves


def _shape(parts: Sequence[Influence], codes: Codes) -> tuple[float, float]:
    """Return the degrees of freedom and the skew: a variance is known no better than by the clusters that carry it."""
    moves = _moves(parts, codes)
    squares = moves**2
    most = min(_groups(part, codes) for part in parts) - 1
    if not squares.any():
        return most, 0.0
    total = float(squares.sum())
    return min(most, total**2 / float(squares @ squares)), float(moves @ squares) / total**1.5


def _groups(part: Influence, codes: Codes) -> float:
    return float(1 / np.sum(np.bincount(codes, part.leverage) ** 2))


def _cells(columns: Iterable[Codes]) -> Codes:
    return reduce(lambda a, b: np.unique(a * (b.max() + 1) + b, return_inverse=True)[1], columns)


def _refuse_single(name: str, codes: Codes) -> None:
    if not codes.max():
        raise HarnessError(
            f"{name!r} holds a single cluster of {len(codes)} rows: it says nothing about others; collect from more"
        )
