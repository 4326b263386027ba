"""Cuts documents into sentences, which are what a document asks for by."""

import re
from collections.abc import Sequence

END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+|\|(?=[A-Z]{4,}:)|(?<=[.!?])(?=[A-Z][a-z])")
LONGEST = 400  # characters of a part of what is no sentence


def split_sentences(text: str) -> Sequence[str]:
    """Return the sentences of a document, at least one; an endless one in parts."""
    parts = [part for part in (each.strip() for each in END.split(text)) if part]
    return [part[at : at + LONGEST] for part in parts for at in range(0, len(part), LONGEST)] or [""]
