"""What a statistic says of itself."""

import numpy as np
import pyarrow as pa
import pytest

from harness.errors import HarnessError
from harness.stats import estimate, infer
from harness.values.samples import Sample
from harness.values.statistics import STATISTICS

OF_ROWS = sorted(name for name in STATISTICS if STATISTICS[name].keeps)


def rows() -> pa.Table:
    """Return 1,000 rows with every column that any statistic reads, in two halves of a reference group."""
    random = np.random.default_rng(7)
    score = random.integers(0, 2, 1000).astype(float)
    y = np.where(random.random(1000) < 0.8, score, 1 - score)
    reference = np.arange(1000) % 2
    return pa.table({"y": y, "score": score, "reference": reference, "group": reference, "time": np.arange(1000.0)})


@pytest.mark.parametrize("name", OF_ROWS)
def test_a_statistic_reads_nothing_but_the_columns_it_keeps(name: str) -> None:
    whole = rows()

    kept = whole.select(sorted(STATISTICS[name].keeps))

    assert estimate(Sample(statistic=name, rows=whole)) == estimate(Sample(statistic=name, rows=kept))


@pytest.mark.parametrize("name", OF_ROWS)
def test_a_statistic_needs_every_column_it_keeps_but_time(name: str) -> None:
    for column in sorted(STATISTICS[name].keeps - {"time"}):
        lacking = rows().drop_columns([column])

        with pytest.raises((HarnessError, KeyError), match=column):
            infer(Sample(statistic=name, rows=lacking))
