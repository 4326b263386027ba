"""What a caller may ask of the service: how large, how many at once, how long, and with which key."""

import asyncio
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect


class Refused(Exception):
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, why: str, *, retry: bool = False) -> None:
        super().__init__(why)
        self.status, self.why, self.retry = status, why, retry


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one service."""

    body_bytes: int = 64 * 1024
    body_seconds: float = 5.0
    in_flight: int = 128
    api_key: str | None = None


class Door:
    """Lets requests in while there is room and they carry the key."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.inside = limits, 0

    @contextmanager
    def entered(self, request: Request) -> Iterator[None]:
        """Count a request while it is inside."""
        self._has_key(request)
        if self.inside >= self.limits.in_flight:
            raise Refused(503, f"{self.limits.in_flight} requests are in flight already", retry=True)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    async def body(self, request: Request) -> bytes:
        """Return the body, if it is short and arrives in time."""
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.limits.body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                return await self._read(request)
        except ClientDisconnect:
            raise Refused(400, "the caller left") from None
        except TimeoutError:
            raise Refused(408, f"the body did not arrive within {self.limits.body_seconds:g} s") from None

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.limits.body_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(413, f"a body has at most {self.limits.body_bytes} bytes")

    def _has_key(self, request: Request) -> None:
        """Compare the key in a time that tells nothing about it."""
        if self.limits.api_key is None:
            return
        found = request.headers.get("x-api-key", "")
        if not hmac.compare_digest(found.encode(), self.limits.api_key.encode()):
            raise Refused(401, "send the API key in the header X-API-Key")
