"""A share of hits: recall, precision at a threshold, block rate, violations in a sample."""

import math
from dataclasses import replace

import numpy as np

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.design_variance import has_shared_cluster, mean_part, spread
from harness.stats.effective import bonett_price, korn_graubard
from harness.stats.inference import Inference
from harness.values.requirements import Better
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return the share of hits in counts {k, n}, or in rows with `y` 0 or 1.

    Independent rows: Clopper-Pearson 1934, exact. Rows in clusters, or weighted: Korn-Graubard 1998, the same bounds
    on the number of independent rows that the design variance is worth, at most n.
    """
    if sample.rows is None:
        return _exact(*_counts(sample))
    rows = columns.table(sample)
    y = columns.outcomes(rows)
    codes = columns.clusters(rows)
    if "weight" not in rows.column_names and not has_shared_cluster(codes):
        return _exact(int(y.sum()), len(y))
    share, part = mean_part(y, columns.weights(rows))
    return korn_graubard(share, len(y), spread([part], codes), most=len(y), hits=int(y.sum()))


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's share less the baseline's on the same ids, between -1 and 1.

    Bonett-Price 2012; rows in clusters: on the number of pairs that the variance of their differences is worth;
    weighted: on no more pairs than the pairs of equal weight they equal (Kish 1965), as a few heavy ones may agree.
    """
    left, right = columns.pair_rows(candidate, baseline)
    gap = columns.outcomes(left) - columns.outcomes(right)
    weight = columns.weights(left)
    value, part = mean_part(gap, weight)
    codes = columns.clusters(left)
    design = spread([part], codes if has_shared_cluster(codes) else {})
    most = float(1 / (part.leverage @ part.leverage)) if "weight" in left.column_names else math.inf
    return bonett_price(value, float(weight @ gap**2 / weight.sum()), len(gap), design, most=most)


def best(sample: Sample, better: Better) -> Sample:
    """Return the sample as it would be if every row were a hit, or none where fewer are better."""
    good = float(better == "higher")
    if sample.rows is None:
        return replace(sample, counts={**sample.counts, "k": good * sample.counts.get("n", 0)})
    return columns.with_numbers(sample, "y", np.full(sample.rows.num_rows, good))


def _exact(k: int, n: int) -> Inference:
    return Inference(value=k / n, n=n, n_eff=n, method="Clopper-Pearson", interval=Binomial(k=k, n=n), hits=k)


def _counts(sample: Sample) -> tuple[int, int]:
    k, n = (sample.counts.get(name, math.nan) for name in ("k", "n"))
    if not (0 <= k <= n < math.inf and n > 0 and k == math.floor(k) and n == math.floor(n)):
        found = dict(sample.counts) or "neither rows nor counts"
        raise HarnessError(f"statistic 'proportion' takes counts k of n, whole and 0 <= k <= n, n > 0; found {found}")
    return int(k), int(n)
