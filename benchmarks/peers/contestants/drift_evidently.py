"""Measures drift of all columns with Evidently's DataDriftPreset."""

from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

NUMBERS = [f"n{place:02d}" for place in range(30)]
TEXTS = [f"c{place:02d}" for place in range(10)]


def run(folder: Path) -> int:
    """Return how many columns were compared by the methods that it chooses."""
    return _compare_columns(folder, DataDriftPreset())


def kolmogorov_smirnov(folder: Path) -> int:
    """Return how many columns were compared by KS and chi-square."""
    return _compare_columns(folder, DataDriftPreset(num_method="ks", cat_method="chisquare"))


def _compare_columns(folder: Path, preset: DataDriftPreset) -> int:
    columns = DataDefinition(numerical_columns=NUMBERS, categorical_columns=TEXTS)
    reference, current = (
        Dataset.from_pandas(pd.read_parquet(folder / f"{name}.parquet"), data_definition=columns)
        for name in ("reference", "current")
    )
    found = Report([preset]).run(current, reference).dict()
    return sum("column" in str(each) for each in found["metrics"][1:])
