"""The mean precision over all recalls: how well a score ranks rare positives."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import ROUNDING, DesignVariance, Influence, mean_part, spread
from harness.stats.effective import bent_t, korn_graubard, student
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.mover import Mover, Moves
from harness.stats.one_unseen import OneUnseen
from harness.stats.searched import Nearer, Wider
from harness.values.samples import Sample

FEWEST = 20  # positives: below, neither bound was shown to keep its level at every prevalence
RESERVE = 1.01  # on the error of a difference, which linearised alone let 0.51 % of fresh samples contradict each other
UNSEEN = 3  # hard negatives that a sample may be without (the rule of three); each costs less than the one before
ENOUGH = 4  # misranked positives, below which the variance of a high value cannot be trusted


def infer(sample: Sample) -> Inference:
    """Return average precision of rows with `y` 0 or 1 and `score`, as scikit-learn defines it (ties share a rank).

    Linearised variance (Deville 1999) of rows drawn with their class, in clusters and weighted; bounds Korn-Graubard
    1998, around a value that counts each positive as half found by itself, which removes the upward bias of few
    positives. Refused below 20 positives. BCa passed more often at low prevalence (docs/statistics.md).
    """
    rows = columns.table(sample)
    y, score, weight = columns.outcomes(rows), columns.numbers(rows, "score"), columns.weights(rows)
    _refuse_few(y)
    where = _rank_scores(score)
    (value, part), codes = _linear(y, where, weight), columns.clusters(rows)
    design = _design(part, y, weight, codes)
    few = design.groups * min(value, 1 - value) < ENOUGH
    seen = korn_graubard(value, len(y), design, most=design.groups if few else float("inf"))
    center = min(value, _mean_precision(y, where, weight, 0.5))
    usual = Binomial(k=center * seen.n_eff, n=seen.n_eff, df=design.df, least=design.groups)
    unseen = replace(_hard_negatives(y, where, weight, codes, design.variance), value=center)
    further = Wider(one=usual, other=unseen)
    return replace(seen, interval=_nearer_in_clusters(further, center, unseen.falls.most, design))


def _nearer_in_clusters(further: Wider, value: float, most: float, design: DesignVariance) -> Interval:
    """Return the nearer of these bounds and, in clusters, of t that reckons with one of hard negatives, or of lost."""
    if design.clusters is None:
        return further
    seen = bent_t(value, design, (0.0, 1.0))
    share = 1 / design.groups
    ends = {"below": max(most, value * share), "above": (1 - value) * share}
    return Nearer(one=further, other=OneUnseen(seen=seen, **ends, share=share, units=design.groups))


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's average precision less the baseline's on the same ids, linearised, by t bent for skew.

    Reckons with positives that one side ranks first and the other last, of which none was drawn (`OneUnseen`).
    """
    left, right = columns.pair_rows(candidate, baseline)
    y, weight, codes = columns.outcomes(left), columns.weights(left), columns.clusters(left)
    columns.refuse_other("y", y, columns.outcomes(right))
    _refuse_few(y)
    new, old = (_linear(y, _rank_scores(columns.numbers(r, "score")), weight) for r in (left, right))
    (value, one), (other, two) = new, old
    apart = Influence(values=RESERVE * (one.values - two.values), leverage=one.leverage)
    design = spread([apart], codes)
    return student(
        value - other,
        len(y),
        design,
        method="paired average precision, t",
        limits=(-1.0, 1.0),
        unseen=1 / design.groups,
    )


def _hard_negatives(y: Numbers, where: Codes, weight: Numbers, codes: Mapping[str, Codes], variance: float) -> Mover:
    """Return bounds that count one more negative (or cluster of such) that is ranked above all positives."""
    hits, alerts = (np.cumsum(np.bincount(where, each)) for each in (weight * y, weight))
    alerts = np.maximum(alerts, 1e-300)
    positives = np.bincount(where, weight * y) / float(weight @ y)
    lost = weight * (1 - y) * np.cumsum((positives * hits / alerts**2)[::-1])[::-1][where]
    negatives = weight * (1 - y)
    one = float(negatives.sum() / spread([mean_part(y, negatives)[1]], codes).groups)
    most = float(positives @ (hits / alerts - hits / (alerts + UNSEEN * one))) / UNSEEN
    part = Influence(values=lost, leverage=weight / weight.sum())
    falls = Moves(mean=float(lost.sum()), variance=spread([part], codes).variance, most=most)
    still = Moves(mean=0.0, variance=0.0, most=0.0)
    return Mover(value=0.0, rises=still, falls=falls, variance=max(variance, falls.variance), low=0.0, high=1.0)


def _rank_scores(score: Numbers) -> Codes:
    """Return the rank of each row, 0 for the highest score; ties share one."""
    return np.unique(-score, return_inverse=True)[1]


def _linear(y: Numbers, where: Codes, weight: Numbers) -> tuple[float, Influence]:
    """Return the value and what each row moves it by: its own precision, and that of every positive below it."""
    positives, rows = np.bincount(where, weight * y), np.bincount(where, weight)
    hits, alerts, total = np.cumsum(positives), np.maximum(np.cumsum(rows), 1e-300), positives.sum()
    precision = hits / alerts
    value = float(np.clip(positives @ precision / total, 0, 1))
    gained = np.cumsum((positives / alerts)[::-1])[::-1][where]
    lost = np.cumsum((positives * hits / alerts**2)[::-1])[::-1][where]
    moves = y * (precision[where] + gained - value) - lost
    moves = np.where(np.abs(moves) > ROUNDING, moves, 0.0)  # a perfect ranking has no variance, not one of rounding
    return value, Influence(values=weight * moves / total, leverage=weight * y / total)


def _mean_precision(y: Numbers, where: Codes, weight: Numbers, itself: float) -> float:
    """Return the mean precision at the positives, each counting a share of itself."""
    hits, alerts = (np.cumsum(np.bincount(where, weight * each))[where] for each in (y, np.ones(len(y))))
    own = (1 - itself) * weight
    held = (y == 1) & (weight > 0)
    return float(weight[held] @ ((hits - own) / (alerts - own))[held] / weight[held].sum())


def _design(part: Influence, y: Numbers, weight: Numbers, codes: Mapping[str, Codes]) -> DesignVariance:
    """Return the variance over all rows, with no more degrees of freedom than either class has groups."""
    whole = spread([Influence(values=part.values, leverage=weight / weight.sum())], codes)
    classes = spread([mean_part(part.values, weight * each)[1] for each in (y, 1 - y)], codes)
    return replace(whole, df=min(whole.df, classes.df), groups=min(whole.groups, classes.groups))


def _refuse_few(y: Numbers) -> None:
    positives = int(y.sum())
    if positives < FEWEST or len(y) - positives < 2:
        raise HarnessError(
            f"an average precision needs {FEWEST} positives and 2 negatives or more; found {positives} with y = 1 and "
            f"{len(y) - positives} with y = 0; widen the window"
        )
