"""How much of an answer stands in its contexts word for word."""

from collections.abc import Hashable, Sequence

from harness_rag.words import pairs, words


def unigram_coverage(answer: str, contexts: Sequence[str]) -> float:
    """Return the share of an answer's words that its contexts have, 0 to 1; of no words, 0."""
    return _share(words(answer), {word for context in contexts for word in words(context)})


def bigram_coverage(answer: str, contexts: Sequence[str]) -> float:
    """Return the share of an answer's pairs of words that its contexts have, 0 to 1; of one word, whether they have it.

    A strong floor where answers are copied, and blind to whoever says the same in other words.
    """
    given = words(answer)
    if len(given) < 2:
        return unigram_coverage(answer, contexts)
    return _share(pairs(given), {pair for context in contexts for pair in pairs(words(context))})


def _share(given: Sequence[Hashable], known: set[Hashable] | set[str] | set[tuple[str, str]]) -> float:
    return sum(each in known for each in given) / len(given) if given else 0.0
