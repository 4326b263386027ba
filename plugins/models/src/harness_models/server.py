"""The door on loopback: an OpenAI-compatible server in a thread of the run, behind a path that nobody can guess."""

import asyncio
import contextlib
import json
import secrets
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from harness import HarnessError
from harness_models.calls import REPEAT, RefusedCallError, find_place, read_call
from harness_models.desk import Desk
from harness_models.digests import digest_of
from harness_models.front import Front, Request, Response
from harness_models.journal import Answered

HOST = "127.0.0.1"
NO_HEADERS: Mapping[str, str] = {}


class Server:
    """Serves a desk until it is closed; `url` is its base."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._token = secrets.token_urlsafe(24)
        self._port = 0
        self._is_up = threading.Event()
        self._loop = _new_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()
        self._is_up.wait()

    def url(self, suite: str, step: str, endpoint: str) -> str:
        """Return the base URL at which a step of a suite calls an endpoint."""
        path = "/".join(quote(part, safe="") for part in (self._token, suite, step, endpoint))
        return f"http://{HOST}:{self._port}/{path}/v1"

    def close(self) -> None:
        """Stop serving; calls on their way are given up."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._is_up.set()
            self._loop.close()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[Any]] = set()
        server = await loop.create_server(lambda: Front(self._handle, tasks), HOST, 0, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        self._is_up.set()
        await self._end.wait()
        server.close()
        for task in [*tasks]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.desk.close()
        await asyncio.sleep(0)  # in which the connections end

    async def _handle(self, request: Request) -> Response:
        try:
            place = find_place(request.path.partition("?")[0], self._token)
            endpoint = self.desk.models.endpoints.get(place.endpoint)
            if endpoint is None:
                raise RefusedCallError(404, "not_found", f"models.yaml declares no endpoint {place.endpoint!r}")
            if place.path == "/models":
                return _respond({"object": "list", "data": [{"id": name} for name in endpoint.models]})
            call = read_call(place, endpoint, request.body, request.headers.get(REPEAT, ""), digest_of)
            return _reply(await self.desk.answer(call), endpoint.url)
        except RefusedCallError as error:
            return _refuse(error)
        except HarnessError as error:  # the journal cannot be written
            return _refuse(RefusedCallError(500, "errored", str(error)))


def _reply(found: Answered, provider: str) -> Response:
    headers = {"x-harness-origin": found.origin, "x-harness-provider": provider}
    return Response(kind=found.kind, headers=headers, body=found.body)


def _refuse(error: RefusedCallError) -> Response:
    """Return what a client gets: it is not to try again, as the door has done what can be done."""
    said = {"error": {"message": str(error), "type": error.kind, "code": error.kind}}
    return _respond(said, error.status, {"x-should-retry": "false"})


def _respond(said: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    return Response(status=status, headers=headers, body=json.dumps(said).encode())


def _new_loop() -> asyncio.AbstractEventLoop:
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not on every system

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()
