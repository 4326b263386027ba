"""The `http` target: any service by its URL, with a request made from each row of a data file."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

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
    """A service somebody else runs: its URL, who it says it is, and how a row becomes a request."""

    datasets: Datasets
    url: str
    template: Template
    expect: Expect = field(default_factory=Expect)
    revision: str | None = None
    identity_path: str | None = None

    def identity(self) -> Identity:
        """Return who the service says it is, or the revision that the suite declares."""
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
        """Return a dataset as the suite declares it."""
        return pick(self.datasets, name)

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
    template = request or Template(method="GET")
    yield HttpService(
        datasets=datasets,
        url=url.rstrip("/"),
        template=template,
        expect=expect or Expect(),
        revision=model,
        identity_path=identity_path,
    )


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
