"""Builds what is searched, and proves that it finds every passage."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from rag_target.chroma_store import ChromaStore
from rag_target.embedding import PACKAGES, Embedder, MiniLm, Vector
from rag_target.milvus_store import MilvusStore
from rag_target.passages import Passage, corpus_digest
from rag_target.pinecone_store import PineconeAt, PineconeStore
from rag_target.ranking import Bm25, Dense, Hybrid, Ranked, Ranker
from rag_target.stores import ExactStore, VectorStore, prove_self_search
from rag_target.words import split_terms

Retrieval = Literal["bm25", "dense", "hybrid"]
StoreName = Literal["exact", "chroma", "milvus"]
Store = StoreName | PineconeAt
MODULES = {"chroma": "chromadb", "milvus": "pymilvus", "pinecone": "pinecone"}


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage that was found, and its score, which is good for ranking only."""

    passage: Passage
    score: float


@dataclass(frozen=True, kw_only=True)
class Index:
    """Passages with the way that they are found."""

    passages: Mapping[str, Passage]
    words: Bm25
    dense: Dense | None
    ranker: Ranker

    def search(self, question: str, k: int) -> Sequence[Hit]:
        """Return at most k passages for a question, best first."""
        found: Ranked = self.ranker.rank(question, k)
        return [Hit(passage=self.passages[name], score=score) for name, score in found]

    def coverage(self, question: str, text: str) -> float:
        """Return the share of a question's terms that a text has, rare terms counting more, unknown ones most.

        The terms come in another order in every process, so their weights are summed without rounding on the way.
        """
        weights = self.words.weights
        most = max(weights.values())
        asked, there = set(split_terms(question)), set(split_terms(text))
        total = math.fsum(weights.get(term, most) for term in asked)
        return math.fsum(weights[term] for term in asked & there) / total if total else 0.0

    def describe(self) -> Mapping[str, str]:
        """Return all that the search depends on."""
        corpus = corpus_digest([*self.passages.values()])
        return {"corpus": corpus, "retrieval": self.ranker.name, **self.ranker.describe()}


def installed_retrieval() -> Retrieval:
    """Return the best retrieval that this environment has the packages for."""
    return "hybrid" if all(find_spec(name) for name in PACKAGES) else "bm25"


def build_index(
    passages: Sequence[Passage], retrieval: Retrieval, store: Store = "exact", embedder: Embedder | None = None
) -> Index:
    """Return the index of some passages; ValueError if a package is missing or a passage is not found by itself."""
    words = Bm25(passages=passages)
    dense = None if retrieval == "bm25" else _embed(passages, store, embedder or MiniLm())
    rankers: dict[Retrieval, list[Ranker]] = {"bm25": [words], "dense": [], "hybrid": [words]}
    chosen = rankers[retrieval] + ([dense] if dense else [])
    ranker = chosen[0] if len(chosen) == 1 else Hybrid(rankers=chosen)
    return Index(passages={p.id: p for p in passages}, words=words, dense=dense, ranker=ranker)


def open_store(store: Store, ids: Sequence[str], vectors: Sequence[Vector]) -> VectorStore:
    """Return a store filled with vectors; ValueError if its package is missing."""
    name = "pinecone" if isinstance(store, PineconeAt) else store
    if name == "exact":
        return ExactStore(ids, vectors)
    if find_spec(MODULES[name]) is None:
        needed = f"pip install 'promotion-harness-handbook[{name}]'"
        raise ValueError(f"store {name} needs {MODULES[name]}: {needed}, or ask exact")
    if isinstance(store, PineconeAt):
        return PineconeStore(store, ids, vectors)
    return MilvusStore(ids, vectors) if store == "milvus" else ChromaStore(ids, vectors)


def _embed(passages: Sequence[Passage], kept: Store, embedder: Embedder) -> Dense:
    ids, vectors = [p.id for p in passages], embedder.embed([p.full_text for p in passages])
    store = open_store(kept, ids, vectors)
    prove_self_search(store, ids, vectors)
    return Dense(embedder=embedder, store=store)
