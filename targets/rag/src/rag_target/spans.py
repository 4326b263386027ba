"""Tells OpenTelemetry of each question, in OpenInference's form; without its SDK nothing is kept or sent.

Questions, passages and answers may hold what nobody else should read, so they are hidden unless they are asked for.
"""

import os
from collections.abc import Iterator, Mapping, Sequence

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode
from opentelemetry.util.types import AttributeValue

from rag_target.answers import Answer, Event
from rag_target.generation import Unanswered
from rag_target.index import Hit

KIND, INPUT, OUTPUT = "openinference.span.kind", "input.value", "output.value"
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"  # OpenTelemetry's own switch; off unless it is true
HIDDEN = "__REDACTED__"  # as OpenInference names what is hidden
Attributes = Mapping[str, AttributeValue]


def trace_events(question: str, model: str, events: Iterator[Event]) -> Iterator[Event]:
    """Yield events as they come, with a span for the question, one for what is found and one for what is written."""
    tracer = trace.get_tracer("handbook")
    asked = tracer.start_span("ask", attributes={KIND: "CHAIN", INPUT: _shown(question)})
    within = trace.set_span_in_context(asked)
    step = tracer.start_span("retrieve", within, attributes={KIND: "RETRIEVER", INPUT: _shown(question)})
    try:
        for event in events:
            if isinstance(event, Answer):
                step.set_attributes(_writing(event))
                asked.set_attributes({OUTPUT: _shown(event.text), "handbook.status": event.status})
            elif not isinstance(event, str):
                step.set_attributes(_documents(event))
                step.end()
                step = tracer.start_span("write", within, attributes={KIND: "LLM", "llm.model_name": model})
            yield event
    except Unanswered as failure:
        for span in (step, asked):
            span.set_status(Status(StatusCode.ERROR, f"{failure.status}: {_shown(str(failure))}"))
        raise
    finally:
        step.end()
        asked.end()


def _shown(text: str) -> str:
    """Return a text if texts are to be told, else that it is hidden."""
    return text if os.environ.get(CAPTURE, "").strip().lower() == "true" else HIDDEN


def _documents(hits: Sequence[Hit]) -> Attributes:
    found: dict[str, AttributeValue] = {}
    for place, hit in enumerate(hits):
        head = f"retrieval.documents.{place}.document"
        found |= {f"{head}.id": hit.passage.id, f"{head}.score": hit.score, f"{head}.content": _shown(hit.passage.text)}
    return found


def _writing(answer: Answer) -> Attributes:
    cost: dict[str, AttributeValue] = {} if answer.cost is None else {"llm.cost.total": answer.cost}
    prompt, completion = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {
        OUTPUT: _shown(answer.text),
        "llm.token_count.prompt": prompt,
        "llm.token_count.completion": completion,
        "llm.token_count.total": prompt + completion,
        **cost,
    }
