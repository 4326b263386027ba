"""Bounds that count as many independent observations as a design is worth."""

import math
from collections.abc import Mapping

import numpy as np

from harness.stats.binomial import Binomial
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import DesignVariance, has_shared_cluster, mean_part, spread
from harness.stats.inference import Inference
from harness.stats.student import Student


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


def bonett_price(value: float, square: float, n: int, design: DesignVariance, *, most: float = math.inf) -> Inference:
    """Return bounds for a mean of n differences within -1 and 1 whose mean square is `square`.

    Adds one pair of +1 and one of -1, so that pairs that all agree do not look certain. Bonett, Price 2012; in
    clusters and weighted: on as many pairs as their variance is worth, at most `most`, by t.
    """
    alone = (square - value**2) * n / (n - 1) if n > 1 else 0.0
    worth = min(most, alone / design.variance if design.variance > 0 else design.groups)
    center = value * worth / (worth + 2)
    se = math.sqrt(((square * worth + 2) / (worth + 2) - center**2) / (worth + 2))
    interval = Student(center=center, se=se, df=_freedom(design, most), low=-1.0, high=1.0)
    return Inference(value=value, n=n, n_eff=worth, method="Bonett-Price", interval=interval, clusters=design.clusters)


def _freedom(design: DesignVariance, most: float) -> float:
    if design.clusters is not None:
        return design.df
    return math.inf if math.isinf(most) else max(1.0, most - 1)


def student(value: float, n: int, design: DesignVariance, *, method: str, reach: float = math.inf) -> Inference:
    """Return t bounds, bent for skew, within -reach and reach; the variance must be above 0."""
    shape = {"df": design.df, "skew": design.skew, "groups": design.groups}
    interval = Student(center=value, se=math.sqrt(design.variance), **shape, low=-reach, high=reach)
    n_eff = n * design.independent / design.variance
    return Inference(value=value, n=n, n_eff=n_eff, method=method, interval=interval, clusters=design.clusters)


def share_bounds(hits: Numbers, weight: Numbers, codes: Mapping[str, Codes]) -> Binomial:
    """Return bounds of a share: exact ones, or of rows in clusters or weighted as korn_graubard counts them.

    Weighted rows are worth no more than the rows of equal weight they equal (Kish 1965), as a few heavy ones may agree.
    """
    if np.ptp(weight) == 0 and not has_shared_cluster(codes):
        return Binomial(k=int(hits.sum()), n=len(hits))
    share, part = mean_part(hits, weight)
    shared = codes if has_shared_cluster(codes) else {}
    return worth_of(share, spread([part], shared), most=float(1 / (part.leverage @ part.leverage)), unseen=True)
