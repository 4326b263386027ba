"""Answers what is posted straight from ASGI: routing, request and response objects cost more than a score."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from fraud_target.limits import Refused
from fraud_target.service import Answer, Service
from fraud_target.store import StoreDown

Answering = Callable[[bytes], Awaitable[Answer]]
JSON = (b"content-type", b"application/json")
OPEN = ("/healthz", "/readyz")  # asked by whoever starts and balances services
FAILED = b'{"error": "internal error"}'
SAID = logging.getLogger("fraud_target")
_JSON = json.JSONEncoder(allow_nan=False)


class Posts:
    """The posted paths of a service; an application answers all others."""

    def __init__(self, service: Service, paths: Mapping[str, Answering], others: ASGIApp) -> None:
        self._service, self._paths, self._others = service, paths, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within the limits; whatever is refused is told in one sentence."""
        posted = scope["type"] == "http" and scope["method"] == "POST"
        answering = self._paths.get(scope["path"]) if posted else None
        if answering is None:
            await self._answer_others(scope, receive, send)
            return
        began = time.perf_counter()
        status, body, headers = await self._answer(answering, dict(scope["headers"]), receive)
        self._service.meters.count_answer(scope["path"], status, time.perf_counter() - began)
        await _send_json(send, status, body, headers)

    async def _answer_others(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the application answer; whoever has no key is told only that the service is there and ready."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                self._service.door.check_key(dict(scope["headers"]))
            except Refused as refusal:
                await _send_json(send, refusal.status, encode_json({"error": refusal.why}), [])
                return
        await self._others(scope, receive, send)

    async def _answer(
        self, answering: Answering, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        door = self._service.door
        try:
            with door.admit(headers):
                body = await door.body(headers, receive)
                with door.place():
                    return 200, encode_json(await answering(body)), []
        except Refused as refusal:
            return refusal.status, encode_json({"error": refusal.why}), _headers(refusal)
        except StoreDown as trouble:
            return 503, encode_json({"error": str(trouble)}), _headers(Refused(503, "", retry=True))
        except Exception:  # noqa: BLE001  what we did not think of: told to the operator, not to the caller
            SAID.exception("a request failed")
            return 500, FAILED, []


async def _send_json(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [JSON, length, *headers]})
    await send({"type": "http.response.body", "body": body})


def encode_json(content: object) -> bytes:
    """Return JSON."""
    return _JSON.encode(content).encode()


def _headers(refusal: Refused) -> list[tuple[bytes, bytes]]:
    """Return when to come again, and that a body still on its way will not be read."""
    retry = [(b"retry-after", b"1")] if refusal.retry else []
    return retry + ([(b"connection", b"close")] if refusal.status in (408, 413) else [])
