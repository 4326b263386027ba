"""What a caller may ask of the service: how large, how many at once, how long, and with which key."""

import asyncio
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import Receive

Headers = Mapping[bytes, bytes]
JSON = b"application/json"


class Refused(Exception):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, why: str, *, retry: bool = False) -> None:
        super().__init__(why)
        self.status, self.why, self.retry = status, why, retry


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one service, and the score it gives while its store is down (none: it answers 503)."""

    body_bytes: int = 64 * 1024
    body_seconds: float = 5.0
    in_flight: int = 128
    api_key: str | None = None
    fallback_score: float | None = None


class Door:
    """Lets requests in that carry the key, and to work while there is a place; `inside` counts all that are let in."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.inside, self._working = limits, 0, 0

    @contextmanager
    def admit(self, headers: Headers) -> Iterator[None]:
        """Count a request while it is inside."""
        self.check_key(headers)
        _is_json(headers)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; a request takes one once its body is read, as slow bodies would take all of them."""
        if self._working >= self.limits.in_flight:
            raise Refused(503, f"{self.limits.in_flight} requests are in flight already", retry=True)
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    async def body(self, headers: Headers, receive: Receive) -> bytes:
        """Return the body, if it is short and arrives in time."""
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced[:20]) > self.limits.body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                return await self._read(receive)
        except TimeoutError:
            raise Refused(408, f"the body did not arrive within {self.limits.body_seconds:g} s") from None

    async def _read(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "the caller left")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.limits.body_bytes:
                raise self._too_large()
        return body

    def _too_large(self) -> Refused:
        return Refused(413, f"a body has at most {self.limits.body_bytes} bytes")

    def check_key(self, headers: Headers) -> None:
        """Compare the key in a time that tells nothing about it."""
        if self.limits.api_key is None:
            return
        given = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if not hmac.compare_digest(given, self.limits.api_key.encode()):
            raise Refused(401, "send the API key in the header X-API-Key, or as a bearer token")


def _is_json(headers: Headers) -> None:
    """Refuse a body that says it is something else; one that says nothing is read as JSON."""
    kind = headers.get(b"content-type", JSON)
    if kind != JSON and kind.partition(b";")[0].strip().lower() != JSON:
        raise Refused(415, "send the body as application/json")
