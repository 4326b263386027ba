"""A table with faults planted in it, each counted by a query written by hand."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 2_000
START = datetime(2026, 1, 1)


@pytest.fixture
def bad() -> pa.Table:
    """2 000 payments, of which some are too small, too large, missing, NaN, doubled, of no known country or too old."""
    chance = np.random.default_rng(5)
    amount = chance.uniform(0, 1000, ROWS)
    amount[:7], amount[7:20], amount[20:25] = -1, 20_000, np.nan
    key = np.arange(ROWS)
    key[100:103] = 50
    country = np.array(["de", "fr", "nl"], dtype=object)[chance.integers(0, 3, ROWS)]
    country[30:41], country[41:43] = "xx", None
    at = [START + timedelta(minutes=i) for i in range(ROWS)]
    at[:3] = [START - timedelta(days=1)] * 3
    missing = np.zeros(ROWS, dtype=bool)
    missing[25:29] = True
    return pa.table(
        {
            "key": key,
            "amount": pa.array(amount, mask=missing),
            "country": country,
            "at": at,
            "online": chance.random(ROWS) < 0.5,
        }
    )


@pytest.fixture
def payments(project: Path, bad: pa.Table) -> Path:
    """The same table as a file of the project."""
    path = project / "payments.parquet"
    pq.write_table(bad, path)
    return path
