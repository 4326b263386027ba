"""A small HTTP service on loopback that misbehaves when its path says so."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
import yaml

import harness
from harness import Run

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _json(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


CLOSES = ("/closes", "/once", "/garbage", "/until-closed", "/short", "/short-chunk")
ANSWERS = {
    "/": GOOD,
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "/interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" + GOOD,
    "/once": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "/broken": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "/garbage": b"\x00\x01 what is HTTP\r\n\r\n",
    "/closes": b"",
    "/slow": GOOD,
    "/until-closed": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nok",
    "/twice": GOOD + GOOD,
    "/moved": b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
    "/short-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "/json": _json(b'{"error": null, "ok": true, "model": {"version": 3, "name": "fraud"}, "score": 0.25}'),
    "/error": _json(b'{"error": "model not loaded"}'),
}
STREAMS = {  # what a stream's third event is
    "/stream": b'data: {"answer": "a b"}\n\n',
    "/half": b'data: {"error": "the \\"answer\\" broke off"}\n\n',
    "/mute": b"",
}


def _chunk(event: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(event), event) if event else b""


async def _stream(writer: asyncio.StreamWriter, last: bytes) -> None:
    """Write an event at once, its first token 30 ms later in two parts, and the last event after 400 ms more."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head + _chunk(b'data: {"contexts": []}\n\ndata: {"pie'))
    await asyncio.sleep(0.03)
    writer.write(_chunk(b'ce": "a"}\n\n'))
    await asyncio.sleep(0.4)
    writer.write(_chunk(last) + b"0\r\n\r\n")


class Service:
    """Answers by path; counts requests and connections, and can stall once, in the middle of everything."""

    def __init__(self) -> None:
        self.requests = self.connections = 0
        self.stalls: set[int] = set()  # the numbers of the requests that everybody waits for
        self.stall_seconds = 0.0
        self.breaks_after = 10**9  # requests that are answered well; the others as this path is
        self.breaks_to = "/broken"
        self.bodies: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        while head := await self._head(reader):
            path = head.split()[1].decode().partition("?")[0]
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.bodies.append(await reader.readexactly(int(length or 0)))
            self.requests += 1
            if self.requests in self.stalls:
                time.sleep(self.stall_seconds)
            path = path if self.requests <= self.breaks_after else self.breaks_to
            if path == "/hangs":
                await asyncio.sleep(3600)
            if path in STREAMS:
                await _stream(writer, STREAMS[path])
                continue
            await asyncio.sleep(0.05 if path == "/slow" else 0)
            writer.write(ANSWERS[path])
            if path in CLOSES:
                writer.close()
                return

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


@pytest.fixture
def service() -> Iterator[tuple[Service, str]]:
    """Give a service that runs in a thread, and its URL."""
    found, loop = Service(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(found.serve, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield found, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    asyncio.run_coroutine_threadsafe(_stop(server), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)


async def _stop(server: asyncio.Server) -> None:
    """Close the service and whatever it still carries."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def run(suite: Callable[..., Path]) -> Callable[..., Run]:
    """Give a function that runs one latency check against a path of the service, by way of a suite."""

    def measured(path: str = "/", check: str = "latency.open_loop", **params: object) -> Run:
        return harness.run(suite(path, check, **params)).record

    return measured


@pytest.fixture
def suite(tmp_path: Path, service: tuple[Service, str]) -> Callable[..., Path]:
    """Give a function that writes a suite of one latency check against a path of the service.

    The load may be late by as much as it likes: what these tests say does not depend on a machine with time to spare.
    """

    def suite(path: str, check: str, **params: object) -> Path:
        metrics = params.pop("metrics", ["over_limit", "error_rate"])
        target = {"url": params.pop("url", service[1])}
        target |= {"expect": params.pop("expect")} if "expect" in params else {}
        asked = {"at_most": params.pop("at_most", 0.5), "severity": params.pop("severity", "info")}
        assert isinstance(metrics, list)
        paced = {
            "rate": 400,
            "duration": 1.25,
            "limit_ms": 50_000,
            "warmup": 0.2,
            "late_ms": 60_000,
            "timeout": 60,
            **params,
        }
        given = {name: value for name, value in paced.items() if value is not None}
        written = {
            "name": "s",
            "target": {"kind": "http", "config": {**target, "request": {"method": "GET", "path": path}}},
            "steps": [{"check": check, "with": given, "require": dict.fromkeys(metrics, asked)}],
        }
        file = tmp_path / "s.suite.yaml"
        file.write_text(yaml.safe_dump(written))
        return file

    return suite
