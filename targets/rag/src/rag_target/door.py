"""Lets requests in: with the key, not too large, not too slow, and not too many at once."""

import asyncio
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one service."""

    body_bytes: int = 64 * 1024
    body_seconds: float = 5.0
    in_flight: int = 32
    api_key: str | None = field(default=None, repr=False)


class _Refused(Exception):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Door:
    """Stands before an application; `/healthz`, `/readyz` and `/metrics` are open to all."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits, self._inside = app, limits, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._admit(scope, receive)
        except _Refused as refusal:
            await _refuse(refusal, send)
            return
        self._inside += 1
        try:
            await self._app(scope, _replay(body, receive), send)
        finally:
            self._inside -= 1

    async def _admit(self, scope: Scope, receive: Receive) -> bytes:
        self._check_key(dict(scope["headers"]))
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                body = await self._read(receive)
        except TimeoutError:
            raise _Refused(408, f"the body did not arrive within {self._limits.body_seconds:g} s") from None
        if self._inside >= self._limits.in_flight:
            raise _Refused(503, f"{self._limits.in_flight} requests are in flight already")
        return body

    def _check_key(self, headers: Mapping[bytes, bytes]) -> None:
        """Compare the key in a time that tells nothing about it."""
        if self._limits.api_key is None:
            return
        given = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if not hmac.compare_digest(given, self._limits.api_key.encode()):
            raise _Refused(401, "send the API key in the header X-API-Key, or as a bearer token")

    async def _read(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refused(400, "the caller left")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limits.body_bytes:
                raise _Refused(413, f"a body has at most {self._limits.body_bytes} bytes")
        return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(refusal: _Refused, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    headers += [(b"retry-after", b"1")] if refusal.status == 503 else []
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": str(refusal)}).encode()})
