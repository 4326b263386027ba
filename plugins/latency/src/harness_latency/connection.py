"""One keep-alive connection that carries one request at a time."""

import asyncio
import time
from collections.abc import Callable

import httptools

from harness import Expect
from harness_latency.plan import ANY_SUCCESS, BROKEN, CLOSED, GARBLED, OTHER_JSON, Marks

# Called with the connection, the number of the request, its HTTP status or why there is none, whether that is the
# answer expected, and when it was there.
Ended = Callable[["Connection", int, int, bool, float], None]
NONE = -1
NO_STATUS = 0
FINAL = 200  # the least status that is no interim answer


class Connection(asyncio.Protocol):
    """Sends bytes, reads one HTTP answer to its end, and reports it; `first` is when a stream's first token came."""

    def __init__(self, ended: Ended, marks: Marks | None = None) -> None:
        self.ended, self.marks = ended, marks
        self.first, self.stream = 0.0, bytearray()
        self.shot = NONE
        self.expect = ANY_SUCCESS
        self.read = 0.0
        self.alive = False
        self.transport: asyncio.Transport | None = None
        self.status, self.body = NO_STATUS, list[bytes]()
        self.is_framed = self.is_complete = self.keeps_alive = False
        self.parser = httptools.HttpResponseParser(self)

    def send(self, shot: int, request: bytes, expect: Expect = ANY_SUCCESS) -> None:
        """Send a request; its end is reported under the number given."""
        assert self.transport is not None
        self.shot, self.expect = shot, expect
        self.first, self.stream = 0.0, bytearray()
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
        """Read on; what is no HTTP, or no answer to anything asked, ends the connection."""
        self.read = time.monotonic()  # before the answer is parsed, which is our time and not the service's
        if self.shot == NONE and data.strip(b"\r\n"):
            self.abort()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._end(GARBLED, alive=False)
            return
        if self.is_complete:
            self._end(self.status, alive=self.keeps_alive)

    def on_message_begin(self) -> None:
        """Keep no connection that answers more than was asked: what comes next would be taken for another answer."""
        self.keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the body says itself where it ends, and not the connection."""
        chunked = name.lower() == b"transfer-encoding" and b"chunked" in value.lower()
        self.is_framed = self.is_framed or chunked or name.lower() == b"content-length"

    def on_headers_complete(self) -> None:
        """Note the status."""
        if not self.is_complete:
            self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Keep what is read of the body if it is asked about; note when the first token is there."""
        if self.marks and not self.is_complete:
            self.stream += body
            if not self.first and self.stream.find(self.marks.first, -len(body) - len(self.marks.first)) >= 0:
                self.first = self.read
        if self.expect.reads_body and not self.is_complete:
            self.body.append(body)

    def on_message_complete(self) -> None:
        """Note that the answer is there; of an interim one, such as 100 Continue, that the real one follows."""
        if self.status < FINAL:
            self.status, self.is_framed = NO_STATUS, False
        elif not self.is_complete:
            self.is_complete, self.keeps_alive = True, self.parser.should_keep_alive()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report a request that is left unanswered, or whose answer ends with the connection (RFC 9112 6.3)."""
        self.read = time.monotonic()
        ends_here = exc is None and self.status >= FINAL and not self.is_framed
        self._end(self.status if ends_here else CLOSED, alive=False)

    def _end(self, status: int, *, alive: bool) -> None:
        shot, self.shot = self.shot, NONE
        expected = self.expect.is_status(status)
        if expected and not self.expect.is_body(b"".join(self.body)):
            status, expected = OTHER_JSON, False
        if (
            expected
            and self.marks
            and not (self.first and self.marks.last in self.stream.rstrip().rpartition(b"\n")[2])
        ):
            status, expected = BROKEN, False
        self._expect_head()
        if not alive and self.transport is not None:
            self.alive = False
            self.transport.abort()
        if shot != NONE:
            self.ended(self, shot, status, expected, self.read)

    def _expect_head(self) -> None:
        """Begin a new answer, which needs a parser of its own."""
        self.parser = httptools.HttpResponseParser(self)
        self.status, self.body = NO_STATUS, []
        self.is_framed = self.is_complete = self.keeps_alive = False
