"""Each question is told to OpenTelemetry as OpenInference names it, and a failure as a failure."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from rag_target.chat_model import ChatModel
from rag_target.generation import Extractive, Unanswered
from rag_target.handbook import Handbook
from rag_target.index import Index

QUESTION = "Which code is used if a machine keeps the money?"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")


@pytest.mark.usefixtures("telling")
def test_a_question_is_a_chain_of_what_was_found_and_what_was_written(
    lexical: Index, kept: InMemorySpanExporter
) -> None:
    answer = Handbook(index=lexical, generator=Extractive(index=lexical)).ask(QUESTION)

    retrieve, write, asked = kept.get_finished_spans()
    kinds = [span.attributes["openinference.span.kind"] for span in (retrieve, write, asked)]  # type: ignore[index]
    assert ["RETRIEVER", "LLM", "CHAIN"] == kinds
    assert retrieve.parent == write.parent == asked.context
    assert asked.attributes is not None
    assert (QUESTION, answer.text) == (asked.attributes["input.value"], asked.attributes["output.value"])
    assert {
        f"retrieval.documents.{place}.document.id": hit.passage.id for place, hit in enumerate(answer.hits)
    }.items() <= dict(retrieve.attributes or {}).items()
    assert answer.usage.prompt_tokens == dict(write.attributes or {})["llm.token_count.prompt"]


def test_a_question_without_an_answer_is_an_error_in_its_spans(
    lexical: Index, kept: InMemorySpanExporter, standin: Callable[..., Any]
) -> None:
    model = ChatModel(base_url=standin(ends=False).url, model="tiny-2026-01-01")

    with pytest.raises(Unanswered):
        Handbook(index=lexical, generator=model).ask(QUESTION)

    retrieve, write, asked = kept.get_finished_spans()
    assert StatusCode.UNSET == retrieve.status.status_code
    assert StatusCode.ERROR == write.status.status_code == asked.status.status_code
    assert "errored" in str(asked.status.description)


def test_a_stream_that_nobody_reads_to_its_end_leaves_no_open_span(lexical: Index, kept: InMemorySpanExporter) -> None:
    events = Handbook(index=lexical, generator=Extractive(index=lexical)).stream(QUESTION)

    next(events)
    events.close()  # type: ignore[attr-defined]

    assert 3 == len(kept.get_finished_spans())
