"""Bounds that count as many independent observations as a design is worth."""

import math
from collections.abc import Mapping

import numpy as np

from harness.stats.binomial import Binomial
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import DesignVariance, has_shared_cluster, mean_part, spread
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.one_unseen import OneUnseen
from harness.stats.student import Student

Limits = tuple[float, float]
ANY: Limits = (-math.inf, math.inf)


def korn_graubard(
    value: float,
    n: int,
    design: DesignVariance,
    *,
    most: float = math.inf,
    hits: int | None = None,
    unseen: bool = False,
) -> Inference:
    """Return exact binomial bounds on value * (1 - value) / variance observations, at most `most`.

    `unseen` keeps room for clusters that are worse than any drawn (harness.stats.unseen).

    Where rows show no variance (all hits, no hits), each group counts as one observation: the least that clustered
    rows can be worth, since a design effect cannot be measured where nothing differs. Korn, Graubard 1998.
    """
    interval = worth_of(value, design, most=most, unseen=unseen)
    return Inference(
        value=value,
        n=n,
        n_eff=interval.n,
        method="Korn-Graubard",
        interval=interval,
        hits=hits,
        clusters=design.clusters,
        notes=design.notes if unseen else (),
    )


def worth_of(value: float, design: DesignVariance, *, most: float, unseen: bool) -> Binomial:
    """Return the bounds of as many independent observations as korn_graubard counts."""
    n_eff = value * (1 - value) / design.variance if design.variance > 0 else design.groups
    n_eff = min(most, n_eff)
    return Binomial(k=value * n_eff, n=n_eff, df=design.df, least=design.groups, unseen=unseen)


def student(
    value: float,
    n: int,
    design: DesignVariance,
    *,
    method: str,
    limits: Limits = ANY,
    unseen: float = 0.0,
    units: float = 0.0,
    slope: float = 0.0,
) -> Inference:
    """Return t bounds, bent for skew, within limits; the variance must be above 0.

    `unseen` is the share of all that a unit of a kind that was not drawn may make up, at either limit: the bounds
    reckon with it (harness.stats.one_unseen), and the variance may be 0. `units` is how many were drawn; by default as
    many as make up all, if each is as large; `slope` is that of the tail of their sizes.
    """
    seen, (low, high) = bent_t(value, design, limits), limits
    ends = {"below": unseen * (value - low), "above": unseen * (high - value)}
    reckoned: Interval = seen
    if unseen:
        reckoned = OneUnseen(seen=seen, **ends, share=unseen, units=units or 1 / unseen, slope=slope)
    return Inference(
        value=value,
        n=n,
        n_eff=n * design.independent / design.variance if design.variance > 0 else design.groups,
        method=method,
        interval=reckoned,
        clusters=design.clusters,
    )


def bent_t(value: float, design: DesignVariance, limits: Limits = ANY) -> Student:
    """Return t bounds, bent for skew, within limits."""
    shape = {"df": design.df, "skew": design.skew, "groups": design.groups}
    return Student(center=value, se=math.sqrt(design.variance), **shape, low=limits[0], high=limits[1])


def share_bounds(hits: Numbers, weight: Numbers, codes: Mapping[str, Codes]) -> Binomial:
    """Return bounds of a share: exact ones, or of rows in clusters or weighted as korn_graubard counts them.

    Weighted rows are worth no more than the rows of equal weight they equal (Kish 1965), as a few heavy ones may agree.
    """
    if np.ptp(weight) == 0 and not has_shared_cluster(codes):
        return Binomial(k=int(hits.sum()), n=len(hits))
    share, part = mean_part(hits, weight)
    shared = codes if has_shared_cluster(codes) else {}
    return worth_of(share, spread([part], shared), most=float(1 / (part.leverage @ part.leverage)), unseen=True)
