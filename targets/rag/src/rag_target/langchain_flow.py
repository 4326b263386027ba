"""The handbook's two steps as a retriever and a runnable of LangChain."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableGenerator
from langsmith.run_helpers import tracing_context

from rag_target.generation import Generator, Piece
from rag_target.index import Hit, Index


class _Passages(BaseRetriever):
    """Finds passages as LangChain's documents, each with its place in the index."""

    index: Any  # an Index
    k: int

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        hits = self.index.search(query, self.k)
        return [Document(id=h.passage.id, page_content=h.passage.text, metadata={"score": h.score}) for h in hits]


class LangChainFlow:
    """Retrieval and writing by LangChain; its traces go nowhere, whatever the environment says."""

    def __init__(self, index: Index, generator: Generator) -> None:
        self._index = index
        self._writer = RunnableGenerator(_write_by(generator))

    def search(self, question: str, k: int) -> Sequence[Hit]:
        """Return the passages that LangChain's retriever finds."""
        with tracing_context(enabled=False):
            found = _Passages(index=self._index, k=k).invoke(question)
        return [Hit(passage=self._index.passages[str(each.id)], score=each.metadata["score"]) for each in found]

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield what LangChain's runnable streams."""
        with tracing_context(enabled=False):
            yield from self._writer.stream({"question": question, "hits": hits})

    def describe(self) -> Mapping[str, str]:
        """Return LangChain's version."""
        return {"flow": f"langchain-core {version('langchain-core')}"}


def _write_by(generator: Generator) -> Any:
    def write(asked: Iterator[Mapping[str, Any]]) -> Iterator[Piece]:
        for each in asked:
            yield from generator.write(each["question"], each["hits"])

    return write
