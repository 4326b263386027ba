"""Whether an answer is about its question."""

from harness_rag.embeddings import embed
from harness_rag.words import sentences


def relevance(question: str, answer: str) -> float:
    """Return how near an answer as a whole, its furthest sentence and its last are to the question, 0 to 1 on average.

    Answers that wander off do so in a sentence, and mostly at the end. Without a question or an answer it is 0.
    """
    said = sentences(answer)
    if not sentences(question) or not said:
        return 0.0
    asked, whole, *parts = embed([question, answer, *said])
    near = [min(max(float(asked @ part), 0.0), 1.0) for part in (whole, *parts)]
    return (near[0] + min(near[1:]) + near[-1]) / 3
