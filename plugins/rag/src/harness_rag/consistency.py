"""What of an answer can be held to its contexts exactly: numbers, names, and whether something is denied."""

import math
import re
from collections.abc import Sequence, Set
from functools import partial

from harness_rag.words import sentences, words

NAME = re.compile(r"(?<![.!?\"“(]\s)(?<!^)\b[A-Z][\w'’-]+")
NEGATIONS = frozenset(("no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot"))
NAMED_NUMBERS = {
    **{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"},
    **{"ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15"},
    **{"sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30"},
    **{"forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"},
}


def consistency(answer: str, contexts: Sequence[str]) -> float:
    """Return the mean of what an answer's numbers, names and negations share with its contexts, 0 to 1.

    An answer with none of them is consistent; without words or contexts it is not. Blind to whatever else may be wrong.
    """
    if not words(answer) or not any(words(context) for context in contexts):
        return 0.0
    parts = [shared_numbers(answer, contexts), shared_names(answer, contexts), same_negation(answer, contexts)]
    known = [part for part in parts if part is not None]
    return sum(known) / len(known) if known else 1.0


def numbers_and_negations(answer: str, contexts: Sequence[str]) -> float:
    """Return the mean share of an answer's numbers and negations that its contexts have, 0 to 1; where none, 1."""
    parts = [shared_numbers(answer, contexts), same_negation(answer, contexts)]
    return sum(1.0 if part is None else part for part in parts) / len(parts)


def shared_numbers(answer: str, contexts: Sequence[str]) -> float | None:
    """Return the share of an answer's numbers, in digits or words, that its contexts have; None where it has none."""
    known = {number for context in contexts for number in numbers(context)}
    return _share([number in known for number in numbers(answer)])


def shared_names(answer: str, contexts: Sequence[str]) -> float | None:
    """Return the share of an answer's capitalised words inside sentences that its contexts have; None without any."""
    known = {word for context in contexts for word in words(context)}
    names = [word for sentence in sentences(answer) for name in NAME.findall(sentence) for word in words(name)]
    return _share([name in known or name.removesuffix("'s") in known for name in names])


def same_negation(answer: str, contexts: Sequence[str]) -> float | None:
    """Return the share of an answer's sentences that deny or affirm as the sentence with most words in common does."""
    others = [set(words(sentence)) for context in contexts for sentence in sentences(context)]
    said = [set(words(sentence)) for sentence in sentences(answer)]
    if not others:
        return None
    nearest = [max(others, key=partial(_likeness, own)) for own in said]
    return _share([_denies(own) == _denies(other) for own, other in zip(said, nearest, strict=True)])


def numbers(text: str) -> list[str]:
    """Return the numbers of a text as digits: `1,000.50` is 1000.5, `seven` is 7; `one` is mostly a pronoun."""
    return [number for word in words(text) if (number := _number(word))]


def _number(word: str) -> str:
    if not word[0].isdigit():
        return NAMED_NUMBERS.get(word, "")
    return word.rstrip("0").rstrip(".") if "." in word else word


def _likeness(own: Set[str], other: Set[str]) -> float:
    return len(own & other) / math.sqrt(1 + len(other))


def _denies(given: Set[str]) -> bool:
    return not NEGATIONS.isdisjoint(given) or any(word.endswith("n't") for word in given)


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
