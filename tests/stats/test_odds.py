"""Equalised odds are the larger of two gaps, and their bounds err no more than each gap's."""

import numpy as np
import pyarrow as pa
import pytest

from harness.errors import HarnessError
from harness.stats import infer
from harness.values.samples import Sample

COUNTS = {"tpr.k": 60, "tpr.n": 100, "tpr.k_ref": 400, "tpr.n_ref": 500}
COUNTS |= {"fpr.k": 30, "fpr.n": 300, "fpr.k_ref": 75, "fpr.n_ref": 1500}


def gap(rate):
    names = ("k", "n", "k_ref", "n_ref")
    return infer(Sample(statistic="gap", counts={name: COUNTS[f"{rate}.{name}"] for name in names}))


def test_the_larger_gap_counts():
    seen = infer(Sample(statistic="odds", counts=COUNTS))

    assert 0.2 == pytest.approx(seen.value)
    assert -gap("tpr").bounds(0.05)[0] == pytest.approx(seen.bounds(0.05)[1])
    assert -gap("tpr").bounds(0.0125)[1] == pytest.approx(seen.bounds(0.05)[0])
    assert 2400 == seen.n


def rows():
    cells = [
        (label, reference, y)
        for rate, label in (("tpr", 1), ("fpr", 0))
        for side, reference in (("", 0), ("_ref", 1))
        for y, n in (
            (1, COUNTS[f"{rate}.k{side}"]),
            (0, COUNTS[f"{rate}.n{side}"] - COUNTS[f"{rate}.k{side}"]),
        )
        for _ in range(n)
    ]
    score, reference, y = (np.array(column, float) for column in zip(*cells, strict=True))
    return pa.table({"y": y, "score": score, "reference": reference})


def test_rows_say_what_their_counts_say():
    seen = infer(Sample(statistic="odds", rows=rows()))

    assert infer(Sample(statistic="odds", counts=COUNTS)).bounds(0.05) == pytest.approx(seen.bounds(0.05))


def test_a_truth_at_the_threshold_rarely_passes_or_fails():
    chance = np.random.default_rng(0)
    passed = failed = 0
    for _ in range(400):
        drawn = {"tpr.k": chance.binomial(150, 0.7), "tpr.n": 150, "tpr.k_ref": chance.binomial(600, 0.8)}
        drawn |= {"tpr.n_ref": 600, "fpr.k": chance.binomial(400, 0.2), "fpr.n": 400}
        drawn |= {"fpr.k_ref": chance.binomial(1600, 0.1), "fpr.n_ref": 1600}
        lower, upper = infer(Sample(statistic="odds", counts=drawn)).bounds(0.05)
        passed, failed = passed + (upper <= 0.1), failed + (lower > 0.1)

    assert max(passed, failed) / 400 <= 0.05


@pytest.mark.parametrize("counts", [{}, {**COUNTS, "fpr.n": 0, "fpr.k": 0}])
def test_a_side_without_rows_is_refused(counts):
    with pytest.raises(HarnessError):
        infer(Sample(statistic="odds", counts=counts)).bounds(0.05)


def test_two_of_them_are_not_compared():
    sample = Sample(statistic="odds", counts=COUNTS)

    with pytest.raises(HarnessError, match="compare `tpr_gap` and `fpr_gap`"):
        infer(sample, sample)
