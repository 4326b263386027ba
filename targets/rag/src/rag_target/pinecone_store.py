"""Keeps vectors in an index of Pinecone, a service: held to a stand-in on loopback, and never run live."""

import hashlib
import re
import time
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from rag_target.embedding import Vector

BATCH = 100  # vectors in one request
MOST = 10_000  # that one query returns
PATIENCE = 60.0  # seconds until what was written can be read
LOOK = 0.2  # seconds between looks
PLACE = re.compile(r"https://[^/@?#]+|http://(?:127\.0\.0\.1|localhost)(?::\d+)?")


def _is_place(host: str) -> str:
    if not PLACE.fullmatch(host):
        raise ValueError("is no index's host, as in https://NAME-PROJECT.svc.REGION.pinecone.io; the key is sent there")
    return host


class PineconeAt(BaseModel):
    """An index that exists, of 384 dimensions by cosine, and the key to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, AfterValidator(_is_place)]
    api_key: SecretStr


class PineconeStore:
    """A namespace that is named by what it holds, so that no other passages are ever found in it."""

    name = "pinecone"

    def __init__(self, place: PineconeAt, ids: Sequence[str], vectors: Sequence[Vector]) -> None:
        from pinecone import Pinecone  # noqa: PLC0415  only the extra `pinecone` has it

        if len(ids) > MOST:
            raise ValueError(f"Pinecone returns at most {MOST} vectors and {len(ids)} are to be compared; ask 'exact'")
        self._size, self._space = len(ids), _namespace(ids, vectors)
        self._index = Pinecone(api_key=place.api_key.get_secret_value()).Index(host=place.host)
        rows = [(name, vector.tolist()) for name, vector in zip(ids, vectors, strict=True)]
        for start in range(0, len(rows), BATCH):
            self._index.upsert(vectors=rows[start : start + BATCH], namespace=self._space)
        self._wait()

    def nearest(self, vector: Vector, k: int) -> Sequence[tuple[str, float]]:
        """Return the k nearest of all vectors; ValueError if Pinecone lost one of them."""
        found = self._index.query(vector=vector.tolist(), top_k=self._size, namespace=self._space).matches
        if len(found) < self._size:
            raise ValueError(f"Pinecone found {len(found)} of {self._size} vectors; use the store 'exact'")
        return [(str(each.id), float(each.score)) for each in found[:k]]

    def _wait(self) -> None:
        """Wait until all that was written is there: Pinecone says yes before it is."""
        until = time.monotonic() + PATIENCE
        while (there := self._count()) < self._size:
            if time.monotonic() > until:
                raise ValueError(f"Pinecone has {there} of {self._size} vectors after {PATIENCE:g} s; try again")
            time.sleep(LOOK)

    def _count(self) -> int:
        spaces = self._index.describe_index_stats().namespaces
        return int(spaces[self._space].vector_count) if self._space in spaces else 0


def _namespace(ids: Sequence[str], vectors: Sequence[Vector]) -> str:
    digest = hashlib.sha256("\n".join(ids).encode())
    for vector in vectors:
        digest.update(vector.tobytes())
    return f"handbook-{digest.hexdigest()[:32]}"
