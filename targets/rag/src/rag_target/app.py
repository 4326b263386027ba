"""The handbook over HTTP: asked in its own words, or as OpenAI's clients ask a model."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp

from rag_target import wire
from rag_target.answers import Answer, Event
from rag_target.door import Door, Limits
from rag_target.generation import Unanswered, Unguarded
from rag_target.handbook import last_answer
from rag_target.meters import Meters
from rag_target.opening import Book

STATUS = {"timed_out": 504, "unparseable": 502, "errored": 502}
ALIAS = "handbook"  # what a client may call the model beside its version
EVENTS = "text/event-stream"


def create_app(book: Book, limits: Limits | None = None) -> ASGIApp:
    """Return the service as an ASGI application."""
    meters = Meters(book)
    app = FastAPI(title="handbook", version="1", docs_url=None, redoc_url=None)
    _add_questions(app, book, meters)
    _add_chat(app, book, meters)
    _add_looks(app, book, meters)
    app.add_exception_handler(RequestValidationError, _not_a_question)
    return Door(app, limits or Limits())


def _add_questions(app: FastAPI, book: Book, meters: Meters) -> None:
    """Add `/v1/ask`."""

    @app.post("/v1/ask", response_model=wire.AnswerBody)
    def ask(asked: wire.Asked) -> Response:
        """Answer a question, with the passages that the answer was written from."""
        try:
            if not asked.stream:
                return JSONResponse(_answer_json(_ask(book, asked.question, meters), book.version))
            events = _begin(book, asked.question, meters)
        except Unanswered as failure:
            return _failed(failure)
        return StreamingResponse(_lines(_event_json(event, book.version) for event in events), media_type=EVENTS)


def _add_chat(app: FastAPI, book: Book, meters: Meters) -> None:
    """Add what OpenAI's clients ask for."""

    @app.post("/v1/chat/completions", response_model=None)
    def chat(chatted: wire.Chatted) -> Response:
        """Answer the last message of the user; rails look at all messages."""
        if chatted.model not in (ALIAS, book.version):
            return _refused(404, f"no model {chatted.model!r} here; ask {ALIAS!r} or {book.version!r}")
        last = max((at for at, m in enumerate(chatted.messages) if m.role == "user"), default=None)
        question = "" if last is None else chatted.messages[last].content.strip()
        turns = [m.content for at, m in enumerate(chatted.messages) if at != last]
        if not 0 < len(question) <= wire.LONGEST:
            return _refused(422, f"the last message of the user has 1 to {wire.LONGEST} characters")
        number, created = f"chatcmpl-{uuid4().hex}", int(time.time())
        try:
            if not chatted.stream:
                found = _ask(book, question, meters, turns)
                return JSONResponse(wire.completion_json(found, book.version, number, created))
            events = _begin(book, question, meters, turns)
        except Unanswered as failure:
            return _failed(failure)
        chunks = (wire.chunk_json(delta, book.version, number, created, **more) for delta, more in _deltas(events))
        return StreamingResponse(_lines(chunks, end="data: [DONE]\n\n"), media_type=EVENTS)

    @app.get("/v1/models")
    def models() -> Mapping[str, object]:
        """List the one model that is served."""
        names = [{"id": name, "object": "model", "created": 0, "owned_by": ALIAS} for name in (ALIAS, book.version)]
        return {"object": "list", "data": names}


def _add_looks(app: FastAPI, book: Book, meters: Meters) -> None:
    """Add what is asked about the service itself."""

    @app.get("/healthz")
    def healthz() -> Mapping[str, str]:
        """Tell that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> Mapping[str, object]:
        """Tell that the index is built: the service listens only then."""
        return {"ready": True, "passages": len(book.index.passages)}

    @app.get("/v1/model")
    def model() -> Mapping[str, object]:
        """Tell which version is served, and what it is made of."""
        return {"version": book.version, "digest": book.digest, "parts": book.parts}

    @app.get("/metrics")
    def metrics() -> Response:
        """Return counters for Prometheus."""
        return Response(meters.text(), media_type="text/plain; version=0.0.4")


def _ask(book: Book, question: str, meters: Meters, turns: Sequence[str] = ()) -> Answer:
    """Return the answer to a question, counted."""
    return last_answer(_count(book.stream(question, turns), meters))


def _begin(book: Book, question: str, meters: Meters, turns: Sequence[str] = ()) -> Iterator[Event]:
    """Return the events of an answer once its first piece is there: until then a failure still has a status."""
    events = _count(book.stream(question, turns), meters)
    return chain([next(events), next(events)], events)


def _count(events: Iterator[Event], meters: Meters) -> Iterator[Event]:
    try:
        for event in events:
            if isinstance(event, Answer):
                meters.count(event)
            yield event
    except Unanswered as failure:
        meters.count_failure(failure.status)
        raise


def _answer_json(answer: Answer, version: str) -> Mapping[str, object]:
    return wire.answer_body(answer, version).model_dump()


def _event_json(event: Event, version: str) -> Mapping[str, object]:
    """Return an event as `/v1/ask` streams it: passages, pieces, and the whole answer last."""
    if isinstance(event, str):
        return {"piece": event}
    return _answer_json(event, version) if isinstance(event, Answer) else {"contexts": wire.context_json(event)}


def _deltas(events: Iterator[Event]) -> Iterator[tuple[Mapping[str, str], Mapping[str, object]]]:
    """Yield what each chunk of a chat adds, and what stands beside it."""
    for event in events:
        if isinstance(event, str):
            yield {"role": "assistant", "content": event}, {}
        if isinstance(event, Answer):
            yield {}, {"usage": wire.usage_json(event), "contexts": wire.context_json(event.hits)}


def _lines(messages: Iterator[Mapping[str, object]], *, end: str = "") -> Iterator[str]:
    """Yield server-sent events, then the end; a failure on the way takes its place, as half an answer is none."""
    try:
        for message in messages:
            yield f"data: {json.dumps(message)}\n\n"
        yield end
    except Unanswered as failure:
        yield f"data: {json.dumps({'error': {'message': str(failure), 'type': failure.status}})}\n\n"


def _failed(failure: Unanswered) -> Response:
    status = 503 if isinstance(failure, Unguarded) else STATUS[failure.status]
    return JSONResponse({"error": str(failure), "status": failure.status}, status_code=status)


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"error": {"message": why, "type": "invalid_request_error"}}, status_code=status)


async def _not_a_question(request: Request, trouble: Exception) -> Response:
    """Say what is wrong with a body, without repeating it."""
    errors = trouble.errors() if isinstance(trouble, RequestValidationError) else []
    told = [f"{'.'.join(map(str, each['loc'][1:])) or 'body'}: {each['msg']}" for each in errors]
    return JSONResponse({"error": "; ".join(told)}, status_code=422)
