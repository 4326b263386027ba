"""Measures drift of all columns with NannyML's UnivariateDriftCalculator, the whole table as one chunk."""

from pathlib import Path

import nannyml as nml
import pandas as pd

NUMBERS = [f"n{place:02d}" for place in range(30)]
TEXTS = [f"c{place:02d}" for place in range(10)]


def run(folder: Path) -> int:
    """Return how many columns were compared by its default methods."""
    return _compare_columns(folder)


def kolmogorov_smirnov(folder: Path) -> int:
    """Return how many columns were compared by KS and chi-square."""
    return _compare_columns(folder, continuous_methods=["kolmogorov_smirnov"], categorical_methods=["chi2"])


def _compare_columns(folder: Path, **methods: list[str]) -> int:
    reference, current = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    for table in (reference, current):
        table[TEXTS] = table[TEXTS].astype("category")
    calculator = nml.UnivariateDriftCalculator(column_names=NUMBERS + TEXTS, chunk_number=1, **methods)
    calculator.fit(reference)
    found = calculator.calculate(current).filter(period="analysis").to_df()
    return len({column[0] for column in found.columns} & {*NUMBERS, *TEXTS})
