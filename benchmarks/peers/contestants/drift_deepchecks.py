"""Measures drift of all columns with deepchecks' FeatureDrift."""

from pathlib import Path

import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.checks import FeatureDrift

TEXTS = [f"c{place:02d}" for place in range(10)]


def run(folder: Path) -> int:
    """Return how many columns were compared on all rows."""
    reference, current = _tables(folder)
    return _compare_columns(reference, current, FeatureDrift(n_samples=max(reference.n_samples, current.n_samples)))


def sampled(folder: Path) -> int:
    """Return how many columns were compared on the rows that it samples by default."""
    return _compare_columns(*_tables(folder), FeatureDrift())


def _tables(folder: Path) -> tuple[Dataset, Dataset]:
    reference, current = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    return Dataset(reference, cat_features=TEXTS), Dataset(current, cat_features=TEXTS)


def _compare_columns(reference: Dataset, current: Dataset, check: FeatureDrift) -> int:
    return len(check.run(reference, current, with_display=False).value)
