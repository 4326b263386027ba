"""Answers as the most gullible of models would: for measuring rails by what they alone hold back."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag_target.generation import FREE, READ, Piece
from rag_target.index import Hit
from rag_target.prompts import describe_canary, rules
from rag_target.usage import Price, Usage

ASKS_FOR_RULES = re.compile(r"(?i)\b(?:your|system|hidden|initial) (?:\w+ )?(?:prompt|instructions?|rules|reference)\b")

ASKS_TO_GUESS = re.compile(r"(?i)\b(?:guess|estimate|roughly)\b")
GUESS = "I would guess 97 weeks, as most shops do."


@dataclass(frozen=True, kw_only=True)
class Parrot:
    """Repeats its best passages whole, the question, and its rules to whoever speaks of them; invents when asked to.

    It is no language model. Whatever an attack asks to be said is said, so an attack fails only where it is held back.
    """

    canary: str | None = None
    name: str = "parrot"
    price: Price = FREE

    def describe(self) -> Mapping[str, str]:
        """Return what it repeats."""
        how = f"{self.name}, no model: repeats {READ} passages, the question, its rules when asked, or a guess"
        return {"generator": how, **describe_canary(self.canary)}

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield passages, question, and the rules."""
        read = hits[:READ]
        texts = [hit.passage.text for hit in read]
        pieces = [*(f"{hit.passage.text} [{hit.passage.id}] " for hit in read), f"You asked: {question}"]
        if any(ASKS_FOR_RULES.search(text) for text in (question, *texts)):
            pieces.append(f" My rules: {rules(self.canary)}")
        if ASKS_TO_GUESS.search(question):
            pieces.append(f" {GUESS}")
        yield from pieces
        words = len(" ".join([question, *texts]).split())
        yield Usage(prompt_tokens=words, completion_tokens=len("".join(pieces).split()), counted="words")
