"""The plugin `rag` keeps what every plugin must keep."""

import hashlib

from harness_rag.embeddings import TOKENIZER

from harness.testing import conformance


def test_conformance() -> None:
    conformance("rag")


def test_the_tokenizer_is_the_published_one() -> None:
    digest = hashlib.sha256(TOKENIZER.read_bytes()).hexdigest()

    assert "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037" == digest
