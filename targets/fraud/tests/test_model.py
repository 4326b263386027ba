"""Models repeat themselves by seed, and the operating point comes from rows that judge nothing."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fraud_target.features import add_features
from fraud_target.model import RECIPES, fit, scores_of, train

RATES = {"customers": 400, "terminal_hit_share": 0.001, "customer_hit_share": 0.01}


@pytest.fixture
def halves(payments: Callable[..., pa.Table]) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = add_features(payments(**RATES)).to_pandas()
    return table[table["tx_time"] < "2026-03-20"], table[table["tx_time"] >= "2026-03-20"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_same_seed_gives_the_same_scores(recipe: str, halves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    first, second = (train(recipe, *halves, seed=7) for _ in range(2))

    assert np.array_equal(scores_of(first.classifier, halves[1]), scores_of(second.classifier, halves[1]))
    assert first.threshold == second.threshold


@pytest.mark.parametrize("recipe", RECIPES)
def test_threshold_alerts_on_the_share_asked_for(recipe: str, halves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    trained = train(recipe, *halves, seed=0, alert_rate=0.05)

    alerts = scores_of(trained.classifier, halves[1]) >= trained.threshold

    assert alerts.mean() == pytest.approx(0.05, abs=0.002)
    assert trained.validation.roc_auc > 0.7


def test_training_without_a_fraud_is_refused(halves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    genuine = halves[0].assign(is_fraud=0)

    with pytest.raises(ValueError, match="training needs frauds and genuine payments, found 0 frauds in"):
        fit(RECIPES["champion"](0), genuine)


def test_alert_rate_beyond_its_bounds_is_refused(halves: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.raises(ValueError, match="alert_rate must lie between 0 and 1, found 2"):
        train("champion", *halves, seed=0, alert_rate=2)
