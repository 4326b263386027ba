"""What a client asked for: the key that tells two calls apart, and the most that an answer can cost."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from harness_models.endpoints import Endpoint

PATHS = ("/chat/completions", "/completions", "/embeddings")
WRITES = PATHS[:2]
LIMITS = ("max_tokens", "max_completion_tokens")
REPEAT = "x-harness-repeat"  # of a call that is meant to be answered anew, though it asks the same


class RefusedCallError(Exception):
    """A call that is not sent: with the status and the type of the error that the client gets."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a call came in: the suite and the step it is for, the endpoint it means, and the path there."""

    suite: str
    step: str
    endpoint: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that may be sent: its body as it goes out, its key, and the most it can cost; None is not known.

    `words` are those of its texts: no endpoint that read them all read fewer tokens.
    """

    place: Place
    endpoint: Endpoint
    model: str
    body: bytes
    key: str
    worst: Decimal | None
    words: int = 0


def find_place(path: str, token: str) -> Place:
    """Return where a path leads: `/TOKEN/SUITE/STEP/ENDPOINT/v1/...`; without the token, nowhere."""
    parts = path.split("/")
    if len(parts) < 7 or parts[1] != token or parts[5] != "v1":
        raise RefusedCallError(404, "not_found", "nothing is here; use the base URL that the run gives to its steps")
    suite, step, endpoint = map(unquote, parts[2:5])
    return Place(suite=suite, step=step, endpoint=endpoint, path="/" + "/".join(parts[6:]))


def read_call(place: Place, endpoint: Endpoint, body: bytes, repeat: str, digest: Any) -> Call:
    """Return the call that a request makes; one that nobody could answer, or price, is refused."""
    if place.path not in PATHS:
        raise RefusedCallError(404, "not_found", f"{place.path} is not offered; there are {', '.join(PATHS)}")
    asked = _read_body(body)
    model = asked.get("model")
    if model not in endpoint.models:
        known = ", ".join(endpoint.models)
        message = f"endpoint {place.endpoint!r} has no model {model!r}; models.yaml lists {known}"
        raise RefusedCallError(404, "model_not_found", message)
    asked = _limited(place, endpoint, asked)
    sent = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Call(
        place=place,
        endpoint=endpoint,
        model=str(model),
        body=sent,
        key=digest([endpoint.url, endpoint.version, place.path, repeat, asked]),
        worst=_worst_cost(place, endpoint, asked, len(sent) + endpoint.hidden_tokens),
        words=_count_words(asked),
    )


def _read_body(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedCallError(400, "invalid_request", f"the request is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise RefusedCallError(400, "invalid_request", "the request is no JSON object")
    return found


def _limited(place: Place, endpoint: Endpoint, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the request with the endpoint's limit of tokens, where it writes and sets none."""
    if place.path not in WRITES or endpoint.max_tokens is None or any(asked.get(name) for name in LIMITS):
        return asked
    return {**asked, "max_tokens": endpoint.max_tokens}


def _worst_cost(place: Place, endpoint: Endpoint, asked: Mapping[str, Any], size: int) -> Decimal | None:
    """Return the most that an answer costs: no text has more tokens than bytes; None where nothing bounds it."""
    price = endpoint.models[asked["model"]]
    if price is None or not _is_text(asked):
        return None
    if place.path not in WRITES:
        return price.of(size, 0)
    limits = [asked[name] for name in LIMITS if asked.get(name) is not None]
    choices = [asked.get(name) or 1 for name in ("n", "best_of")]
    if not limits or not all(type(each) is int and each > 0 for each in (*limits, *choices)):
        return None
    prompts = asked.get("prompt")
    several = len(prompts) if isinstance(prompts, list) and prompts else 1
    return price.of(size * max(choices), max(limits) * max(choices) * several)


def _count_words(asked: Mapping[str, Any]) -> int:
    """Return how many words the texts of a chat hold; other requests are not counted."""
    messages = [each for each in asked.get("messages") or [] if isinstance(each, dict)]
    return sum(len(content.split()) for each in messages if isinstance(content := each.get("content"), str))


def _is_text(asked: Mapping[str, Any]) -> bool:
    """Tell whether all that a request holds is text in it; an image or a file is billed by more than its name."""
    messages = asked.get("messages", [])
    parts = [message.get("content") for message in messages if isinstance(message, dict)]
    listed = [part for content in parts if isinstance(content, list) for part in content]
    plain = all(isinstance(part, dict) and part.get("type") == "text" for part in listed)
    return plain and not any(asked.get(name) for name in ("web_search_options", "audio", "prediction"))
