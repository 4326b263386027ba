"""The graph that is served scores as scikit-learn does."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fraud_target.features import FEATURES, add_features
from fraud_target.model import RECIPES, fit, scores_of
from fraud_target.scoring import agree, as_onnx, scorer
from sklearn.tree import DecisionTreeClassifier


@pytest.fixture
def rows(payments: Callable[..., pa.Table]) -> pd.DataFrame:
    """Return a few thousand payments with features."""
    return add_features(payments()).to_pandas()


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_served_within_a_millionth(rows: pd.DataFrame, recipe: str) -> None:
    classifier = fit(RECIPES[recipe](1), rows)

    score = scorer(classifier)

    assert np.abs(score(rows[list(FEATURES)].to_numpy()) - scores_of(classifier, rows)).max() <= 1e-6


def test_a_value_on_a_threshold_takes_the_branch_scikit_learn_takes(rows: pd.DataFrame) -> None:
    classifier = fit(RECIPES["challenger"](1), rows)
    nodes = np.concatenate([tree.nodes for (tree,) in classifier._predictors])
    splits = nodes[nodes["is_leaf"] == 0]
    on_edge = rows[list(FEATURES)].to_numpy()[: len(splits)].copy()
    on_edge[np.arange(len(splits)), splits["feature_idx"]] = splits["num_threshold"]

    apart = scorer(classifier)(on_edge) - classifier.predict_proba(pd.DataFrame(on_edge, columns=FEATURES))[:, 1]

    assert np.abs(apart).max() <= 1e-6


def test_a_graph_that_disagrees_is_refused(rows: pd.DataFrame) -> None:
    classifier = fit(RECIPES["challenger"](1), rows)

    with pytest.raises(ValueError, match="away from scikit-learn"):
        agree(classifier, lambda values: np.full(len(values), 0.5))


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="found DecisionTreeClassifier"):
        as_onnx(DecisionTreeClassifier())
