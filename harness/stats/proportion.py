"""A share of hits: recall, precision at a threshold, block rate, violations in a sample."""

import math

import numpy as np

from harness.errors import HarnessError
from harness.model import Sample
from harness.stats import columns
from harness.stats.clustering import Part, Spread, grouped, spread
from harness.stats.inference import Inference
from harness.stats.intervals import Binomial, Student


def infer(sample: Sample) -> Inference:
    """Return the share of hits in counts {k, n}, or in rows with `y` 0 or 1.

    Independent rows: Clopper-Pearson 1934, exact. Rows in clusters, or weighted: Korn-Graubard 1998, the same bounds
    on the number of independent rows that the design variance is worth.
    """
    if sample.rows is None:
        return _exact(*_counts(sample))
    rows = columns.table(sample)
    y = columns.outcomes(rows)
    codes = columns.clusters(rows)
    if "weight" not in rows.column_names and not grouped(codes):
        return _exact(int(y.sum()), len(y))
    weight = columns.weights(rows)
    share = float(np.average(y, weights=weight))
    part = Part(influence=weight * (y - share) / weight.sum(), leverage=weight / weight.sum())
    return korn_graubard(share, len(y), spread([part], codes), hits=int(y.sum()))


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's share less the baseline's on the same ids, between -1 and 1.

    Independent rows: Bonett-Price 2012. In clusters: the same on the number of pairs their variance is worth, by t.
    """
    left, right = columns.joined(candidate, baseline)
    gap = columns.outcomes(left) - columns.outcomes(right)
    weight = columns.weights(left)
    value = float(np.average(gap, weights=weight))
    part = Part(influence=weight * (gap - value) / weight.sum(), leverage=weight / weight.sum())
    codes = columns.clusters(left)
    square = float(np.average(gap**2, weights=weight))
    return bonett_price(value, square, len(gap), spread([part], codes if grouped(codes) else {}))


def korn_graubard(share: float, n: int, design: Spread, *, hits: int | None = None) -> Inference:
    """Return exact binomial bounds on the effective n: share * (1 - share) / variance, at most n.

    All hits or no hits show no variance between clusters, so each cluster counts as one observation: the least that
    clustered rows can be worth.
    """
    n_eff = min(n, share * (1 - share) / design.variance) if design.variance > 0 else design.groups
    return Inference(
        value=share,
        n=n,
        n_eff=n_eff,
        method="Korn-Graubard",
        interval=Binomial(k=share * n_eff, n=n_eff, df=design.df),
        hits=hits,
        clusters=design.clusters,
    )


def bonett_price(value: float, square: float, n: int, design: Spread) -> Inference:
    """Return bounds for a mean of n differences within -1 and 1 with mean square `square`.

    Adds one pair of +1 and one of -1, so that pairs that all agree do not look certain.
    """
    worth = n * design.independent / design.variance if design.variance > 0 else design.groups
    center = value * worth / (worth + 2)
    variance = (square * worth + 2) / (worth + 2) - center**2
    se = math.sqrt(variance / (worth + 2))
    df = math.inf if design.clusters is None else design.df
    method = "Bonett-Price" if design.clusters is None else "Bonett-Price, clustered"
    interval = Student(center=center, se=se, df=df, low=-1.0, high=1.0)
    return Inference(value=value, n=n, n_eff=worth, method=method, interval=interval, clusters=design.clusters)


def _exact(k: int, n: int) -> Inference:
    return Inference(value=k / n, n=n, n_eff=n, method="Clopper-Pearson", interval=Binomial(k=k, n=n), hits=k)


def _counts(sample: Sample) -> tuple[int, int]:
    k, n = (sample.counts.get(name, math.nan) for name in ("k", "n"))
    if not (n > 0 and 0 <= k <= n and k == math.floor(k) and n == math.floor(n) < math.inf):
        found = dict(sample.counts) or "neither rows nor counts"
        raise HarnessError(f"statistic 'proportion' takes counts k of n, whole and 0 <= k <= n, n > 0; found {found}")
    return int(k), int(n)
