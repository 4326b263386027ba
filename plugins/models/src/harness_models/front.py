"""The server's side of HTTP/1.1, no more of it than a client of the door needs: requests are read whole."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import httptools

MOST_BYTES = 64 * 1024 * 1024  # of a request with its headers


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request: its path as it was sent, its headers by their names in lower case, and its whole body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a client gets: a status, headers, and a body of the type given."""

    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def as_bytes(self, *, keeps_alive: bool) -> bytes:
        """Return what goes over the wire; a header can hold one line of ASCII only."""
        named = {"Content-Type": self.kind, **self.headers, **({} if keeps_alive else {"Connection": "close"})}
        lines = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in named.items())
        head = f"HTTP/1.1 {self.status} {_phrase(self.status)}\r\n{lines}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode("ascii") + self.body


Handle = Callable[[Request], Awaitable[Response]]


class Front(asyncio.Protocol):
    """One connection of a client: its requests are answered one after the other, also where it is gone meanwhile."""

    def __init__(self, handle: Handle, tasks: "set[asyncio.Task[Any]]") -> None:
        self.handle, self.tasks = handle, tasks
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._due: deque[tuple[Request, bool]] = deque()
        self._is_busy = False
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport that asyncio accepted."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type

    def connection_lost(self, exc: Exception | None) -> None:
        """Read no more."""
        self.transport = None
        self._due.clear()

    def data_received(self, data: bytes) -> None:
        """Read on; what is no request, or has no end, is answered so and ends the connection."""
        self._size += len(data)
        if self._size > MOST_BYTES:
            self._refuse(413)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(501)
        except httptools.HttpParserError:
            self._refuse(400)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._path, self._headers = b"", dict[str, str]()
        self._body: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Keep a part of the path."""
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Ask for the body of a client that waits to be asked, as curl does."""
        if self._headers.get("expect", "").lower() == "100-continue" and self.transport:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer a request, or keep it until those before it are answered."""
        request = Request(path=self._path.decode("latin-1"), headers=self._headers, body=b"".join(self._body))
        self._due.append((request, self._parser.should_keep_alive()))
        if not self._is_busy:
            self._is_busy = True
            task = asyncio.get_running_loop().create_task(self._answer_all())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _answer_all(self) -> None:
        while self._due:
            request, keeps_alive = self._due.popleft()
            response = await self.handle(request)
            if self.transport is not None:
                self.transport.write(response.as_bytes(keeps_alive=keeps_alive))
                if not keeps_alive:
                    self.transport.close()
        self._is_busy = False

    def _refuse(self, status: int) -> None:
        self._due.clear()
        if self.transport is not None:
            self.transport.write(Response(status=status).as_bytes(keeps_alive=False))
            self.transport.close()
            self.transport = None


def _one_line(value: str) -> str:
    return value if value.isascii() and value.isprintable() else ascii(value)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
