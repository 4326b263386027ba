"""Scores single rows fast: the trained model as an ONNX graph, in double precision where decisions are made."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from fraud_target.features import FEATURES

Rows = NDArray[np.float64]
Score = Callable[[Rows], Rows]
TOLERANCE = 1e-6
PROBES = 2_000
OPSETS = (helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3))


class Proba(Protocol):
    """What we call on scikit-learn's classifiers."""

    def predict_proba(self, X: pd.DataFrame) -> Rows:
        """Return the probability of each class, row by row."""


def scorer(classifier: Proba) -> Score:
    """Return a function that scores rows of FEATURES as the classifier does, which is tried before it is returned."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(as_onnx(classifier).SerializeToString(), options, ["CPUExecutionProvider"])

    def score(rows: Rows) -> Rows:
        scores: Rows = session.run(["score"], {"rows": rows})[0].reshape(-1)
        return scores

    agree(classifier, score)
    return score


def agree(classifier: Proba, score: Score) -> None:
    """Refuse a graph that scores random rows otherwise than the classifier."""
    rows: Rows = np.random.default_rng(0).lognormal(2, 2, (PROBES, len(FEATURES)))
    apart = float(np.abs(score(rows) - classifier.predict_proba(pd.DataFrame(rows, columns=FEATURES))[:, 1]).max())
    if not apart <= TOLERANCE:
        raise ValueError(f"the ONNX graph is {apart:.2g} away from scikit-learn; at most {TOLERANCE:g} is served")


def as_onnx(classifier: Proba) -> onnx.ModelProto:
    """Return boosted trees, or a scaled linear model, as a graph from rows to the probability of fraud."""
    if isinstance(classifier, HistGradientBoostingClassifier):
        return _model(_trees(classifier), helper.make_node("Sigmoid", ["margin"], ["score"]), kind=TensorProto.FLOAT)
    if isinstance(classifier, Pipeline) and isinstance(classifier[-1], LogisticRegression):
        return _linear(classifier)
    raise ValueError(f"boosted trees and scaled linear models can be served, found {type(classifier).__name__}")


def _trees(classifier: HistGradientBoostingClassifier) -> onnx.NodeProto:
    """Return all trees as one node; thresholds stay doubles, as rounding one sends a row down another branch."""
    trees = [tree.nodes for (tree,) in classifier._predictors]
    nodes = np.concatenate(trees)
    tree_of = np.repeat(np.arange(len(trees)), [len(tree) for tree in trees])
    number = np.concatenate([np.arange(len(tree)) for tree in trees])
    leaf = nodes["is_leaf"].astype(bool)
    return helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["margin"],
        domain="ai.onnx.ml",
        n_targets=1,
        base_values_as_tensor=_doubles(np.ravel(classifier._baseline_prediction)),
        nodes_treeids=tree_of.tolist(),
        nodes_nodeids=number.tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_featureids=np.where(leaf, 0, nodes["feature_idx"]).tolist(),
        nodes_values_as_tensor=_doubles(np.where(leaf, 0.0, nodes["num_threshold"])),
        nodes_truenodeids=nodes["left"].tolist(),
        nodes_falsenodeids=nodes["right"].tolist(),
        target_treeids=tree_of[leaf].tolist(),
        target_nodeids=number[leaf].tolist(),
        target_ids=[0] * int(leaf.sum()),
        target_weights_as_tensor=_doubles(nodes["value"][leaf]),
    )


def _linear(classifier: Pipeline) -> onnx.ModelProto:
    """Return scaling and regression as one product."""
    scaler, regression = classifier[0], classifier[-1]
    weight = regression.coef_[0] / scaler.scale_
    constants = {"weight": weight[:, None], "bias": regression.intercept_ - scaler.mean_ @ weight}
    return _model(
        *(helper.make_node("Constant", [], [name], value=_doubles(value)) for name, value in constants.items()),
        helper.make_node("MatMul", ["rows", "weight"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["margin"]),
        helper.make_node("Sigmoid", ["margin"], ["score"]),
        kind=TensorProto.DOUBLE,
    )


def _model(*nodes: onnx.NodeProto, kind: int) -> onnx.ModelProto:
    rows = helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, len(FEATURES)])
    score = helper.make_tensor_value_info("score", kind, [None, 1])
    return helper.make_model(helper.make_graph(nodes, "fraud", [rows], [score]), opset_imports=OPSETS, ir_version=8)


def _doubles(values: Rows) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float64), "values")
