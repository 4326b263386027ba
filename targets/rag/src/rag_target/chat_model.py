"""Writes answers by a language model behind any OpenAI-compatible URL: vLLM, Ollama, OpenAI, llama.cpp."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from rag_target.generation import Failure, Piece, Unanswered
from rag_target.index import Hit
from rag_target.prompts import chat_messages, describe_canary
from rag_target.usage import Price, Usage

PINNED = re.compile(r"(\d{4}-?\d{2}-?\d{2}|-\d{4}$|\.gguf$|@[0-9a-f]{7,}$|:(?!latest$)[\w.-]+$)", re.IGNORECASE)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{40}")
SHOWN = 200  # characters of what a server answered
DONE = "[DONE]"


class NoRedirect(HTTPRedirectHandler):
    """Follows nobody elsewhere: the key would be sent along."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class ChatModel:
    """A model by its name at a base URL (`http://HOST/v1`), with the parameters that its answers depend on."""

    base_url: str
    model: str
    model_digest: str | None = None
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 300
    timeout: float = 60.0
    price: Price | None = None
    api_key: str | None = field(default=None, repr=False)
    canary: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        refuse_floating(self.model, self.model_digest)
        if not re.match(r"https?://[^/]+", self.base_url):
            raise ValueError(f"a base URL is http://HOST:PORT/v1; found {self.base_url!r}")

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self.model

    def describe(self) -> Mapping[str, str]:
        """Return model and parameters."""
        asked = f"temperature={self.temperature:g} seed={self.seed} max_tokens={self.max_tokens}"
        named = {"generator": self.model, "model_digest": self.model_digest or "in the name", "sampling": asked}
        return {**named, **describe_canary(self.canary)}

    def write(self, question: str, hits: Sequence[Hit]) -> Iterator[Piece]:
        """Yield what the model writes as it comes, and the tokens that its server reports."""
        messages = chat_messages(question, hits, self.canary)
        usage: Usage | None = None
        wrote = False
        for chunk in self._chunks(messages):
            self._refuse_other_model(chunk)
            usage = _read_usage(chunk) or usage
            if text := _read_text(chunk):
                wrote = True
                yield text
        if not wrote:
            raise Unanswered("unparseable", f"{self.base_url} answered without a word")
        yield _checked_usage(usage, messages)

    def _chunks(self, messages: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, Any]]:
        """Yield the objects of the server's event stream, which must end as it should."""
        opener = build_opener(NoRedirect, ProxyHandler({}))
        try:
            with opener.open(self._request(messages), timeout=self.timeout) as reply:
                for line in reply:
                    said = line.decode("utf-8").strip()
                    if said == f"data: {DONE}":
                        return
                    if said.startswith("data:"):
                        yield _parse(said.removeprefix("data:").strip())
        except TimeoutError as error:
            raise Unanswered("timed_out", f"{self.base_url} did not answer within {self.timeout:g} s") from error
        except HTTPError as error:
            said = error.read(SHOWN).decode(errors="replace")
            raise Unanswered("errored", f"{self.base_url} answered with status {error.code}: {said}") from error
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            raise Unanswered(failure_kind(error), f"{self.base_url} does not answer: {error}") from error
        raise Unanswered("errored", f"{self.base_url} ended in the middle of an answer")

    def _request(self, messages: Sequence[Mapping[str, str]]) -> Request:
        asked = {
            "model": self.model,
            "messages": messages,
            "temperature": self.temperature,
            "seed": self.seed,
            "max_tokens": self.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        url = f"{self.base_url.rstrip('/')}/chat/completions"
        return Request(url, data=json.dumps(asked).encode(), headers=headers)

    def _refuse_other_model(self, chunk: Mapping[str, Any]) -> None:
        found = chunk.get("model")
        if found not in (None, "", self.model):
            raise Unanswered("errored", f"{self.base_url} answered by {found!r}, asked was {self.model!r}")


def failure_kind(error: Exception) -> Failure:
    """Return whether a server was late or failed otherwise; of a `URLError` its reason tells."""
    return "timed_out" if isinstance(getattr(error, "reason", error), TimeoutError) else "errored"


def refuse_floating(model: str, digest: str | None) -> None:
    """Refuse a name that may stand for another model tomorrow, unless a digest says which one is meant."""
    if digest is not None and not DIGEST.fullmatch(digest):
        raise ValueError(f"model_digest {digest!r} is no digest; give sha256: and 64 hexadecimal digits, or a commit")
    if digest is None and not PINNED.search(model):
        raise ValueError(
            f"model {model!r} may be another one tomorrow; name a dated version, a tag other than latest or a commit "
            f"(NAME@COMMIT), or give `model_digest`"
        )


def _parse(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unanswered("unparseable", f"a chunk is no JSON: {text[:SHOWN]!r}") from error
    if not isinstance(found, dict) or "error" in found:
        raise Unanswered("errored", f"the server said {text[:SHOWN]!r} in the middle of an answer")
    return found


def _read_text(chunk: Mapping[str, Any]) -> str:
    choices = chunk.get("choices") or [{}]
    return str((choices[0].get("delta") or {}).get("content") or "")


def _read_usage(chunk: Mapping[str, Any]) -> Usage | None:
    found = chunk.get("usage") or {}
    prompt, completion = found.get("prompt_tokens"), found.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt_tokens=prompt, completion_tokens=completion, counted="reported")


def _checked_usage(usage: Usage | None, messages: Sequence[Mapping[str, str]]) -> Usage:
    """Refuse a count of prompt tokens below the number of words: the server cut the prompt and said nothing."""
    words = sum(len(message["content"].split()) for message in messages)
    if usage is None:
        raise Unanswered("errored", "the server reports no usage; serve it with stream_options.include_usage")
    if usage.prompt_tokens < words:
        why = f"the server read {usage.prompt_tokens} tokens of a prompt of {words} words; give it a longer context"
        raise Unanswered("errored", why)
    return usage
