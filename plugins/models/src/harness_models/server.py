"""The door on loopback: an OpenAI-compatible server in a thread of the run, behind a path that nobody can guess."""

import asyncio
import contextlib
import json
import secrets
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web

from harness_models.calls import REPEAT, RefusedCallError, find_place, read_call
from harness_models.desk import Desk
from harness_models.digests import digest_of
from harness_models.journal import Answered

HOST = "127.0.0.1"
MOST_BYTES = 64 * 1024 * 1024  # of a request


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
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, trust_env=False) as session:
            handle = partial(self._handle, session=session)
            runner = web.ServerRunner(web.Server(handle, request_factory=_request), shutdown_timeout=0)
            await runner.setup()
            site = web.TCPSite(runner, HOST, 0, backlog=1024)
            await site.start()
            self._port = runner.addresses[0][1]
            self._is_up.set()
            await self._end.wait()
            await runner.cleanup()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
                with contextlib.suppress(BaseException):
                    await task

    async def _handle(self, request: web.BaseRequest, session: aiohttp.ClientSession) -> web.Response:
        try:
            place = find_place(request.rel_url.raw_path, self._token)
            endpoint = self.desk.models.endpoints.get(place.endpoint)
            if endpoint is None:
                raise RefusedCallError(404, "not_found", f"models.yaml declares no endpoint {place.endpoint!r}")
            if place.path == "/models":
                return web.json_response({"object": "list", "data": [{"id": name} for name in endpoint.models]})
            body = await request.read()
            call = read_call(place, endpoint, body, request.headers.get(REPEAT, ""), digest_of)
            return _reply(await self.desk.answer(call, session), endpoint.url)
        except RefusedCallError as error:
            return _refuse(error)


def _reply(found: Answered, provider: str) -> web.Response:
    headers = {"Content-Type": found.kind, "x-harness-origin": found.origin, "x-harness-provider": provider}
    return web.Response(body=found.body, headers=headers)


def _refuse(error: RefusedCallError) -> web.Response:
    """Return what a client gets: it is not to try again, as the door has done what can be done."""
    said = {"error": {"message": str(error), "type": error.kind, "code": error.kind}}
    return web.Response(status=error.status, body=json.dumps(said).encode(), headers=NO_RETRY)


NO_RETRY: Mapping[str, str] = {"Content-Type": "application/json", "x-should-retry": "false"}


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MOST_BYTES)


def _new_loop() -> asyncio.AbstractEventLoop:
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not on every system

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()
