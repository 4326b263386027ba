"""A bidirectional LSTM over word vectors, in NumPy: the arrays of toxic-comment-classifier 0.3.0, converted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from harness_guardrails.hashing import logistic

WORDS = 100  # read of a text at once: the last ones, as in training
KINDS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
SPLIT = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Direction:
    """The weights of one LSTM: of its input, of its state, and its bias; gates are input, forget, cell, output."""

    inputs: Array
    state: Array
    bias: Array

    def run(self, words: Array) -> Array:
        """Return the states (texts x steps x units) after each word."""
        units = self.state.shape[0]
        given = words @ self.inputs + self.bias
        hidden = np.zeros((words.shape[0], units), dtype=np.float32)
        cell, states = np.zeros_like(hidden), np.zeros((*words.shape[:2], units), dtype=np.float32)
        for step in range(words.shape[1]):
            gates = given[:, step] + hidden @ self.state
            opened = logistic(gates)
            let_in, forget, out = (opened[:, units * at : units * (at + 1)] for at in (0, 1, 3))
            cell = (forget * cell + let_in * np.tanh(gates[:, units * 2 : units * 3])).astype(np.float32)
            hidden = (out * np.tanh(cell)).astype(np.float32)
            states[:, step] = hidden
        return states


def score_kinds(texts: Sequence[str]) -> Array:
    """Return the probability of each of `KINDS` (texts x 6)."""
    rows = [_classify(texts[first : first + 64]) for first in range(0, len(texts), 64)]
    return np.concatenate(rows) if rows else np.zeros((0, len(KINDS)), dtype=np.float32)


def _classify(texts: Sequence[str]) -> Array:
    arrays = _arrays()
    numbers = _numbers(texts)
    words = arrays["words"][numbers].astype(np.float32) * arrays["scale"][numbers]
    forward, backward = (_direction(arrays, side) for side in ("forward", "backward"))
    pooled = np.concatenate([forward.run(words).max(axis=1), backward.run(words[:, ::-1]).max(axis=1)], axis=1)
    hidden = np.maximum(pooled @ arrays["dense"] + arrays["dense_bias"], 0)
    return np.asarray(logistic(hidden @ arrays["out"] + arrays["out_bias"]), dtype=np.float32)


def _numbers(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the numbers of each text's last words, 0 before them; words that are not known are left out."""
    known = _known()
    found = np.zeros((len(texts), WORDS), dtype=np.int64)
    for row, text in enumerate(texts):
        numbers = [known[word] for word in text.lower().translate(SPLIT).split() if word in known][-WORDS:]
        if numbers:
            found[row, -len(numbers) :] = numbers
    return found


def _direction(arrays: dict[str, Array], side: str) -> Direction:
    return Direction(inputs=arrays[f"{side}_inputs"], state=arrays[f"{side}_state"], bias=arrays[f"{side}_bias"])


@cache
def _arrays() -> dict[str, Array]:
    with (files("harness_guardrails") / "models" / "recurrent.npz").open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


@cache
def _known() -> dict[str, int]:
    words = (files("harness_guardrails") / "models" / "recurrent-words.txt").read_text("utf-8").split("\n")
    return {word: at for at, word in enumerate(words, 1)}
