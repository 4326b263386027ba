"""Equalised odds are the larger of two gaps, and their bounds err no more than each gap's."""

import numpy as np
import pyarrow as pa
import pytest

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer
from harness.values.samples import Sample

TPR = {"k": 60, "n": 100, "k_ref": 400, "n_ref": 500}
FPR = {"k": 30, "n": 300, "k_ref": 75, "n_ref": 1500}
COUNTED = samples.odds(tpr=samples.gap(**TPR), fpr=samples.gap(**FPR))


def test_the_larger_gap_counts():
    gap = infer(samples.gap(**TPR))

    seen = infer(COUNTED)

    assert 0.2 == pytest.approx(seen.value)
    assert -gap.bounds(0.05)[0] == pytest.approx(seen.bounds(0.05)[1])
    assert -gap.bounds(0.0125)[1] == pytest.approx(seen.bounds(0.05)[0])
    assert 2400 == seen.n


def rows():
    cells = [
        (label, reference, y)
        for rate, label in ((TPR, 1), (FPR, 0))
        for side, reference in (("", 0), ("_ref", 1))
        for y, n in ((1, rate[f"k{side}"]), (0, rate[f"n{side}"] - rate[f"k{side}"]))
        for _ in range(n)
    ]
    score, reference, y = (np.array(column, float) for column in zip(*cells, strict=True))
    return pa.table({"y": y, "score": score, "reference": reference})


def test_rows_say_what_their_counts_say():
    seen = infer(samples.rows.odds(rows()))

    assert infer(COUNTED).bounds(0.05) == pytest.approx(seen.bounds(0.05))


def test_a_truth_at_the_threshold_rarely_passes_or_fails():
    chance = np.random.default_rng(0)
    passed = failed = 0
    for _ in range(400):
        tpr = samples.gap(k=chance.binomial(150, 0.7), n=150, k_ref=chance.binomial(600, 0.8), n_ref=600)
        fpr = samples.gap(k=chance.binomial(400, 0.2), n=400, k_ref=chance.binomial(1600, 0.1), n_ref=1600)
        lower, upper = infer(samples.odds(tpr=tpr, fpr=fpr)).bounds(0.05)
        passed, failed = passed + (upper <= 0.1), failed + (lower > 0.1)

    assert max(passed, failed) / 400 <= 0.05


@pytest.mark.parametrize("counts", [{}, {**COUNTED.counts, "fpr.n": 0, "fpr.k": 0}])
def test_a_side_without_rows_is_refused(counts):
    with pytest.raises(HarnessError):
        infer(Sample(statistic="odds", counts=counts)).bounds(0.05)


def test_two_of_them_are_not_compared():
    with pytest.raises(HarnessError, match="compare `tpr_gap` and `fpr_gap`"):
        infer(COUNTED, COUNTED)
