"""Asks a chat model at an OpenAI-compatible base URL: what it said, or what became of the call instead."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from harness_rag.rows import Fate

PATIENCE = 310.0  # seconds: longer than a door's deadline
TIMED_OUT = (408, 504)
REPEAT = "x-harness-repeat"
PROVIDER = "x-harness-provider"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a model said, or why it said nothing; `by` is who answered: the provider, the model and its fingerprint."""

    text: str = ""
    fate: Fate = "scored"
    why: str = ""
    by: tuple[str, str, str] | None = None


def ask_model(url: str, body: Mapping[str, Any], time: int = 1) -> Said:
    """Return what a model says to a chat request, the first `time` or a further one; trouble is said, not raised."""
    headers = {"Content-Type": "application/json"} | ({REPEAT: str(time)} if time > 1 else {})
    sent = Request(f"{url}/chat/completions", data=json.dumps(body).encode(), headers=headers)
    try:
        with build_opener(ProxyHandler({})).open(sent, timeout=PATIENCE) as reply:
            return _read_answer(json.loads(reply.read()), reply.headers.get(PROVIDER) or url)
    except HTTPError as error:
        return _read_error(error)
    except TimeoutError:
        return Said(fate="timed_out", why="no answer in time")
    except (OSError, HTTPException) as error:
        fate: Fate = "timed_out" if isinstance(getattr(error, "reason", None), TimeoutError) else "errored"
        return Said(fate=fate, why=f"no answer: {error}")
    except (ValueError, RecursionError):
        return Said(fate="unparseable", why="the answer is no JSON")


def _read_answer(found: Any, provider: str) -> Said:
    try:
        choice = found["choices"][0]
        message, why = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return Said(fate="unparseable", why="the answer has no message")
    by = (provider, str(found.get("model") or ""), str(found.get("system_fingerprint") or ""))
    if refusal or why == "content_filter":
        return Said(fate="refused", why=str(refusal or why), by=by)
    if why == "length":
        return Said(fate="unparseable", why="the answer was cut at max_tokens", by=by)
    if not isinstance(text, str):
        return Said(fate="unparseable", why="the answer has no text", by=by)
    return Said(text=text, by=by)


def _read_error(error: HTTPError) -> Said:
    """Return what an error's status and body say; a door says which of the errors it was."""
    try:
        said = json.loads(error.read())["error"]
        kind, message = str(said.get("type")), str(said.get("message"))
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        kind, message = "", ""
    if error.code in TIMED_OUT or kind == "timed_out":
        return Said(fate="timed_out", why=message or f"status {error.code}")
    fate: Fate = "unparseable" if kind == "unparseable" else "errored"
    return Said(fate=fate, why=message or f"status {error.code}")
