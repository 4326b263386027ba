"""The `http` target: any service by its URL, with a request made from each row of a data file."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from harness.builtin.answers import Answers, MadeOf, Places
from harness.data.datasets import Dataset
from harness.errors import HarnessError, UsageError, did_you_mean
from harness.plugins.hooks import hookimpl
from harness.plugins.services import Expect, Reply, Request, send_request
from harness.plugins.targets import Connect, Datasets, pick
from harness.values.identity import Identity

PLACE = re.compile(r"\{(\w+)\}")


class Template(BaseModel):
    """What is sent for a row: `{column}` stands for its value, also within longer texts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    method: Literal["GET", "POST", "PUT"] = "POST"
    path: str = ""
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None

    def columns(self) -> frozenset[str]:
        """Return the columns that the template names."""
        return frozenset(PLACE.findall(self.path)) | frozenset(_column_names(self.body))


@dataclass(frozen=True, kw_only=True)
class HttpService:
    """A service somebody else runs: its URL, who it says it is, how a row becomes a request, what came of it."""

    datasets: Datasets
    url: str
    template: Template
    expect: Expect = field(default_factory=Expect)
    revision: str | None = None
    identity_path: str | None = None
    made_of: MadeOf | None = None
    answers: Answers | None = None

    def identity(self) -> Identity:
        """Return who the service says it is, or the revision that the suite declares."""
        if self.made_of is not None:
            return self.made_of.identity(self.revision or self.url, self.template.model_dump())
        if self.identity_path is None:
            return Identity(revision=self.revision or self.url, parts={"proof": "declared"})
        request = Request(method="GET", path=self.identity_path, headers=self.template.headers)
        message = self.send(request).json_object()
        revision, digest = message.get("version"), message.get("digest")
        if not isinstance(revision, str) or not isinstance(digest, str | None):
            said = ", ".join(f"{key}: {json.dumps(message.get(key))}" for key in ("version", "digest"))
            raise HarnessError(
                f"{self.url}{self.identity_path} says {said}; answer both as text, or no digest: "
                f"{{version: TEXT, digest: sha256:...}}"
            )
        if self.revision not in (None, revision, digest):
            raise HarnessError(f"{self.url} serves {revision}, asked was {self.revision}; deploy that one, or ask this")
        try:
            return Identity(revision=revision, digest=digest, parts={"proof": f"served at {self.identity_path}"})
        except HarnessError as error:
            raise HarnessError(f"{self.url}{self.identity_path}: {error}") from None

    def dataset(self, name: str) -> Dataset:
        """Return a dataset with the answers to its rows, each asked once a run, if it has all that a request names."""
        data, columns = pick(self.datasets, name), self.template.columns()
        if self.answers is None or not columns <= set(data.columns):
            return data
        return self.answers.add_to(data, sorted(columns), self.request)

    def request(self, row: Mapping[str, object]) -> Request:
        """Return the request for one row."""
        missing = sorted((self.template.columns() | frozenset(_column_names(self.expect.json_values))) - set(row))
        if missing:
            raise UsageError(f"the request names a column {missing[0]!r}{did_you_mean(missing[0], row)}")
        body = b"" if self.template.body is None else json.dumps(_fill_places(self.template.body, row)).encode()
        kind = {"Content-Type": "application/json"} if body else {}
        path = PLACE.sub(lambda place: quote(str(row[place[1]]), safe=""), self.template.path)
        headers = {**kind, **self.template.headers}
        expect = self.expect.model_copy(update={"json_values": _fill_places(self.expect.json_values, row)})
        return Request(method=self.template.method, path=path, headers=headers, body=body, expect=expect)

    def send(self, request: Request) -> Reply:
        """Send one request and return the answer."""
        return send_request(self.url, request)


@contextmanager
def http(
    datasets: Datasets,
    *,
    url: str,
    data: str | None = None,
    request: Template | None = None,
    expect: Annotated[Expect | None, Field(description="what an answer must be to count")] = None,
    model: Annotated[str | None, Field(description="what a gate calls the candidate")] = None,
    identity_path: Annotated[str | None, Field(description="where the service tells its version and digest")] = None,
    identity: Annotated[MadeOf | None, Field(description="what it is made of, digested; else it is declared")] = None,
    answer_at: Annotated[str | None, Field(description="where a reply has its answer: keys joined by points")] = None,
    contexts_at: Annotated[str | None, Field(description="where it has passages: `passages.*.text`")] = None,
    ids_at: Annotated[str | None, Field(description="where it has their ids, best first")] = None,
    at_once: Annotated[int, Field(ge=1, le=64, description="rows asked at the same time")] = 4,
    seconds: Annotated[float, Field(gt=0, le=600, description="that an answer may take")] = 60.0,
) -> Iterator[HttpService]:
    """Open a service that runs elsewhere; nothing is started or stopped."""
    if "@" in url:
        raise UsageError(
            "target kind 'http' has a login in its url; send it in `request: {headers: ...}`, as `{env: NAME}`"
        )
    if not re.match(r"https?://[^/]+", url):
        raise UsageError(f"target kind 'http' takes a url as http://HOST:PORT; found {url!r}")
    if data is not None:
        pick(datasets, data)
    if identity is not None and identity_path is not None:
        raise UsageError(
            "target kind 'http': an `identity` is declared, an `identity_path` asked for; give one of them"
        )
    template, places = request or Template(method="GET"), _places(answer_at, contexts_at, ids_at)
    if places is not None and not template.columns():
        raise UsageError("target kind 'http': `answer_at` asks rows, and the request names no column; add `{column}`")
    with TemporaryDirectory(prefix="answers-") as folder:
        send = partial(send_request, url.rstrip("/"), seconds=seconds)
        answers = Answers(send=send, places=places, at_once=at_once, folder=Path(folder)) if places else None
        yield HttpService(
            datasets=datasets,
            url=url.rstrip("/"),
            template=template,
            expect=expect or Expect(),
            revision=model,
            identity_path=identity_path,
            made_of=identity,
            answers=answers,
        )


def _places(answer: str | None, contexts: str | None, ids: str | None) -> Places | None:
    if answer is None and (contexts or ids):
        raise UsageError("target kind 'http': `contexts_at` and `ids_at` need `answer_at`; say where the answer stands")
    return None if answer is None else Places(answer=answer, contexts=contexts, ids=ids)


def _column_names(value: object) -> Iterator[str]:
    """Yield the columns named anywhere in a JSON value."""
    if isinstance(value, str):
        yield from PLACE.findall(value)
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _column_names(part)


def _fill_places(value: object, row: Mapping[str, object]) -> object:
    """Return a JSON value with its places filled; a place that is a whole text keeps its column's type."""
    if isinstance(value, Mapping):
        return {key: _fill_places(part, row) for key, part in value.items()}
    if isinstance(value, list):
        return [_fill_places(part, row) for part in value]
    if not isinstance(value, str):
        return value
    whole = PLACE.fullmatch(value)
    return _plain(row[whole[1]]) if whole else PLACE.sub(lambda place: str(_plain(row[place[1]])), value)


def _plain(value: object) -> object:
    """Return a value as JSON can hold it: times as ISO 8601."""
    return (
        value
        if isinstance(value, str | int | float | bool | None)
        else str(getattr(value, "isoformat", value.__str__)())
    )


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: http}`."""
    return {"http": http}
