"""LangChain and LlamaIndex find and write what the handbook's own code does."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from rag_target.flows import FlowName, open_flow
from rag_target.generation import Extractive, Generator, Unanswered
from rag_target.handbook import Handbook
from rag_target.index import Index
from rag_target.opening import Chat, Models, open_handbook
from rag_target.questions import read_questions

QUESTIONS = [each.question for each in read_questions()[:60:6]]
FRAMEWORKS: list[FlowName] = ["langchain", "llama_index"]
Start = Callable[..., Any]


def book(index: Index, name: FlowName, generator: Generator | None = None) -> Handbook:
    writer = generator or Extractive(index=index)
    return Handbook(index=index, generator=writer, flow=open_flow(name, index, writer))


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_answers_as_the_own_flow_does(lexical: Index, name: FlowName) -> None:
    own, other = book(lexical, "own"), book(lexical, name)

    for question in QUESTIONS:
        expected, found = own.ask(question), other.ask(question)

        assert (expected.text, expected.hits, expected.usage) == (found.text, found.hits, found.usage)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_identity_names_a_framework_with_its_version(lexical: Index, name: FlowName) -> None:
    own, other = book(lexical, "own"), book(lexical, name)

    assert other.parts["flow"].startswith(name.split("_")[0])
    assert own.digest != other.digest


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_pieces_come_as_a_model_writes_them_and_its_failures_stay_what_they_are(name: FlowName, standin: Start) -> None:
    fine, broken = standin(), standin(ends=False)
    asked = [Chat(base_url=each.url, model="tiny-2026-01-01") for each in (fine, broken)]
    good, bad = (open_handbook(retrieval="bm25", models=Models(chat=chat), flow=name) for chat in asked)

    pieces = [event for event in good.stream("How long may I dispute?") if isinstance(event, str)]

    assert list(fine.pieces) == pieces
    with pytest.raises(Unanswered, match="in the middle of an answer"):
        bad.ask("How long may I dispute?")


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_looks_nothing_up_outside(lexical: Index, name: FlowName, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: asked.append(given) or [])
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "none")

    book(lexical, name).ask(QUESTIONS[0])

    assert [] == asked
