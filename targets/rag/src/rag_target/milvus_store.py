"""Keeps vectors in Milvus, embedded in this process (Milvus Lite), in an index that compares all of them."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rag_target.embedding import Vector

COLLECTION = "handbook"
LONGEST_ID = 512


class MilvusStore:
    """A file of its own, which is gone with the store; `FLAT` has no neighbours to miss."""

    name = "milvus"

    def __init__(self, ids: Sequence[str], vectors: Sequence[Vector]) -> None:
        from pymilvus import DataType, MilvusClient  # noqa: PLC0415  only the extra `milvus` has it

        self._size, self._folder = len(ids), TemporaryDirectory(prefix="handbook-milvus-")
        self._client = MilvusClient(str(Path(self._folder.name) / "handbook.db"))
        schema = self._client.create_schema(auto_id=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=LONGEST_ID)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=len(vectors[0]))
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="COSINE")
        self._client.create_collection(COLLECTION, schema=schema, index_params=index)
        rows = [{"id": name, "vector": vector} for name, vector in zip(ids, vectors, strict=True)]
        self._client.insert(COLLECTION, rows)

    def nearest(self, vector: Vector, k: int) -> Sequence[tuple[str, float]]:
        """Return the k nearest of all vectors; ValueError if Milvus lost one of them."""
        found = self._client.search(COLLECTION, data=[vector], limit=self._size, output_fields=["id"])[0]
        if len(found) < self._size:
            raise ValueError(f"Milvus found {len(found)} of {self._size} vectors; use the store 'exact'")
        return [(str(each["id"]), float(each["distance"])) for each in found[:k]]
