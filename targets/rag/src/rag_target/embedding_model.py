"""Turns texts into vectors by a model behind any OpenAI-compatible URL."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import numpy as np

from rag_target.chat_model import SHOWN, NoRedirect, failure_kind, refuse_floating
from rag_target.embedding import Vector
from rag_target.generation import Unanswered

AT_ONCE = 32  # texts of one request


@dataclass(frozen=True, kw_only=True)
class RemoteEmbedder:
    """A model by its name at a base URL (`http://HOST/v1`); each text is asked for once."""

    base_url: str
    model: str
    model_digest: str | None = None
    timeout: float = 60.0
    api_key: str | None = field(default=None, repr=False)
    _known: dict[str, Vector] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        refuse_floating(self.model, self.model_digest)

    @property
    def digest(self) -> str:
        """Return `sha256:` over the model's name and digest: what it is said to be, wherever it answers."""
        named = json.dumps([self.model, self.model_digest])
        return f"sha256:{hashlib.sha256(named.encode()).hexdigest()}"

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector of length 1 for each text; `Unanswered` if the server gives none."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for at in range(0, len(new), AT_ONCE):
            some = new[at : at + AT_ONCE]
            self._known.update(zip(some, self._ask(some), strict=True))
        return [self._known[text] for text in texts]

    def _ask(self, texts: Sequence[str]) -> Sequence[Vector]:
        opener = build_opener(NoRedirect, ProxyHandler({}))
        try:
            with opener.open(self._request(texts), timeout=self.timeout) as reply:
                found = _read_vectors(json.loads(reply.read()), self.model, len(texts))
        except TimeoutError as error:
            raise Unanswered("timed_out", f"{self.base_url} did not answer within {self.timeout:g} s") from error
        except HTTPError as error:
            said = error.read(SHOWN).decode(errors="replace")
            raise Unanswered("errored", f"{self.base_url} answered with status {error.code}: {said}") from error
        except (OSError, HTTPException) as error:
            raise Unanswered(failure_kind(error), f"{self.base_url} does not answer: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Unanswered("unparseable", f"{self.base_url} answered with what are no vectors: {error}") from error
        self._refuse_other_width(found)
        return found

    def _refuse_other_width(self, found: Sequence[Vector]) -> None:
        widths = {vector.size for vector in (*found, *list(self._known.values())[:1])}
        if len(widths) > 1:
            raise Unanswered("errored", f"{self.base_url} gave vectors of {sorted(widths)} numbers; they differ")

    def _request(self, texts: Sequence[str]) -> Request:
        body = json.dumps({"model": self.model, "input": list(texts), "encoding_format": "float"}).encode()
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return Request(f"{self.base_url.rstrip('/')}/embeddings", data=body, headers=headers)


def _read_vectors(found: Mapping[str, Any], model: str, count: int) -> Sequence[Vector]:
    """Return the vectors in the order of what was asked; ValueError if one is missing, or another model answered."""
    if found.get("model") not in (None, "", model):
        raise ValueError(f"by {found['model']!r}, asked was {model!r}")
    by_place = {each["index"]: each["embedding"] for each in found["data"]}
    if sorted(by_place) != list(range(count)) or len(found["data"]) != count:
        raise ValueError(f"{len(found['data'])} for {count} texts")
    return [_unit(by_place[place]) for place in range(count)]


def _unit(numbers: Sequence[float]) -> Vector:
    length = math.sqrt(math.fsum(number * number for number in numbers))
    if not (math.isfinite(length) and length > 0):
        raise ValueError("one has no direction")
    return np.array(numbers, np.float32) / np.float32(length)
