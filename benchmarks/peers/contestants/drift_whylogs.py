"""Measures drift of all columns with whylogs: a profile of each table, then its drift scores."""

from pathlib import Path

import pandas as pd
import whylogs as why
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores


def run(folder: Path) -> int:
    """Return how many columns got a score."""
    reference, current = (
        why.log(pandas=pd.read_parquet(folder / f"{name}.parquet")).view() for name in ("reference", "current")
    )
    scores = calculate_drift_scores(target_view=current, reference_view=reference, with_thresholds=True)
    return sum(score is not None for score in scores.values())
