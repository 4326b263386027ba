"""Asks one host over HTTP/1.1: keep-alive connections of its own, each with one request at a time."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools

FINAL = 200  # the least status that is no interim answer
CONNECT_SECONDS = 10.0
MOST_BYTES = 256 * 1024 * 1024  # of one reply with its headers


class UnreachableError(Exception):
    """No connection came about, so nothing was sent."""


class BrokenError(Exception):
    """A request was sent, and no whole reply came back."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: the status, the headers by their names in lower case, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Upstream:
    """The connections to the host of a base URL: no redirect is followed, no proxy asked, no cookie kept."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.path = parts.hostname or "", parts.path
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._host_header = parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii")
        self._idle: list[_Line] = []
        self._open: set[_Line] = set()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
        """Return the reply to a request below the base URL; TimeoutError if it is not there in time."""
        due = asyncio.get_running_loop().time() + seconds
        line = self._take() or await self._connect(min(seconds, CONNECT_SECONDS))
        try:
            reply = await line.ask(self._request(path, body, headers), due)
        except BaseException:
            line.abort()
            raise
        if line.is_free:
            self._idle.append(line)
        return reply

    def close(self) -> None:
        """Drop all connections."""
        for line in [*self._open]:
            line.abort()

    def _take(self) -> "_Line | None":
        """Return a connection that is open and free, the one used last first."""
        while self._idle:
            line = self._idle.pop()
            if line.is_free:
                return line
        return None

    async def _connect(self, seconds: float) -> "_Line":
        loop = asyncio.get_running_loop()
        name = self.host if self._tls else None
        try:
            async with asyncio.timeout(seconds):
                _, line = await loop.create_connection(
                    lambda: _Line(self._open), self.host, self._port, ssl=self._tls, server_hostname=name
                )
        except TimeoutError:
            raise UnreachableError(f"{self.host} took no connection within {seconds:g} s") from None
        except (OSError, UnicodeError) as error:
            raise UnreachableError(f"{self.host}, port {self._port}: {error}") from error
        return line

    def _request(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")
        return b"POST %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity\r\n%sContent-Length: %d\r\n\r\n%s" % (
            (self.path + path).encode(),
            self._host_header,
            more,
            len(body),
            body,
        )


class _Line(asyncio.Protocol):
    """One connection; `is_free` tells whether another request may go over it."""

    def __init__(self, among: "set[_Line]") -> None:
        self.among = among
        self.is_free = False
        self.transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._reply: asyncio.Future[Reply] | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = self._status = 0
        self._is_complete = self._keeps_alive = False
        self._parser = httptools.HttpResponseParser(self)

    async def ask(self, request: bytes, due: float) -> Reply:
        """Send a request and return its reply; BrokenError if there is none, TimeoutError if it is not there when due.

        `due` is in the loop's time. One timer serves many requests, as one for each would cost as much as sending it.
        """
        if self.transport is None or self.transport.is_closing():
            raise BrokenError("the connection was closed")
        self.is_free = False
        self._reply = self._loop.create_future()
        self._wait_until(due)
        self.transport.write(request)
        return await self._reply

    def abort(self) -> None:
        """Drop the connection."""
        self.is_free = False
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport that asyncio opened."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type
        self.among.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP, or answers nothing, ends the connection."""
        self._size += len(data)
        if self._reply is None or self._reply.done() or self._size > MOST_BYTES:
            more = "it sent more than was asked for" if self._size <= MOST_BYTES else "its reply has no end"
            self._fail(BrokenError(more))
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(BrokenError(f"it does not speak HTTP: {error}"))
            return
        if self._is_complete:
            self._end(is_free=self._keeps_alive)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Note the status."""
        if not self._is_complete:
            self._status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        if not self._is_complete:
            self._body.append(body)

    def on_message_begin(self) -> None:
        """Keep no connection that answers more than was asked: it would be taken for the next answer."""
        self._keeps_alive = False

    def on_message_complete(self) -> None:
        """Note that the reply is there; after an interim one, such as 100 Continue, the real one follows."""
        if self._is_complete:
            return
        if self._status < FINAL:
            self._headers.clear()
            return
        self._is_complete, self._keeps_alive = True, self._parser.should_keep_alive()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take a body that ends with its connection as whole (RFC 9112, 6.3); any other that is not is broken."""
        self.among.discard(self)
        self.is_free = False
        if self._timer is not None:
            self._timer.cancel()
        is_framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        if exc is None and self._status >= FINAL and not is_framed:
            self._end(is_free=False)
        else:
            self._fail(BrokenError(str(exc or "it was closed before the reply was whole")))

    def _wait_until(self, due: float) -> None:
        self._due = due
        if self._timer is not None and self._timer.when() > due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look_at_time)

    def _look_at_time(self) -> None:
        self._timer = None
        if self._reply is None:
            return
        if self._loop.time() < self._due:
            self._wait_until(self._due)
        else:
            self._fail(TimeoutError())

    def _end(self, *, is_free: bool) -> None:
        reply, self._reply = self._reply, None
        if reply is not None and not reply.done():
            reply.set_result(Reply(status=self._status, headers=self._headers, body=b"".join(self._body)))
        self._expect_head()
        self.is_free = is_free
        if not is_free:
            self.abort()

    def _fail(self, why: Exception) -> None:
        reply, self._reply = self._reply, None
        self.abort()
        if reply is not None and not reply.done():
            reply.set_exception(why)

    def _expect_head(self) -> None:
        """Begin a new reply, which needs a parser of its own."""
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body = {}, []
        self._size = self._status = 0
        self._is_complete = self._keeps_alive = False
