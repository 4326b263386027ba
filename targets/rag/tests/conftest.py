"""The indexes that most tests ask, built once as embedding takes seconds, and a stand-in for a model's server."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from rag_target.index import Index, build_index
from rag_target.passages import read_passages


@pytest.fixture(scope="session")
def hybrid() -> Index:
    return build_index(read_passages(), "hybrid")


@pytest.fixture(scope="session")
def lexical() -> Index:
    return build_index(read_passages(), "bm25")


@dataclass
class StandIn:
    """A server that streams as OpenAI-compatible ones do, or fails as they do: what it answers, what it was asked."""

    pieces: tuple[str, ...] = ("The limit is 120 days", " [time-limits/for-the-cardholder].")
    model: str = "tiny-2026-01-01"
    usage: dict[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 5000, "completion_tokens": 9})
    status: int = 200
    raw: bytes | None = None
    ends: bool = True
    delay: float = 0.0
    location: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def lines(self) -> Iterator[bytes]:
        """Yield the events of one answer."""
        if self.raw is not None:
            yield self.raw
            return
        for piece in self.pieces:
            yield self._event({"model": self.model, "choices": [{"index": 0, "delta": {"content": piece}}]})
        if self.usage is not None:
            yield self._event({"model": self.model, "choices": [], "usage": self.usage})
        if self.ends:
            yield b"data: [DONE]\n\n"

    @staticmethod
    def _event(message: dict[str, Any]) -> bytes:
        return f"data: {json.dumps(message)}\n\n".encode()


@contextmanager
def run_standin(answering: StandIn) -> Iterator[None]:
    """Listen on loopback for as long as it is needed."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answering.asked.append(json.loads(body))
            answering.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(answering.delay)
            self.send_response(answering.status)
            if answering.location:
                self.send_header("location", answering.location)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            with suppress(BrokenPipeError):  # who asked has stopped to wait
                for line in answering.lines():
                    self.wfile.write(line)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    answering.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def standin() -> Iterator[Callable[..., StandIn]]:
    """Return what starts a stand-in; it ends with the test."""
    with ExitStack() as stack:

        def start(**given: Any) -> StandIn:
            answering = StandIn(**given)
            stack.enter_context(run_standin(answering))
            return answering

        yield start
