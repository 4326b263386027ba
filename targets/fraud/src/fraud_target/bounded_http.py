"""Bounds what a connection may cost before a request is known: how long its headers take, how many and how large."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0  # from the connection, or the answer before, until the headers of a request are there
HEADERS = 100
HEADER_BYTES = 64 * 1024
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's HTTP, closing connections whose headers come too slowly, and refusing too many or too large ones."""

    header_seconds = HEADER_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._headers_due: float | None = None  # while a request is waited for
        self._timer: asyncio.TimerHandle | None = None
        self._unread, self._is_refused = 0, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Read on, as long as headers are not too large."""
        super().data_received(data)
        if self._headers_due is not None:
            self._unread += len(data)
            if self._unread > HEADER_BYTES:
                self._refuse()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, as long as they are not too many."""
        if len(self.headers) == HEADERS:
            self._is_refused = True
            raise ValueError(f"more than {HEADERS} headers")  # the parser ends, and what it says is answered below
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or one with too many headers."""
        if self._is_refused:
            self._refuse()
        else:
            super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, if it has not come already."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        """Wait from now on; one timer serves many requests, as one for each would cost more than a score."""
        self._headers_due = self.loop.time() + self.header_seconds
        if self._timer is None:
            self._timer = self.loop.call_at(self._headers_due, self._look_at_time)

    def _stop_waiting(self) -> None:
        self._headers_due, self._unread = None, 0

    def _look_at_time(self) -> None:
        self._timer = None
        if self._headers_due is None:
            return
        if self._headers_due <= self.loop.time():
            self.transport.abort()
        else:
            self._timer = self.loop.call_at(self._headers_due, self._look_at_time)

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()
