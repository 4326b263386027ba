"""Paired rates of Agresti's approval ratings: McNemar's test and our bounds agree on who is ahead."""

import numpy as np
import pyarrow as pa
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from harness import samples
from harness.stats import infer, p_fail

BOTH, BEFORE, AFTER, NEITHER = 794, 150, 86, 570


def rating(y):
    return samples.rows.proportion(pa.table({"id": np.arange(len(y)), "y": y}))


def test_the_difference_carries_mcnemars_statistic():
    table = mcnemar([[BOTH, BEFORE], [AFTER, NEITHER]], exact=False, correction=False)
    counts = [BOTH, BEFORE, AFTER, NEITHER]

    seen = infer(rating(np.repeat([1, 0, 1, 0], counts)), rating(np.repeat([1, 1, 0, 0], counts)))

    assert table.statistic == pytest.approx(17.356, abs=1e-3)
    assert seen.value**2 * 1600**2 / (BEFORE + AFTER) == pytest.approx(table.statistic)
    assert p_fail(seen, 0.0, "higher") == pytest.approx(table.pvalue / 2, rel=0.6)
