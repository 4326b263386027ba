"""Keeps vectors in Chroma, embedded in this process, and has it search all of them."""

import os
from collections.abc import Sequence

import numpy as np

from rag_target.embedding import Vector

os.environ["ANONYMIZED_TELEMETRY"] = "False"  # Chroma reads it when it is imported, which is after this line


class ChromaStore:
    """A collection of its own in memory; it is asked for every vector, as its index of neighbours may miss some."""

    name = "chroma"

    def __init__(self, ids: Sequence[str], vectors: Sequence[Vector]) -> None:
        import chromadb  # noqa: PLC0415  only the extra `chroma` has it
        from chromadb.config import Settings  # noqa: PLC0415

        self._size = len(ids)
        client = chromadb.EphemeralClient(settings=Settings(anonymized_telemetry=False))
        self._collection = client.create_collection(
            f"handbook-{os.urandom(8).hex()}",
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_search": self._size, "ef_construction": self._size}},
        )
        self._collection.add(ids=list(ids), embeddings=np.stack(vectors))

    def nearest(self, vector: Vector, k: int) -> Sequence[tuple[str, float]]:
        """Return the k nearest of all vectors; ValueError if Chroma lost one of them."""
        found = self._collection.query(query_embeddings=vector[None], n_results=self._size, include=["distances"])
        ids, distances = found["ids"][0], (found["distances"] or [[]])[0]
        if len(ids) < self._size:
            raise ValueError(f"Chroma found {len(ids)} of {self._size} vectors; use the store 'exact'")
        return [(name, 1 - distance) for name, distance in zip(ids, distances, strict=True)][:k]
