"""The two models: a linear baseline and gradient boosted trees, and how they are fitted and scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from fraud_target.features import FEATURES
from fraud_target.quality import Quality, quality_of


class Classifier(Protocol):
    """What we call on scikit-learn's classifiers."""

    def fit(self, X: pd.DataFrame, y: "pd.Series[int]") -> object:
        """Learn from labelled rows."""

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class, row by row."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A fitted classifier and what validation rows said about it."""

    classifier: Classifier
    threshold: float
    validation: Quality


def baseline(seed: int) -> Classifier:
    """Return the linear model that a first version ships with."""
    linear: Classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
    return linear


def boosting(seed: int) -> Classifier:
    """Return boosted trees, held back because frauds are few."""
    trees: Classifier = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=seed,
    )
    return trees


RECIPES: Mapping[str, Callable[[int], Classifier]] = MappingProxyType({"champion": baseline, "challenger": boosting})


def fit(classifier: Classifier, payments: pd.DataFrame) -> Classifier:
    """Return the classifier, fitted to labelled payments."""
    frauds = int(payments["is_fraud"].sum())
    if frauds in {0, len(payments)}:
        raise ValueError(f"training needs frauds and genuine payments, found {frauds} frauds in {len(payments)} rows")
    with threadpool_limits(1):  # two threads of boosting on two busy cores wait for each other: 28 s, not 8
        classifier.fit(payments[list(FEATURES)], payments["is_fraud"])
    return classifier


def scores_of(classifier: Classifier, payments: pd.DataFrame) -> NDArray[np.float64]:
    """Return the probability of fraud, payment by payment."""
    return classifier.predict_proba(payments[list(FEATURES)])[:, 1]


def train(
    recipe: str, training: pd.DataFrame, validation: pd.DataFrame, *, seed: int, alert_rate: float = 0.02
) -> Trained:
    """Return a fitted recipe, with the threshold that alerts on a share of the validation rows."""
    if not 0 < alert_rate < 1:
        raise ValueError(f"alert_rate must lie between 0 and 1, found {alert_rate}")
    classifier = fit(RECIPES[recipe](seed), training)
    scores = scores_of(classifier, validation)
    threshold = float(np.quantile(scores, 1 - alert_rate))
    return Trained(classifier=classifier, threshold=threshold, validation=quality_of(validation, scores))
