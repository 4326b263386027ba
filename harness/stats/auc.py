"""How well a score ranks positives above negatives: the area under the ROC curve."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import DesignVariance, mean_part, spread
from harness.stats.effective import korn_graubard, student
from harness.stats.inference import Inference
from harness.values.requirements import Better
from harness.values.samples import Sample

ENOUGH = 4  # misranked positives, below which the variance of a high AUC cannot be trusted


def infer(sample: Sample) -> Inference:
    """Return the AUC of rows with `y` 0 or 1 and `score`, ties counted half.

    Variance by DeLong 1988 in O(n log n), in clusters (of one or both classes) by Obuchowski 1997; bounds by
    Korn-Graubard 1998. Where positives * (1 - AUC) < 4, each positive counts as one observation at most.
    """
    rows = columns.table(sample)
    y = _classes(rows)
    place = _place(y, columns.numbers(rows, "score"))
    value, design = _spread(y, place, columns.clusters(rows))
    few = design.groups * min(value, 1 - value) < ENOUGH
    return korn_graubard(value, len(y), design, most=design.groups if few else float("inf"))


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's AUC less the baseline's on the same ids: paired DeLong 1988, by t bent for skew.

    Reckons with rows that one side ranks first and the other last, of which none was drawn (`OneUnseen`).
    """
    left, right = columns.pair_rows(candidate, baseline)
    y, codes = _classes(left), columns.clusters(left)
    columns.refuse_other("y", y, columns.outcomes(right))
    place = _place(y, columns.numbers(left, "score")) - _place(y, columns.numbers(right, "score"))
    value, design = _spread(y, place, codes)
    return student(value, len(y), design, method="paired DeLong", limits=(-1.0, 1.0), unseen=1 / design.groups)


def best(sample: Sample, better: Better) -> Sample:
    """Return the sample as it would be if every positive stood above every negative, or below where that is better."""
    y = columns.outcomes(columns.table(sample))
    return columns.with_numbers(sample, "score", y if better == "higher" else -y)


def _classes(rows: pa.Table) -> Numbers:
    if "weight" in rows.column_names:
        raise HarnessError("statistic 'auc' cannot take weights; found column 'weight'; leave it out")
    y = columns.outcomes(rows)
    positives = int(y.sum())
    if min(positives, len(y) - positives) < 2:
        found = f"{positives} with y = 1 and {len(y) - positives} with y = 0"
        raise HarnessError(f"an AUC needs 2 rows or more of each class; found {found}; widen the window")
    return y


def _place(y: Numbers, score: Numbers) -> Numbers:
    """Return for each positive the share of negatives it outranks, for each negative the share of positives above."""
    where = np.unique(score, return_inverse=True)[1]
    negatives, positives = np.bincount(where, 1 - y), np.bincount(where, y)
    below = (np.cumsum(negatives) - negatives / 2) / negatives.sum()
    above = 1 - (np.cumsum(positives) - positives / 2) / positives.sum()
    place: Numbers = np.where(y == 1, below[where], above[where])
    return place


def _spread(y: Numbers, place: Numbers, codes: Mapping[str, Codes]) -> tuple[float, DesignVariance]:
    """Return the mean place, which is the AUC (or the difference of two), and its variance."""
    value, positives = mean_part(place, y)
    return value, spread([positives, mean_part(place, 1 - y)[1]], codes)
