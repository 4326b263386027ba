"""Linear models over hashed words, kept as plain arrays: features fall into slots, and the slots' weights add up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import files
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SLOTS = 1 << 16

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A weight for each slot, a bias, and the probability from which something is detected."""

    weights: Array
    bias: float
    threshold: float

    def probabilities(self, rows: Sequence[Collection[str]], *, scaled: bool = True) -> Array:
        """Return the probability of each row of features; `scaled` rows count the same however many they have."""
        sums = [self.weights[slots(row)].sum() / (max(len(row), 1) ** 0.5 if scaled else 1.0) for row in rows]
        return logistic(self.bias + np.array(sums, dtype=np.float64))


def slots(features: Collection[str]) -> Sequence[int]:
    """Return the slot of each feature, the same on every machine."""
    return [crc32(feature.encode("utf-8", "replace")) % SLOTS for feature in features]


def logistic(logits: NDArray[np.floating]) -> Array:
    """Return the logistic function of each number."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -50, 50))))


def read_linear(name: str) -> Linear:
    """Return the model that is kept under a name."""
    with (files("harness_guardrails") / "models" / f"{name}.npz").open("rb") as file:
        kept = np.load(file, allow_pickle=False)
        weights, bias, threshold = kept["weights"], kept["bias"], kept["threshold"]
    return Linear(weights=weights.astype(np.float64), bias=float(bias), threshold=float(threshold))
