"""A handbook behind rails: nothing of an answer is passed on before all of it was looked at."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rag_target.answers import Answer, Event
from rag_target.generation import Unguarded
from rag_target.handbook import Handbook, last_answer, version_of
from rag_target.index import Hit
from rag_target.rails.policy import SAFE, Policy
from rag_target.rails.proving import Proof, prove
from rag_target.rails.stages import Engine, Exchange, Finding, Rail, Stage, Unproven
from rag_target.rails.waiting import wait_for
from rag_target.spans import trace_events
from rag_target.usage import Timings, Usage

T = TypeVar("T")
NOTHING = Usage(prompt_tokens=0, completion_tokens=0, counted="words")


@dataclass(kw_only=True)
class Watch:
    """How long ago a question came, and the seconds that rails have taken since."""

    began: float = field(default_factory=time.perf_counter)
    rails: float = 0.0

    def timings(self, retrieval: float) -> Timings:
        """Return what an answer took that is whole now: its first piece comes with its last."""
        total = time.perf_counter() - self.began
        return Timings(retrieval=retrieval, first_piece=total, total=total, rails=self.rails)


class Guarded:
    """A handbook, the rails before it, and who runs them; asked as the handbook is."""

    def __init__(
        self, *, book: Handbook, policy: Policy, rails: Sequence[Rail], engine: Engine, made_of: Mapping[str, str]
    ) -> None:
        self.book, self.index = book, book.index
        self._rails, self._engine, self._seconds = rails, engine, policy.seconds
        self._proof = Proof(self._prove)
        given = hashlib.sha256(policy.model_dump_json().encode()).hexdigest()
        on = {"rails": ", ".join(policy.names), "rails.policy": f"sha256:{given}"}
        self.parts: Mapping[str, str] = {**book.parts, **on, **made_of}

    @property
    def digest(self) -> str:
        """Return `sha256:` of all parts: the handbook's, the policy and the detectors."""
        return f"sha256:{hashlib.sha256(json.dumps(self.parts, sort_keys=True).encode()).hexdigest()}"

    @property
    def version(self) -> str:
        """Return what people call it: the handbook's name, and that there are rails."""
        return version_of(f"{self.book.generator.name}+{self.index.ranker.name}+rails", self.digest)

    def ask(self, question: str) -> Answer:
        """Return the answer to a question, or that it was blocked; `Unguarded` if a rail did not do its work."""
        return last_answer(self.stream(question))

    def stream(self, question: str, turns: Sequence[str] = ()) -> Iterator[Event]:
        """Yield passages, text and answer, each only once all rails have passed; `turns` came before the question."""
        return trace_events(question, self.book.generator.name, self._events([*turns, question]))

    def prove(self) -> None:
        """Ask each rail for its sentinel, if that was not done lately; `Unguarded` if one is missed."""
        self._proof.renew()

    def _prove(self) -> None:
        self._within(lambda: prove(self._rails, self._engine), self._seconds * len(self._rails))

    def _events(self, turns: Sequence[str]) -> Iterator[Event]:
        self.prove()
        answer = self._answer(turns, Watch())
        yield answer.hits
        yield answer.text
        yield answer

    def _answer(self, turns: Sequence[str], watch: Watch) -> Answer:
        """Return the answer to the last turn, or the safe text with nothing beside it."""
        asked = Exchange(turns=turns)
        if self._blocks("input", asked, watch):
            return _blocked(NOTHING, 0.0, watch)
        hits = self.book.search(asked.question)
        retrieval = time.perf_counter() - watch.began - watch.rails
        kept = self._keep(replace(asked, hits=hits), watch)
        if hits and not kept:
            return _blocked(NOTHING, 0.0, watch)
        written = last_answer(self.book.write(asked.question, kept))
        if self._blocks("output", replace(asked, hits=kept, answer=written.text), watch):
            return _blocked(written.usage, written.cost, watch)
        return replace(written, seconds=watch.timings(retrieval))

    def _blocks(self, stage: Stage, exchange: Exchange, watch: Watch) -> bool:
        return any(each.found for each in self._run(stage, exchange, watch))

    def _keep(self, exchange: Exchange, watch: Watch) -> Sequence[Hit]:
        """Return the passages that no rail holds back."""
        held = {at for each in self._run("retrieval", exchange, watch) for at, flag in enumerate(each.flags) if flag}
        return [hit for at, hit in enumerate(exchange.hits) if at not in held]

    def _run(self, stage: Stage, exchange: Exchange, watch: Watch) -> Sequence[Finding]:
        began = time.perf_counter()
        found = self._within(lambda: self._engine.run(stage, exchange), self._seconds)
        watch.rails += time.perf_counter() - began
        asked = [rail.name for rail in self._rails if rail.stage == stage]
        if [each.rail for each in found] != asked[: len(found)] or (
            len(found) < len(asked) and not any(each.found for each in found)
        ):
            raise Unguarded(f"the engine left out a rail of the {stage} stage")
        return found

    def _within(self, work: Callable[[], T], seconds: float) -> T:
        try:
            return wait_for(work, seconds)
        except Unproven as failure:
            raise Unguarded(str(failure)) from failure
        except TimeoutError as failure:
            raise Unguarded(f"the rails took longer than {seconds:g} s") from failure
        except Exception as failure:
            raise Unguarded(f"the engine of the rails raised {type(failure).__name__}") from failure


def _blocked(usage: Usage, cost: float | None, watch: Watch) -> Answer:
    return Answer(text=SAFE, status="blocked", hits=(), usage=usage, cost=cost, seconds=watch.timings(0.0))
