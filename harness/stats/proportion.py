"""A share of hits: recall, precision at a threshold, block rate, violations in a sample."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.design_variance import DesignVariance, has_shared_cluster, mean_part, spread
from harness.stats.discordant import Discordant, Moved
from harness.stats.effective import korn_graubard, share_bounds, student
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.searched import Nearer
from harness.values.requirements import Better
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return the share of hits in counts {k, n}, or in rows with `y` 0 or 1.

    Independent rows: Clopper-Pearson 1934, exact. Rows in clusters, or weighted: Korn-Graubard 1998, the same bounds
    on the number of independent rows that the design variance is worth, at most n, with room for clusters unlike those
    drawn.
    """
    if sample.rows is None:
        return _exact(*_counts(sample))
    rows = columns.table(sample)
    y = columns.outcomes(rows)
    codes = columns.clusters(rows)
    if "weight" not in rows.column_names and not has_shared_cluster(codes):
        return _exact(int(y.sum()), len(y))
    share, part = mean_part(y, columns.weights(rows))
    return korn_graubard(share, len(y), spread([part], codes), most=len(y), hits=int(y.sum()), unseen=True)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's share less the baseline's on the same ids, between -1 and 1.

    Square-and-add on bounds of what is gained and of what is lost (Newcombe 1998): exact ones of Clopper-Pearson 1934;
    rows in clusters, or weighted: Korn-Graubard 1998 with room for clusters unlike those drawn, weighted on no more
    pairs than the pairs of equal weight they equal (Kish 1965), as a few heavy ones may agree. In clusters the nearer
    of that and of t that reckons with one more cluster (`OneUnseen`).
    """
    return compare_rows(*columns.pair_rows(candidate, baseline))


def compare_rows(left: pa.Table, right: pa.Table) -> Inference:
    """Return the share of hits on the left less that on the right, of rows in the same order."""
    gap, weight = columns.outcomes(left) - columns.outcomes(right), columns.weights(left)
    codes = columns.clusters(left)
    value, part = mean_part(gap, weight)
    design, most = (
        spread([part], codes if has_shared_cluster(codes) else {}),
        float(1 / (part.leverage @ part.leverage)),
    )
    gained, lost = (Moved(shares=(share_bounds((gap == sign) * 1.0, weight, codes),)) for sign in (1, -1))
    return Inference(
        value=value,
        n=len(gap),
        n_eff=most * design.independent / design.variance if design.variance > 0 else design.groups,
        method="MOVER of gained and lost",
        interval=_nearer_in_clusters(Discordant(gained=gained, lost=lost), value, len(gap), design),
        clusters=design.clusters,
        notes=design.notes,
    )


def _nearer_in_clusters(moved: Discordant, value: float, n: int, design: DesignVariance) -> Interval:
    """Return the nearer of the bounds of moved rows and, in clusters, of t that reckons with one that nobody drew."""
    if design.clusters is None:
        return moved
    bent = student(value, n, design, method="paired t", limits=(-1.0, 1.0), unseen=design.largest)
    return Nearer(one=moved, other=bent.interval)


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
