"""Answers questions: finds passages, has an answer written from them, and says what that took."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rag_target.answers import Answer, Event
from rag_target.flows import Flow, OwnFlow
from rag_target.generation import ABSTENTION, Generator, Unanswered
from rag_target.index import Hit, Index
from rag_target.prompts import SYSTEM
from rag_target.spans import trace_events
from rag_target.usage import Timings, Usage

SHOWN = 12  # digits of a digest in a version


@dataclass(frozen=True, kw_only=True)
class Handbook:
    """A handbook that can be asked: what is searched, how many passages are read, and who writes."""

    index: Index
    generator: Generator
    k: int = 5
    flow: Flow | None = None  # who takes the two steps; None is this package

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """Return all that its answers depend on: code, prompts, index and generator."""
        index = {f"index.{name}": value for name, value in self.index.describe().items()}
        prompts = f"sha256:{hashlib.sha256(SYSTEM.encode()).hexdigest()}"
        return {"code": code_digest(), "prompts": prompts, **index, "k": str(self.k), **self.generator.describe(),
                **self.steps.describe()}  # fmt: skip

    @cached_property
    def digest(self) -> str:
        """Return `sha256:` of all parts."""
        return f"sha256:{hashlib.sha256(json.dumps(self.parts, sort_keys=True).encode()).hexdigest()}"

    @cached_property
    def steps(self) -> Flow:
        """Return who finds passages and has them written from."""
        return self.flow or OwnFlow(index=self.index, generator=self.generator)

    @property
    def version(self) -> str:
        """Return what people call it: who writes, what is searched, and the start of the digest."""
        return version_of(f"{self.generator.name}+{self.index.ranker.name}", self.digest)

    def ask(self, question: str) -> Answer:
        """Return the answer to a question; `Unanswered` if none was written."""
        return last_answer(self.stream(question))

    def stream(self, question: str, turns: Sequence[str] = ()) -> Iterator[Event]:
        """Yield the passages that were found, the answer's pieces as they come, and the answer.

        What was said before the question, its `turns`, changes nothing.
        """
        return trace_events(question, self.generator.name, self._events(question))

    def search(self, question: str) -> Sequence[Hit]:
        """Return the passages that an answer is written from, best first."""
        return self.steps.search(question, self.k)

    def write(self, question: str, hits: Sequence[Hit], before: float = 0.0) -> Iterator[Event]:
        """Yield the pieces of an answer from passages, found in `before` seconds, and the answer."""
        began = time.perf_counter() - before
        pieces: list[str] = []
        first, usage = 0.0, None
        for piece in self.steps.write(question, hits):
            if isinstance(piece, Usage):
                usage = piece
                continue
            first = first or time.perf_counter() - began
            pieces.append(piece)
            yield piece
        if usage is None:
            raise Unanswered("errored", "the generator did not say what the answer took")
        seconds = Timings(retrieval=before, first_piece=first, total=time.perf_counter() - began)
        yield self._answer("".join(pieces), hits, usage, seconds)

    def _events(self, question: str) -> Iterator[Event]:
        began = time.perf_counter()
        hits = self.search(question)
        before = time.perf_counter() - began
        yield hits
        yield from self.write(question, hits, before)

    def _answer(self, text: str, hits: Sequence[Hit], usage: Usage, seconds: Timings) -> Answer:
        price = self.generator.price
        return Answer(
            text=text,
            status="refused" if ABSTENTION.rstrip(".") in text else "ok",
            hits=hits,
            usage=usage,
            cost=price.cost(usage) if price else None,
            seconds=seconds,
        )


def last_answer(events: Iterator[Event]) -> Answer:
    """Return the answer that events end with; `Unanswered` if they do not."""
    *_, last = events
    if not isinstance(last, Answer):
        raise Unanswered("errored", "the generator ended without an answer")
    return last


def version_of(name: str, digest: str) -> str:
    """Return a name with the start of a digest."""
    return f"{name}@{digest.removeprefix('sha256:')[:SHOWN]}"


def code_digest() -> str:
    """Return `sha256:` over the names and texts of this package's modules."""
    folder = Path(__file__).parent
    files = sorted([*folder.glob("*.py"), *folder.glob("rails/*.py"), *folder.glob("rails/*.co")])
    sums = [f"{file.relative_to(folder)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return f"sha256:{hashlib.sha256(chr(10).join(sums).encode()).hexdigest()}"
