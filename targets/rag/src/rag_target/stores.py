"""Keeps vectors and finds the nearest, exactly: at this size an approximate index would only add chance."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rag_target.embedding import Vector


class VectorStore(Protocol):
    """Vectors by id."""

    @property
    def name(self) -> str:
        """Return what the store is called in identities."""

    def nearest(self, vector: Vector, k: int) -> Sequence[tuple[str, float]]:
        """Return the k ids whose vectors have the highest cosine with a vector, with that cosine."""


class ExactStore:
    """All vectors in one matrix, searched by one product."""

    name = "exact"

    def __init__(self, ids: Sequence[str], vectors: Sequence[Vector]) -> None:
        self._ids, self._vectors = list(ids), np.stack(vectors)

    def nearest(self, vector: Vector, k: int) -> Sequence[tuple[str, float]]:
        """Return the k nearest of all vectors."""
        cosines = self._vectors @ vector
        order = np.argsort(-cosines, kind="stable")[:k]
        return [(self._ids[at], float(cosines[at])) for at in order]


def prove_self_search(store: VectorStore, ids: Sequence[str], vectors: Sequence[Vector]) -> None:
    """Refuse a store that does not find each passage by its own vector."""
    lost = [name for name, vector in zip(ids, vectors, strict=True) if store.nearest(vector, 1)[0][0] != name]
    if lost:
        raise ValueError(
            f"store {store.name!r} does not find {len(lost)} of {len(ids)} passages by their own vectors, first "
            f"{lost[0]!r}; build the index again, with an exact search"
        )
