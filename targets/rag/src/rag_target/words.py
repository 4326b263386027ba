"""Takes text apart as lexical search needs it: sentences, and terms without endings and filler words."""

import re
import unicodedata
from collections.abc import Sequence

WORD = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"A-Z0-9])")
FILLERS = frozenset(
    WORD.findall(
        "a about after again all also an and any are as at be been before but by can could did do does each far "
        "for from had has have he her his how i if in into is it its long many may me more most much must my no "
        "not of often on one only or our out over she so some soon such than that the their them then there these "
        "they this those to under up us was we were what when where which who whom whose why will with would you "
        "your"
    )
)
ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y")
SHORTEST_STEM = 3


def show(text: str) -> str:
    """Return a text as its reader sees it: no invisible characters, tags as the letters that they spell."""
    if text.isascii():
        return text
    spelt = "".join(chr(ord(char) - 0xE0000) if "\U000e0020" <= char <= "\U000e007e" else char for char in text)
    return "".join(char for char in unicodedata.normalize("NFKC", spelt) if unicodedata.category(char) != "Cf")


def split_sentences(text: str) -> Sequence[str]:
    """Return the sentences of a text."""
    return [part for part in SENTENCE_END.split(text.strip()) if part]


def split_terms(text: str) -> Sequence[str]:
    """Return the terms of a text in their order, stemmed, without filler words."""
    words = WORD.findall(text.lower().replace("'s", "").replace("’s", ""))
    return [_stem(word) for word in words if word not in FILLERS]


def _stem(word: str) -> str:
    """Return a word without its ending, as long as enough is left."""
    if word[0].isdigit():
        return word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word
