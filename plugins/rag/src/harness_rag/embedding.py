"""How near an answer's meaning is to a sentence of its contexts, by a small embedding model."""

from collections.abc import Sequence

from harness_rag.embeddings import embed
from harness_rag.words import sentences


def best_sentence_cosine(answer: str, contexts: Sequence[str]) -> float:
    """Return how near each sentence of an answer is to the nearest of its contexts, 0 to 1, on average; of none, 0."""
    said = sentences(answer)
    known = [sentence for context in contexts for sentence in sentences(context)]
    if not said or not known:
        return 0.0
    nearest = (embed(said) @ embed(known).T).max(axis=1)
    return float(nearest.clip(0.0, 1.0).mean())
