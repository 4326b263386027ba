"""Fits a linear model to rows of features, and writes it as plain arrays."""

import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness import write_atomic
from harness_guardrails.hashing import SLOTS, Array, Linear, slots


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text, whether it is to be detected, and where it is from."""

    text: str
    label: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The features, label and weight of each row; `scaled` rows count the same however many features they have."""

    features: Sequence[Collection[str]]
    labels: Sequence[int]
    weights: Sequence[float]
    scaled: bool = True


def balance(examples: Sequence[Example], power: float = 0.5) -> Sequence[float]:
    """Return weights by which both labels weigh the same.

    Within a label a source weighs by the root of its size, or by another power of it: at 0 all weigh the same.
    """
    sizes = Counter((each.label, each.source) for each in examples)
    raw = [sizes[each.label, each.source] ** (power - 1) for each in examples]
    totals = [sum(w for w, each in zip(raw, examples, strict=True) if each.label == label) for label in (0, 1)]
    return [w / totals[each.label] * len(examples) / 2 for w, each in zip(raw, examples, strict=True)]


def fit(rows: Rows, strength: float) -> Linear:
    """Return a logistic regression with an L2 penalty, the weaker the greater `strength` is; its threshold is .5."""
    return _regress(_matrix(rows), rows, strength)


def fit_telling(rows: Rows, strength: float) -> Linear:
    """Return the mean of `fit` and of a fit, of strength 1, in which features that tell the labels apart count more.

    A feature counts by the logarithm of how many times more common it is where the label is 1, or where it is 0.
    """
    matrix = _matrix(rows)
    plain = _regress(matrix, rows, strength)
    scale = _telling(matrix, rows)
    told = _regress(matrix.multiply(scale).tocsr(), rows, 1.0)
    return replace(plain, weights=(plain.weights + told.weights * scale) / 2, bias=(plain.bias + told.bias) / 2)


def _telling(matrix: Any, rows: Rows) -> Array:
    """Return for each slot how many times more common it is in rows of one label, as a logarithm of 0 or more."""
    weights, labels = np.array(rows.weights), np.array(rows.labels)
    there = (matrix > 0).astype(np.float64).T
    shares = [(found := there @ (weights * (labels == label)) + 1) / found.sum() for label in (0, 1)]
    return np.asarray(np.abs(np.log(shares[1] / shares[0])), dtype=np.float64)


def _matrix(rows: Rows) -> Any:
    """Return rows x slots, sparse."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    taken = [slots(sorted(row)) for row in rows.features]
    sizes = np.array([len(row) for row in taken])
    values = np.repeat(np.maximum(sizes, 1) ** -0.5 if rows.scaled else np.ones(len(taken)), sizes)
    columns = np.concatenate([np.array(row, dtype=np.int64) for row in taken])
    ends = np.concatenate([[0], np.cumsum(sizes)])
    return csr_matrix((values, columns, ends), (len(taken), SLOTS))


def _regress(matrix: Any, rows: Rows, strength: float) -> Linear:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    model = LogisticRegression(C=strength, solver="liblinear", max_iter=200, random_state=0)
    model.fit(matrix, np.array(rows.labels), sample_weight=np.array(rows.weights))
    return Linear(weights=model.coef_[0], bias=float(model.intercept_[0]), threshold=0.5)


def at_best_f1(model: Linear, labels: Sequence[int], scores: Sequence[float]) -> Linear:
    """Return a model with the threshold of the highest F1 on some labels, within .1 and .9."""
    ranked = sorted(zip(scores, labels, strict=True), reverse=True)
    hits = np.cumsum([label for _, label in ranked])
    best = int(np.argmax(2 * hits / (np.arange(1, len(ranked) + 1) + sum(labels))))
    around = [score for score, _ in ranked[best : best + 2]]
    return replace(model, threshold=float(np.clip(sum(around) / len(around), 0.1, 0.9)))


def write_model(path: Path, model: Linear) -> None:
    """Write a model; half precision is enough for weights that add up."""
    buffer = io.BytesIO()
    weights = model.weights.astype(np.float16)
    np.savez_compressed(buffer, weights=weights, bias=model.bias, threshold=model.threshold)
    write_atomic(path, buffer.getvalue())
