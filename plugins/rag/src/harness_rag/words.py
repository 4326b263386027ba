"""Cuts texts into what judges compare: words, pairs of words, and sentences."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[^\W_]+")
END = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)")
SHORTENED = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|e\.g|i\.e|cf|no|fig|al|inc|ltd|co|approx)|\b[a-z])\.$", re.I
)
LONGEST = 1_200  # characters of one sentence: a model reads no more of it, and a table has no full stop


def normalize(text: str) -> str:
    """Return a text in which characters that look alike are alike: composed, without case, with plain quotes."""
    return unicodedata.normalize("NFKC", text).replace("’", "'").casefold()


def words(text: str) -> list[str]:
    """Return the words and numbers of a text, in order, without case; numbers without commas."""
    return [word.replace(",", "") if word[0].isdigit() else word for word in WORD.findall(normalize(text))]


def pairs(given: Sequence[str]) -> list[tuple[str, str]]:
    """Return each two words that follow one another."""
    return list(pairwise(given))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that have a word, cut where one is longer than a model reads."""
    found: list[str] = []
    for part in END.split(text):
        if found and part and SHORTENED.search(found[-1][-12:]):
            found[-1] = f"{found[-1]} {part.strip()}"
        elif part and part.strip():
            found.append(part.strip())
    return [piece for sentence in found for piece in _pieces(sentence) if WORD.search(normalize(piece))]


def _pieces(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST:
        cut = sentence.rfind(" ", 1, LONGEST)
        cut = cut if cut > 0 else LONGEST
        yield sentence[:cut]
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
