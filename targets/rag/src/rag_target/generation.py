"""Writes answers from passages; the default needs no model: it quotes the sentences that fit best."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag_target.index import Hit, Index
from rag_target.usage import Price, Usage
from rag_target.words import split_sentences

ABSTENTION = "I cannot answer this from the handbook."
LEAST_FIT = {True: 0.88, False: 0.37}  # with and without vectors; each keeps nine of ten answerable questions
READ, QUOTED = 3, 2  # passages that are read, sentences that are quoted
Failure = Literal["timed_out", "unparseable", "errored"]
Piece = str | Usage
FREE = Price(prompt=0, completion=0)


class Unanswered(Exception):
    """No answer was written: what became of the request, and why."""

    def __init__(self, status: Failure, why: str) -> None:
        super().__init__(why)
        self.status = status


class Unguarded(Unanswered):
    """A rail did not do its work, so nobody knows whether an answer would be safe."""

    def __init__(self, why: str) -> None:
        super().__init__("errored", why)


class Generator(Protocol):
    """Writes an answer from passages."""

    @property
    def name(self) -> str:
        """Return what it is called: the model, or how it works without one."""

    @property
    def price(self) -> Price | None:
        """Return what its tokens cost; None where nobody said."""

    def describe(self) -> Mapping[str, str]:
        """Return all that its answers depend on beside question and passages."""

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield the pieces of an answer, and what it took; `Unanswered` if there is none."""


@dataclass(frozen=True, kw_only=True)
class Extractive:
    """Quotes the sentences that share most with the question, each with its passage; abstains where little fits.

    It is no language model: it cannot join, count or rephrase.
    """

    index: Index
    name: str = "extractive"
    price: Price = FREE

    def describe(self) -> Mapping[str, str]:
        """Return its constants."""
        least = LEAST_FIT[self.index.dense is not None]
        return {"generator": f"{self.name}, no model: quotes {QUOTED} sentences of {READ}, fit at least {least}"}

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield quoted sentences, or that the handbook has no answer."""
        fits = self._fit(question, hits) >= LEAST_FIT[self.index.dense is not None]
        pieces = self._quotes(question, hits[:READ]) if fits else [ABSTENTION]
        for place, piece in enumerate(pieces):
            yield f"{' ' if place else ''}{piece}"
        read = sum(len(hit.passage.full_text.split()) for hit in hits[:READ])
        yield Usage(prompt_tokens=read, completion_tokens=sum(len(p.split()) for p in pieces), counted="words")

    def _fit(self, question: str, hits: Sequence[Hit]) -> float:
        """Return how well the best passage covers a question's words, plus its cosine where there are vectors."""
        covered = max((self.index.coverage(question, hit.passage.full_text) for hit in hits), default=0.0)
        nearest = self.index.dense.rank(question, 1)[0][1] if self.index.dense else 0.0
        return covered + nearest

    def _quotes(self, question: str, hits: Sequence[Hit]) -> Sequence[str]:
        scored = [
            (self._sentence_score(question, sentence, hit) - place / 10, sentence, hit.passage.id)
            for place, hit in enumerate(hits)
            for sentence in split_sentences(hit.passage.text)
        ]
        best = sorted(scored, key=lambda each: (-each[0], each[2], each[1]))[:QUOTED]
        return [f"{sentence} [{name}]" for _, sentence, name in best]

    def _sentence_score(self, question: str, sentence: str, hit: Hit) -> float:
        """Return how well a sentence fits: its own words, half of its passage's, and a little for a number."""
        own, around = self.index.coverage(question, sentence), self.index.coverage(question, hit.passage.full_text)
        return own + around / 2 + (0.1 if re.search(r"\d", sentence) else 0.0)
