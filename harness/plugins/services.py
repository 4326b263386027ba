"""What a service is besides a target: how a row becomes a request, and how one request is sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import BadStatusLine, HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from typing import Annotated, Any, Literal, Protocol, runtime_checkable
from urllib.request import HTTPErrorProcessor, ProxyHandler, build_opener
from urllib.request import Request as Sent

from pydantic import BaseModel, ConfigDict, Field

from harness.errors import HarnessError
from harness.plugins.targets import Target

SECONDS = 10
OK = 200
SUCCESS = range(200, 300)
Status = Annotated[int, Field(ge=200, le=599)]


class Expect(BaseModel):
    """Which replies are the answer asked for: a status listed (else any 2xx), and JSON that holds these values.

    `json` names keys with the values they must have, also inside others; `keys` must be there with any value. Whatever
    else the object holds does not matter. Without both, the body is not looked at.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    status: Sequence[Status] = ()
    json_values: Mapping[str, Any] | None = Field(default=None, alias="json")
    keys: Sequence[str] = ()

    @property
    def reads_body(self) -> bool:
        """Tell whether the status alone does not decide."""
        return self.json_values is not None or bool(self.keys)

    def is_status(self, status: int) -> bool:
        """Tell whether a status is one of an answer."""
        return status in (self.status or SUCCESS)

    def is_body(self, body: bytes) -> bool:
        """Tell whether a body holds the JSON that an answer has."""
        if not self.reads_body:
            return True
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return False
        return _holds(found, {**dict.fromkeys(self.keys, ANY), **(self.json_values or {})})


ANY = object()  # any value at all


def _holds(found: object, asked: object) -> bool:
    """Tell whether a JSON value holds what is asked of it: true is no 1, and a list is compared whole."""
    if asked is ANY:
        return True
    if isinstance(asked, Mapping):
        return isinstance(found, dict) and all(key in found and _holds(found[key], asked[key]) for key in asked)
    if isinstance(asked, list):
        return isinstance(found, list) and len(found) == len(asked) and all(map(_holds, found, asked))
    return isinstance(found, bool) == isinstance(asked, bool) and found == asked


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, ready to be sent: its path, with its query, is below the service's URL.

    `expect` says which reply counts as its answer where many are sent, as under load.
    """

    method: Literal["GET", "POST", "PUT"] = "POST"
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    expect: Expect = field(default_factory=Expect)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a URL answered, whatever its HTTP status."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json_object(self) -> Mapping[str, object]:
        """Return the JSON object of an answer with status 200; anything else is a HarnessError."""
        if self.status != OK:
            raise HarnessError(f"{self.url} answered with status {self.status}, not {OK}; look at the service's log")
        try:
            message = json.loads(self.body)
        except ValueError as trouble:
            raise HarnessError(f"{self.url} answered no JSON: {trouble}; name a path that answers an object") from None
        if not isinstance(message, dict):
            raise HarnessError(
                f"{self.url} answered {type(message).__name__}, not an object; name a path that answers one"
            )
        return message


@runtime_checkable
class Service(Target, Protocol):
    """A target that answers requests: load is made of `request`, one answer is asked for by `send`."""

    def request(self, row: Mapping[str, object]) -> Request:
        """Return the request for one row; a row without a column that it needs is a UsageError."""

    def send(self, request: Request) -> Reply:
        """Send one request and return the answer, of any status; none at all is a HarnessError."""


class _AsAnswered(HTTPErrorProcessor):
    """Gives every answer as it came: no status is an error, and no redirect is followed, as under load."""

    def http_response(self, request: Sent, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response = http_response


class TimedOut(HarnessError):
    """A service did not answer in time."""


def send_request(url: str, request: Request, seconds: float = SECONDS) -> Reply:
    """Send one request to a service's URL, straight and through no proxy: as load is, whatever the environment says.

    Raises TimedOut where no answer comes in `seconds`, HarnessError where none comes at all.
    """
    where = url.rstrip("/") + (request.path or "/")
    try:
        sent = Sent(where, data=request.body or None, headers=dict(request.headers), method=request.method)
        with build_opener(_AsAnswered, ProxyHandler({})).open(sent, timeout=seconds) as answer:
            return Reply(url=where, status=answer.status, headers=dict(answer.headers), body=answer.read())
    except (OSError, HTTPException, ValueError) as trouble:
        is_late = isinstance(getattr(trouble, "reason", trouble), TimeoutError)
        raise (TimedOut if is_late else HarnessError)(
            f"{where} {_trouble_text(trouble)}; check that the service runs and is reached without a proxy"
        ) from trouble


def _trouble_text(trouble: Exception) -> str:
    """Return what became of an answer: none, one that is cut short, or one in another protocol."""
    if isinstance(trouble, IncompleteRead):
        return f"cuts its answer short, after {len(trouble.partial)} bytes"
    if isinstance(trouble, BadStatusLine) and not isinstance(trouble, RemoteDisconnected):
        return f"answers what is not HTTP: {str(trouble).strip()!r}"
    return f"does not answer: {trouble}"
