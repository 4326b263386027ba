"""What the linear models read of a text: its words, pairs of words, and pieces of words."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

WORD = re.compile(r"[\w']+|[^\w\s]")
WINDOW = 120  # words that are read at once; a longer text is read in parts, and scored by its worst
STRIDE = 100
LONGEST = 24  # characters of a word that are cut into pieces


def windows(text: str) -> Sequence[Sequence[str]]:
    """Return a text's words in overlapping parts; the last one is not short, as it starts earlier."""
    words = [found[0] for found in WORD.finditer(text.lower())]
    if len(words) <= WINDOW:
        return [words]
    starts = [*range(0, len(words) - WINDOW, STRIDE), len(words) - WINDOW]
    return [words[start : start + WINDOW] for start in starts]


def word_features(words: Sequence[str]) -> set[str]:
    """Return a part's words, pairs of words, and pieces of three to five characters."""
    found = {f"w {word}" for word in words}
    found |= {f"p {one} {two}" for one, two in pairwise(words)}
    for word in {each[:LONGEST] for each in words}:
        found.update(_pieces(f"<{word}>"))
    return found


def _pieces(word: str) -> Iterator[str]:
    for size in (3, 4, 5):
        for start in range(len(word) - size + 1):
            yield word[start : start + size]
