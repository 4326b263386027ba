"""What is tested with: a model's server on loopback that behaves as it is told, and clients that all call at once."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from harness_models.door import OpenDoor

MODEL = "judge-2026-01"
Said = tuple[int, str] | None
Script = Callable[["StandIn", dict[str, Any]], Said]


def completion(text: str = "yes", *, read: int = 10, written: int = 5) -> str:
    """Return a chat completion as OpenAI's API has it."""
    return json.dumps(
        {
            "id": "c1",
            "model": MODEL,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": read, "completion_tokens": written},
        }
    )


@dataclass
class StandIn:
    """Answers what its script says, after its delay; counts the requests, and how many were there at once."""

    script: Script = lambda server, asked: (200, completion())
    delay: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.seen.append(asked)
        self.keys.append(request.headers.get("Authorization", ""))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(self.delay)
            said = self.script(self, asked)
        finally:
            self.at_once -= 1
        if said is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        status, text = said
        kind = "text/event-stream" if text.startswith("data:") else "application/json"
        headers = {"Content-Type": kind} | ({"Retry-After": "0.05"} if status == 429 else {})
        if status == 206:  # a body shorter than it says
            cut = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text) * 2)})
            await cut.prepare(request)
            await cut.write(text.encode())
            assert request.transport is not None
            request.transport.close()
            return cut
        return web.Response(status=status, body=text.encode(), headers=headers)


@contextmanager
def serve(server: StandIn) -> Iterator[StandIn]:
    """Serve a stand-in on loopback, in a thread."""
    loop, is_up, end = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/{tail:.*}", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        is_up.set()
        await end.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    is_up.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()


def declare(folder: Path, url: str, price: str, more: str = "") -> None:
    """Write a project's models.yaml."""
    text = f"endpoints:\n  judge:\n    url: {url}\n    models: {{{MODEL}: {price}}}\n{more}"
    (folder / "models.yaml").write_text(text)


@dataclass(frozen=True, kw_only=True)
class Got:
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.body["error"]["type"])


def ask(door: OpenDoor, *prompts: str, step: str = "step", **body: Any) -> list[Got]:
    """Return what came of calls that are all on their way at once, in their order."""
    return asyncio.run(_ask_all(judge_url(door, step), prompts, body))


def judge_url(door: OpenDoor, step: str = "step") -> str:
    """Return the base URL at which a step calls the endpoint `judge`."""
    return door.urls("suite", step, {"judge": door.declared["judge"]})["judge"]


async def _ask_all(url: str, prompts: tuple[str, ...], body: dict[str, Any]) -> list[Got]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return await asyncio.gather(*(_ask(session, url, prompt, body) for prompt in prompts))


async def _ask(session: aiohttp.ClientSession, url: str, prompt: str, body: dict[str, Any]) -> Got:
    path = body.pop("path", "/chat/completions") if "path" in body else "/chat/completions"
    asked = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "max_tokens": 10, **body}
    async with session.post(url + path, json=asked) as reply:
        return Got(status=reply.status, headers=dict(reply.headers), body=_body(await reply.read()))


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.01)


def _body(given: bytes) -> dict[str, Any]:
    return {} if given.startswith(b"data:") else dict(json.loads(given))
