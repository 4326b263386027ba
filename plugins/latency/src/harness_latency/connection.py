"""One keep-alive connection that carries one request at a time."""

import asyncio
import time
from collections.abc import Callable

import httptools

from harness_latency.plan import CLOSED, GARBLED

# Called with the connection, the number of the request, its HTTP status or why there is none, and when that was.
Ended = Callable[["Connection", int, int, float], None]
NONE = -1


class Connection(asyncio.Protocol):
    """Sends bytes, reads one HTTP answer, and reports its end."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended
        self.shot = NONE
        self.read = 0.0
        self.alive = False
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpResponseParser(self)

    def send(self, shot: int, request: bytes) -> None:
        """Send a request; its end is reported under the number given."""
        assert self.transport is not None
        self.shot = shot
        self.transport.write(request)

    def abort(self) -> None:
        """Drop the connection and whatever it carries, without a report."""
        self.shot, self.alive = NONE, False
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport that asyncio opened."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.alive = transport, True

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP ends the request and the connection."""
        self.read = time.monotonic()  # before the answer is parsed, which is our time and not the service's
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._end(GARBLED, alive=False)

    def on_message_complete(self) -> None:
        """Report the answer; the next one needs a parser of its own."""
        status, alive = self.parser.get_status_code(), self.parser.should_keep_alive()
        if status < 200:  # an interim answer, such as 100 Continue; the real one follows
            return
        self.parser = httptools.HttpResponseParser(self)
        self._end(status, alive=alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report a request that the closed connection leaves unanswered."""
        self.read = time.monotonic()
        self.alive = False
        self._end(CLOSED, alive=False)

    def _end(self, status: int, *, alive: bool) -> None:
        shot, self.shot = self.shot, NONE
        if not alive and self.transport is not None:
            self.alive = False
            self.transport.abort()
        if shot != NONE:
            self.ended(self, shot, status, self.read)
