"""How much of a gold answer an answer has, word for word."""

from collections import Counter
from collections.abc import Sequence

from harness_rag.words import words

ARTICLES = frozenset(("a", "an", "the"))


def correctness(answer: str, gold: Sequence[str]) -> float:
    """Return the best F1 of an answer's words against some gold answers, 0 to 1 (SQuAD: Rajpurkar 2016)."""
    return max((_f1(_content(answer), _content(each)) for each in gold), default=0.0)


def _f1(said: Sequence[str], asked: Sequence[str]) -> float:
    shared = sum((Counter(said) & Counter(asked)).values())
    return 2 * shared / (len(said) + len(asked)) if shared else 0.0


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in ARTICLES]
