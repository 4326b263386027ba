"""At its default size and rates the simulation gives enough independent evidence to decide on."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fraud_target.features import write_features
from fraud_target.files import Files, time_range
from fraud_target.model import RECIPES, scores_of, train
from fraud_target.periods import Periods, rows_in
from fraud_target.process import Process
from fraud_target.quality import quality_of
from fraud_target.simulate import write_simulation
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

END = date(2026, 3, 31)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_default_test_week_decides_by_effective_n(seed: int, tmp_path: Path) -> None:
    measured = measure(seed, tmp_path)
    print("\n", measured.T.to_string())

    assert measured[[name for name in measured if name.startswith("recall n by")]].to_numpy().min() >= 600
    assert measured["recall"]["challenger"] > measured["recall"]["champion"] + 0.03
    assert measured["roc_auc"]["challenger"] > measured["roc_auc"]["champion"] + 0.01


def measure(seed: int, folder: Path) -> pd.DataFrame:
    """Return what the test week of the default simulation says about both models."""
    files = Files(folder=folder)
    write_simulation(Process(seed=seed, end=END), files.transactions, files.chargebacks)
    write_features(files.transactions, files.features)
    closes = time_range(files.features, "features")[1]
    payments = pd.read_parquet(files.features)
    training = rows_in(payments, Periods().training_span(closes))
    validation = rows_in(payments, Periods().validation_span(closes))
    begin = Periods().judging_span(closes)[0]
    test = rows_in(payments, (begin, begin + timedelta(days=Periods().test)))
    return pd.DataFrame({recipe: _figures(recipe, training, validation, test, seed) for recipe in RECIPES}).T


def _figures(
    recipe: str, training: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame, seed: int
) -> dict[str, float]:
    """Return the figures of one model."""
    trained = train(recipe, training, validation, seed=seed)
    scores = scores_of(trained.classifier, test)
    quality = quality_of(test, scores)
    judged = test.assign(alert=scores >= trained.threshold)
    return {
        "rows": len(test),
        "frauds": test["is_fraud"].sum(),
        "alert rate": judged["alert"].mean(),
        "roc_auc": quality.roc_auc,
        "average precision": quality.average_precision,
        **_proportion("recall", judged[judged["is_fraud"] == 1], "alert"),
        **_proportion("precision", judged[judged["alert"]], "is_fraud"),
    }


def _proportion(name: str, rows: pd.DataFrame, hit: str) -> dict[str, float]:
    """Return a proportion and its effective n by each way rows hang together."""
    clusters = {"terminal": rows["terminal_id"], "customer": rows["customer_id"], "component": _component(rows)}
    effective = {f"{name} n by {unit}": _effective_n(rows[hit], cluster) for unit, cluster in clusters.items()}
    return {name: rows[hit].mean(), f"{name} n": len(rows), **effective}


def _effective_n(hits: "pd.Series[int]", cluster: "pd.Series[int]") -> float:
    """Return how many independent rows say as much about a proportion as these clusters."""
    share = hits.mean()
    surprise = (hits - share).groupby(cluster.to_numpy()).sum()
    variance = (surprise**2).sum() * len(surprise) / (len(surprise) - 1) / len(hits) ** 2
    return float(share * (1 - share) / variance)


def _component(rows: pd.DataFrame) -> "pd.Series[int]":
    """Return which rows hang together through a terminal or a customer."""
    terminal, terminals = pd.factorize(rows["terminal_id"])
    customer, customers = pd.factorize(rows["customer_id"])
    ends = (terminal, customer + len(terminals))
    size = len(terminals) + len(customers)
    _, label = connected_components(coo_array((np.ones(len(rows)), ends), shape=(size, size)), directed=False)
    return pd.Series(label[terminal])
