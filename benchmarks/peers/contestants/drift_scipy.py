"""Measures two distances of each number and one of each text with a loop over SciPy."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats


def run(folder: Path) -> int:
    """Return how many distances were measured."""
    reference, current = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    distances: list[float] = []
    for name in reference.columns:
        compared = _numbers if name.startswith("n") else _texts
        distances += compared(reference[name].dropna(), current[name].dropna())
    return len(distances)


def _numbers(reference: pd.Series, current: pd.Series) -> list[float]:
    values = reference.to_numpy(), current.to_numpy()
    return [stats.ks_2samp(*values, method="asymp").statistic, stats.wasserstein_distance(*values)]


def _texts(reference: pd.Series, current: pd.Series) -> list[float]:
    counts = pd.concat([reference.value_counts(), current.value_counts()], axis=1).fillna(0)
    return [float(stats.chi2_contingency(np.asarray(counts).T).statistic)]
