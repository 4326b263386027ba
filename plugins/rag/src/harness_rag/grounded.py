"""The default judge of faithfulness: what is copied, what is put in other words, and nothing fitted to any data."""

from collections.abc import Sequence

from harness_rag.consistency import numbers_and_negations
from harness_rag.embedding import best_sentence_cosine
from harness_rag.overlap import bigram_coverage, content_coverage


def grounded(answer: str, contexts: Sequence[str]) -> float:
    """Return the mean of content coverage, bigram coverage and best-sentence cosine, 0 to 1.

    Where numbers or negations are not those of the contexts it is less, down to half. It ranks answers; which score is
    high enough differs from source to source, so thresholds come from local labels.
    """
    parts = (
        content_coverage(answer, contexts),
        bigram_coverage(answer, contexts),
        best_sentence_cosine(answer, contexts),
    )
    return sum(parts) / len(parts) * (1 + numbers_and_negations(answer, contexts)) / 2
