"""Who finds passages and has an answer written from them: this package's own code, or a framework of others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, Protocol

from rag_target.generation import Generator, Piece
from rag_target.index import Hit, Index

FlowName = Literal["own", "langchain", "llama_index"]
PACKAGES: Mapping[str, str] = {"langchain": "langchain_core", "llama_index": "llama_index"}


class Flow(Protocol):
    """The two steps from a question to an answer."""

    def search(self, question: str, k: int) -> Sequence[Hit]:
        """Return at most k passages for a question, best first."""

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield the pieces of an answer as they come, and what it took; `Unanswered` if there is none."""

    def describe(self) -> Mapping[str, str]:
        """Return what the answers depend on beside index and generator: the framework, and its version."""


@dataclass(frozen=True, kw_only=True)
class OwnFlow:
    """One call after the other."""

    index: Index
    generator: Generator

    def search(self, question: str, k: int) -> Sequence[Hit]:
        """Return at most k passages for a question, best first."""
        return self.index.search(question, k)

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield what the generator writes."""
        return self.generator.write(question, hits)

    def describe(self) -> Mapping[str, str]:
        """Return nothing: this package's code is a part of each identity anyway."""
        return {}


def open_flow(name: FlowName, index: Index, generator: Generator) -> Flow:
    """Return the flow of a name; ValueError if its package is missing."""
    if name == "own":
        return OwnFlow(index=index, generator=generator)
    if find_spec(PACKAGES[name]) is None:
        extra = name.replace("_", "-")
        raise ValueError(f"flow {name} needs its package: pip install 'promotion-harness-handbook[{extra}]'")
    if name == "langchain":
        from rag_target.langchain_flow import LangChainFlow  # noqa: PLC0415  its import takes a second

        return LangChainFlow(index, generator)
    from rag_target.llama_index_flow import LlamaIndexFlow  # noqa: PLC0415  its import takes seconds

    return LlamaIndexFlow(index, generator)
