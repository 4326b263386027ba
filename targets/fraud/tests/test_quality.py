"""The book's measures, on tables small enough to check by hand and on the book's own."""

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fraud_target.features import add_features
from fraud_target.model import Classifier, fit, scores_of
from fraud_target.periods import rows_in, without_known_cards
from fraud_target.quality import card_precision, quality_of
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

TRAINING = (datetime(2018, 7, 25), datetime(2018, 8, 1))
TEST = (datetime(2018, 8, 8), datetime(2018, 8, 15))


def _two_days() -> pd.DataFrame:
    days = pd.to_datetime(["2026-01-01"] * 4 + ["2026-01-02"] * 3)
    return pd.DataFrame({"tx_time": days, "customer_id": [1, 1, 2, 3, 1, 2, 3], "is_fraud": [0, 1, 0, 1, 1, 0, 1]})


def test_card_precision_checks_cards_by_their_highest_score() -> None:
    scores = np.array([0.9, 0.1, 0.8, 0.7, 0.9, 0.8, 0.7])

    assert card_precision(_two_days().head(4), scores[:4], cards_a_day=2) == 0.5


def test_card_found_out_is_not_checked_again() -> None:
    scores = np.array([0.9, 0.1, 0.8, 0.7, 0.9, 0.8, 0.7])

    assert card_precision(_two_days(), scores, cards_a_day=2) == (0.5 + 0.5) / 2
    assert card_precision(_two_days(), scores, cards_a_day=1) == (1 + 0) / 2


def test_quality_of_a_perfect_ranking_is_one() -> None:
    quality = quality_of(_two_days(), _two_days()["is_fraud"].to_numpy().astype(float), cards_a_day=1)

    assert (quality.roc_auc, quality.average_precision) == (1.0, 1.0)


@pytest.mark.shared
def test_published_split_gives_the_published_table(handbook_payments: pa.Table) -> None:
    payments = add_features(handbook_payments).to_pandas()
    training, test = rows_in(payments, TRAINING), without_known_cards(payments, TEST, TRAINING)
    published: list[tuple[Classifier, list[float]]] = [
        (DecisionTreeClassifier(max_depth=2, random_state=0), [0.763, 0.496, 0.241]),
        (RandomForestClassifier(random_state=0), [0.867, 0.658, 0.287]),
    ]

    assert (len(training), training["is_fraud"].sum()) == (67_240, 598)
    assert (len(test), test["is_fraud"].sum()) == (58_264, 385)
    for classifier, expected in published:
        quality = quality_of(test, scores_of(fit(classifier, training), test))
        measured = [quality.roc_auc, quality.average_precision, quality.card_precision]
        assert measured == pytest.approx(expected, abs=0.02)
