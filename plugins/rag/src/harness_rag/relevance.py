"""Whether an answer is about its question."""

from harness_rag.embeddings import embed
from harness_rag.words import sentences


def relevance(question: str, answer: str) -> float:
    """Return how near the meaning of an answer is to its question, 0 to 1; without either, 0.

    It finds answers that are about something else, and hardly those that wander off now and then.
    """
    if not sentences(question) or not sentences(answer):
        return 0.0
    asked, said = embed([question, answer])
    return float(min(max(asked @ said, 0.0), 1.0))
