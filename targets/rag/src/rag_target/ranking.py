"""Ranks passages for a question: by words (BM25), by meaning (vectors), or by both."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from rag_target.embedding import Embedder
from rag_target.passages import Passage
from rag_target.stores import VectorStore
from rag_target.words import split_terms

Ranked = Sequence[tuple[str, float]]  # ids with their scores, best first
K1, B = 1.2, 0.75  # how soon repeating a term stops to count, how much long passages are held back
RANK_OFFSET = 60  # of reciprocal ranks, as published by Cormack and others in 2009
DEPTH = 50  # places of each ranking that are joined


class Ranker(Protocol):
    """Finds passages for a question."""

    @property
    def name(self) -> str:
        """Return what it is called in answers and identities."""

    def rank(self, question: str, k: int) -> Ranked:
        """Return at most k ids with scores, best first; equal scores in the order of their ids."""

    def describe(self) -> Mapping[str, str]:
        """Return what the ranking depends on beside the passages."""


@dataclass(frozen=True, kw_only=True)
class Bm25:
    """Okapi BM25 over terms; passages that share no term with the question are not found."""

    passages: Sequence[Passage]
    name: str = "bm25"

    @cached_property
    def _counts(self) -> Sequence[Counter[str]]:
        return [Counter(split_terms(passage.full_text)) for passage in self.passages]

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Return for each term how rare it is: ln(1 + (N - n + 1/2) / (n + 1/2))."""
        seen = Counter(term for counts in self._counts for term in counts)
        size = len(self.passages)
        return {term: math.log(1 + (size - n + 0.5) / (n + 0.5)) for term, n in seen.items()}

    @cached_property
    def _mean_length(self) -> float:
        return sum(counts.total() for counts in self._counts) / len(self._counts)

    def rank(self, question: str, k: int) -> Ranked:
        """Return the passages that share terms with a question."""
        terms = sorted(set(split_terms(question)))
        scores = ((p.id, self._score(terms, c)) for p, c in zip(self.passages, self._counts, strict=True))
        return best_first([(name, score) for name, score in scores if score > 0], k)

    def describe(self) -> Mapping[str, str]:
        """Return the two constants."""
        return {"bm25": f"k1={K1} b={B}"}

    def _score(self, terms: Sequence[str], counts: Counter[str]) -> float:
        norm = K1 * (1 - B + B * counts.total() / self._mean_length)
        return sum(self.weights[t] * counts[t] * (K1 + 1) / (counts[t] + norm) for t in terms if counts[t])


@dataclass(frozen=True, kw_only=True)
class Dense:
    """The nearest vectors by cosine, found by an exact search of a store."""

    embedder: Embedder
    store: VectorStore
    name: str = "dense"

    def rank(self, question: str, k: int) -> Ranked:
        """Return the passages nearest to a question."""
        return best_first(self.store.nearest(self.embedder.embed([question])[0], k), k)

    def describe(self) -> Mapping[str, str]:
        """Return model and store."""
        return {"embedder": self.embedder.digest, "store": self.store.name}


@dataclass(frozen=True, kw_only=True)
class Hybrid:
    """Several rankings joined: each passage scores the sum of 1 / (60 + its place)."""

    rankers: Sequence[Ranker]
    name: str = "hybrid"

    def rank(self, question: str, k: int) -> Ranked:
        """Return the passages that stand high in any ranking, higher those that stand high in several."""
        total: Counter[str] = Counter()
        for ranker in self.rankers:
            for place, (name, _) in enumerate(ranker.rank(question, DEPTH), 1):
                total[name] += 1 / (RANK_OFFSET + place)  # type: ignore[assignment]
        return best_first(list(total.items()), k)

    def describe(self) -> Mapping[str, str]:
        """Return what each ranking depends on."""
        parts = {name: value for ranker in self.rankers for name, value in ranker.describe().items()}
        return {**parts, "fusion": f"reciprocal rank {RANK_OFFSET}, {DEPTH} deep"}


def best_first(scores: Ranked, k: int) -> Ranked:
    """Return the k best, equal ones in the order of their ids."""
    return sorted(scores, key=lambda each: (-each[1], each[0]))[:k]
