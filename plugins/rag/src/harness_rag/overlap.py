"""How much of an answer stands in its contexts word for word."""

from collections.abc import Hashable, Sequence

from harness_rag.words import pairs, words

FILLERS = frozenset(
    words(
        "a an the of to in on at for and or is are was were be been by with as it its that this from has have had he "
        "she they his her their not but which who will would"
    )
)
STEM = 5  # letters


def unigram_coverage(answer: str, contexts: Sequence[str]) -> float:
    """Return the share of an answer's words that its contexts have, 0 to 1; of no words, 0."""
    return _share(words(answer), {word for context in contexts for word in words(context)})


def content_coverage(answer: str, contexts: Sequence[str]) -> float:
    """Return the share of an answer's words with a meaning that its contexts have, 0 to 1; an answer of others, of all.

    Words that begin with the same five letters are alike, as are those of one stem; numbers must be equal.
    """
    given = words(answer)
    meaning = [word for word in given if word not in FILLERS] or given
    known = {_start(word) for context in contexts for word in words(context)}
    return _share([_start(word) for word in meaning], known)


def bigram_coverage(answer: str, contexts: Sequence[str]) -> float:
    """Return the share of an answer's pairs of words that its contexts have, 0 to 1; of one word, whether they have it.

    A strong floor where answers are copied, and blind to whoever says the same in other words.
    """
    given = words(answer)
    if len(given) < 2:
        return unigram_coverage(answer, contexts)
    return _share(pairs(given), {pair for context in contexts for pair in pairs(words(context))})


def _start(word: str) -> str:
    return word if word[0].isdigit() else word[:STEM]


def _share(given: Sequence[Hashable], known: set[Hashable] | set[str] | set[tuple[str, str]]) -> float:
    return sum(each in known for each in given) / len(given) if given else 0.0
