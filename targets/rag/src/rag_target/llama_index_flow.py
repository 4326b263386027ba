"""The handbook's two steps as a retriever and a query engine of LlamaIndex."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from llama_index.core.base.response.schema import StreamingResponse
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag_target.generation import Generator, Piece
from rag_target.index import Hit, Index


class _Passages(BaseRetriever):
    """Finds passages as LlamaIndex's nodes, each with its place in the index."""

    def __init__(self, index: Index, k: int) -> None:
        self._index, self._k = index, k
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._index.search(query_bundle.query_str, self._k)
        return [NodeWithScore(node=TextNode(id_=h.passage.id, text=h.passage.full_text), score=h.score) for h in hits]


class _Writer(CustomQueryEngine):
    """Has an answer written from passages that were found."""

    generator: Any  # a Generator
    hits: Any

    def custom_query(self, query_str: str) -> StreamingResponse:
        return StreamingResponse(response_gen=self.generator.write(query_str, self.hits))


class LlamaIndexFlow:
    """Retrieval and writing by LlamaIndex."""

    def __init__(self, index: Index, generator: Generator) -> None:
        self._index, self._generator = index, generator

    def search(self, question: str, k: int) -> Sequence[Hit]:
        """Return the passages that LlamaIndex's retriever finds."""
        found = _Passages(self._index, k).retrieve(question)
        return [Hit(passage=self._index.passages[each.node.node_id], score=float(each.score or 0)) for each in found]

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield what LlamaIndex's engine streams."""
        found = _Writer(generator=self._generator, hits=hits).query(question)
        assert isinstance(found, StreamingResponse)
        yield from found.response_gen

    def describe(self) -> Mapping[str, str]:
        """Return LlamaIndex's version."""
        return {"flow": f"llama-index-core {version('llama-index-core')}"}
