"""Talks to a Valkey or Redis server over one connection that all requests share: a pool costs more than an answer."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import hiredis
from redis.asyncio.connection import SSLConnection, parse_url

Command = tuple[Any, ...]
NOTHING = object()
PORT = 6379


class Line(asyncio.Protocol):
    """One connection: replies come in the order of the questions."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(notEnoughData=NOTHING)
        self._asked: deque[tuple[asyncio.Future[list[Any]], int]] = deque()
        self._replies: list[Any] = []
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it can be asked."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """Send commands; their replies come together."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked.append((future, len(commands)))
        self._transport.write(b"".join(hiredis.pack_command(command) for command in commands))
        return future

    def drop(self) -> None:
        """Close at once; whoever waits is told."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Keep what to write to: uvloop's transports are none of asyncio's classes."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand replies to those who asked, in turn."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not NOTHING:
            self._replies.append(reply)
            future, count = self._asked[0]
            if len(self._replies) == count:
                self._asked.popleft()
                if not future.done():
                    future.set_result(self._replies)
                self._replies = []

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait that no reply will come."""
        for future, _ in self._asked:
            if not future.done():
                future.set_exception(ConnectionResetError("the connection was lost"))
        self._asked.clear()


class Wire:
    """A server's address and the connection to it, opened when needed."""

    def __init__(self, url: str) -> None:
        self._address: dict[str, Any] = dict(parse_url(url))
        self._line: Line | None = None
        self._opening = asyncio.Lock()

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the replies of one round trip; a connection that broke meanwhile is opened once more."""
        try:
            return await (await self._open()).ask(commands)
        except ConnectionError:
            return await (await self._open()).ask(commands)

    def drop(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.drop()
        self._line = None

    async def _open(self) -> Line:
        """Return the open connection, or a new one that many who ask at once share."""
        if self._line is not None and self._line.is_open:
            return self._line
        async with self._opening:
            if self._line is None or not self._line.is_open:
                self._line = await self._greet(await self._connect())
            return self._line

    async def _greet(self, line: Line) -> Line:
        """Return a line that may be used; one that is refused, or waited for in vain, is closed."""
        try:
            for command in self._greeting():
                _refuse_errors(await line.ask([command]))
        except BaseException:
            line.drop()
            raise
        return line

    async def _connect(self) -> Line:
        loop, address = asyncio.get_running_loop(), self._address
        if "path" in address:
            return (await loop.create_unix_connection(Line, address["path"]))[1]
        tls = True if address.get("connection_class") is SSLConnection else None
        host, port = address.get("host", "localhost"), address.get("port", PORT)
        return (await loop.create_connection(Line, host, port, ssl=tls))[1]

    def _greeting(self) -> list[Command]:
        """Return what is said first: who asks, and of which database."""
        names = [self._address[key] for key in ("username", "password") if self._address.get(key)]
        database = self._address.get("db", 0)
        return [*([("AUTH", *names)] if names else []), *([("SELECT", database)] if database else [])]


def _refuse_errors(replies: Sequence[Any]) -> None:
    for reply in replies:
        if isinstance(reply, hiredis.HiredisError):
            raise reply
