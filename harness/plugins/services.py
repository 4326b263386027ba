"""What a service is besides a target: how a row becomes a request, and how one request is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit
from urllib.request import HTTPErrorProcessor, OpenerDirector, ProxyHandler, build_opener
from urllib.request import Request as Sent

from harness.errors import HarnessError
from harness.plugins.targets import Target

SECONDS = 10
OK = 200


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, ready to be sent: its path, with its query, is below the service's URL."""

    method: Literal["GET", "POST", "PUT"] = "POST"
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


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


def send_request(url: str, request: Request) -> Reply:
    """Send one request to a service's URL; loopback is never asked through a proxy."""
    where = url.rstrip("/") + (request.path or "/")
    try:
        sent = Sent(where, data=request.body or None, headers=dict(request.headers), method=request.method)
        with _opener(where).open(sent, timeout=SECONDS) as answer:
            return Reply(url=where, status=answer.status, headers=dict(answer.headers), body=answer.read())
    except (OSError, HTTPException, ValueError) as trouble:
        raise HarnessError(f"{where} does not answer: {trouble}; check that the service runs") from trouble


def _opener(url: str) -> OpenerDirector:
    return build_opener(_AsAnswered, *([ProxyHandler({})] if _is_loopback(urlsplit(url).hostname or "") else []))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
