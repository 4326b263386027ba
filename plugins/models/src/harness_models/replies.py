"""What an endpoint replied, read as an answer: whole and of the form that was asked for, or no answer at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness_models.calls import Call, RefusedCallError
from harness_models.journal import Answered
from harness_models.sending import OK, Replied

LISTS = {"/chat/completions": "choices", "/completions": "choices", "/embeddings": "data"}


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens that a call read and wrote, as the endpoint reported them."""

    read: int
    written: int


def read_answer(call: Call, replied: Replied, key: str) -> Answered:
    """Return the answer in a reply, without the API key should it be there; what is none is refused, at its cost."""
    body = replied.body.replace(key.encode(), b"***") if key else replied.body
    if replied.status != OK:
        raise RefusedCallError(replied.status, "upstream", _error_text(replied.status, body))
    if replied.kind == "text/event-stream":
        return _answered(call, replied, body, _streamed(body))
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedCallError(502, "unparseable", "the endpoint answered 200 with what is no JSON") from None
    if not isinstance(found, dict) or not found.get(LISTS[call.place.path]):
        message = f"the endpoint answered 200 with no {LISTS[call.place.path]!r}"
        raise RefusedCallError(502, "unparseable", message)
    return _answered(call, replied, body, found)


def cost_of_reply(replied: Replied) -> Decimal:
    """Return what a reply cost that is no answer: nothing where the endpoint says that it failed, else its worst."""
    return replied.sent.worst if replied.status == OK else Decimal(0)


def _answered(call: Call, replied: Replied, body: bytes, found: Mapping[str, Any]) -> Answered:
    usage, price = _usage(found), call.endpoint.models[call.model]
    if usage and usage.read < call.words:
        message = f"the endpoint read {usage.read} tokens of {call.words} words or more, so it cut the request"
        raise RefusedCallError(502, "cut", message)
    cost = price.of(usage.read, usage.written) if usage and price else replied.sent.worst
    return Answered(
        body=body,
        kind=replied.kind,
        read=usage.read if usage else 0,
        written=usage.written if usage else 0,
        cost=cost,
    )


def _usage(found: Mapping[str, Any]) -> Usage | None:
    usage = found.get("usage")
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
    if type(read) is not int or type(written) is not int or read < 0 or written < 0:
        return None
    return Usage(read=read, written=written)


def _streamed(body: bytes) -> Mapping[str, Any]:
    """Return the last event of a stream with usage, or an empty one; a stream without its end is refused."""
    events = [line[5:].strip() for line in body.split(b"\n") if line.startswith(b"data:")]
    if not events or events[-1] != b"[DONE]":
        raise RefusedCallError(502, "unparseable", "the endpoint's stream has no end")
    for event in reversed(events[:-1]):
        try:
            found = json.loads(event)
        except ValueError:
            raise RefusedCallError(502, "unparseable", "the endpoint's stream holds what is no JSON") from None
        if isinstance(found, dict) and found.get("usage"):
            return found
    return {}


def _error_text(status: int, body: bytes) -> str:
    return f"the endpoint answered with status {status}: {body[:500].decode(errors='replace')}"
