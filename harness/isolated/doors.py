"""Doors: a worker without a network reaches the endpoints of its step, and nothing else, by a Unix socket each."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from harness.isolated.guest.doors import socket_address
from harness.plugins.endpoints import find_endpoints
from harness.plugins.specs import CheckSpec
from harness.plugins.tasks import Task

SILENT = 600.0  # seconds that an endpoint may say nothing
POLL = 0.02  # seconds until a door that is closed is
PIECE = 1 << 16
OWN_HEADERS = {  # those of one connection, which are not passed on
    *("host", "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}


class Door(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on a Unix socket and passes requests on to one endpoint, until it is closed.

    `trouble` is why the last request that failed did; it stays as it was when the door was closed.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, name: str, url: str, file: Path) -> None:
        self.name, self.endpoint, self.file = name, urlsplit(url), file
        self.trouble, self.is_closed = "", False
        self.waiting: set[HTTPConnection] = set()
        self.callers: set[socket.socket] = set()
        with socket_address(file) as address:
            super().__init__(address, _Passage)
        threading.Thread(target=self.serve_forever, args=(POLL,), daemon=True).start()

    @property
    def place(self) -> Mapping[str, str]:
        """Return what a worker must know to come to the endpoint."""
        return {"socket": str(self.file), "path": self.endpoint.path}

    def connect(self) -> HTTPConnection:
        """Return a connection to the endpoint, which is not made yet."""
        kind = HTTPSConnection if self.endpoint.scheme == "https" else HTTPConnection
        return kind(str(self.endpoint.hostname), self.endpoint.port, timeout=SILENT)

    def note(self, trouble: str) -> str:
        """Keep what went wrong, and return it with the endpoint's name."""
        if not self.is_closed:
            self.trouble = f"endpoint {self.name!r} {trouble}"
        return f"endpoint {self.name!r} {trouble}"

    def get_request(self) -> tuple[socket.socket, str]:
        """Return the next caller."""
        caller, _ = super().get_request()
        self.callers.add(caller)
        return caller, ""

    def shutdown_request(self, request: Any) -> None:
        """Let a caller go."""
        self.callers.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Listen no more, end what is on its way and remove the socket."""
        if self.waiting and not self.trouble:  # what the endpoint did says more than what it left undone
            self.note(f"had not answered {len(self.waiting)} request(s) to the end")
        self.is_closed = True
        self.shutdown()
        self.server_close()
        self.file.unlink(missing_ok=True)
        for line in [*self.callers, *(connection.sock for connection in self.waiting)]:
            with suppress(OSError, AttributeError):
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a worker may hang up when it likes."""


class _HungUpError(Exception):
    """The worker reads no longer."""


class _Passage(BaseHTTPRequestHandler):
    """One connection of a worker: each of its requests is passed on, and the answer as it comes."""

    protocol_version = "HTTP/1.1"
    server: Door

    def pass_on(self) -> None:
        """Answer a request as the endpoint does; where it does not, say so or break off as it did."""
        length = self.headers.get("Content-Length", "0")
        if not is_below(self.path, self.server.endpoint):
            self._refuse(403, f"{self.path!r} lies outside of {self.server.endpoint.path or '/'}")
        elif "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(411, "a request without a Content-Length is not passed on")
        else:
            self._exchange(self.rfile.read(int(length)))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

    def _exchange(self, body: bytes) -> None:
        connection, is_answered = self.server.connect(), False
        self.server.waiting.add(connection)
        try:
            connection.request(self.command, self.path, body or None, dict(_passed_on(self.headers.items())))
            answer = connection.getresponse()
            is_answered = True
            self._answer(answer)
        except _HungUpError:
            self.close_connection = True
            if not self.server.trouble:
                self.server.note("had not answered to the end when the check hung up")
        except (OSError, HTTPException) as error:
            self.close_connection = True
            how = "broke off its answer" if is_answered else "did not answer"
            why = self.server.note(f"{how} ({type(error).__name__}: {error})")
            if not is_answered:
                self._refuse(502, why)
        finally:
            self.server.waiting.discard(connection)
            connection.close()

    def _answer(self, answer: HTTPResponse) -> None:
        """Write an answer piece by piece; one that ends too early is an error, and is not ended for the worker."""
        missing, is_chunked = answer.length, answer.length is None
        self.send_response_only(answer.status, answer.reason)
        for name, value in _passed_on(answer.getheaders()):
            self.send_header(name, value)
        if is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(PIECE):
            self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            missing = None if missing is None else missing - len(piece)
        if missing:
            raise HTTPException(f"{missing} bytes are missing")
        if is_chunked:
            self._write(b"0\r\n\r\n")

    def _write(self, piece: bytes) -> None:
        try:
            self.wfile.write(piece)
        except OSError as error:
            raise _HungUpError from error

    def log_message(self, *_said: object) -> None:
        """Say nothing: what matters stands in the step's error."""

    def _refuse(self, status: int, why: str) -> None:
        """Answer for the endpoint, in the form of an OpenAI error; clients need not ask again."""
        body = json.dumps({"error": {"message": why, "type": "endpoint", "code": status}}).encode()
        with suppress(OSError):
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", "x-should-retry": "false"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def is_below(path: str, endpoint: SplitResult) -> bool:
    """Tell whether a request's path is the endpoint's own or below it, however it is written."""
    plain, base = unquote(path.partition("?")[0]).replace("\\", "/"), unquote(endpoint.path)
    is_plain = ".." not in plain.split("/") and not plain.startswith("//")
    return is_plain and (plain == base or plain.startswith(f"{base}/"))


def _passed_on(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in headers if name.lower() not in OWN_HEADERS)


@contextmanager
def open_doors(spec: CheckSpec, task: Task, folder: Path) -> Iterator[Mapping[str, Door]]:
    """Open a door in a worker's folder for each parameter of a task that names an endpoint; close them at the end."""
    names, urls = spec.endpoint_names(task.params), find_endpoints(spec, task)
    with ExitStack() as stack:
        doors: dict[str, Door] = {}
        for argument, url in urls.items():
            doors[argument] = Door(names[argument], url, folder / f"{argument}.sock")
            stack.callback(doors[argument].close)
        yield doors


def add_troubles(message: str, doors: Mapping[str, Door]) -> str:
    """Return why a step failed, with what is known of its endpoints and not said yet."""
    found = [door.trouble for door in doors.values() if door.trouble and door.trouble not in message]
    return "; ".join([message, *found])
