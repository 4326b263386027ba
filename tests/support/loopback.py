"""A real HTTP server on loopback, for as long as a test needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread


class Handler(BaseHTTPRequestHandler):
    """Answers requests and prints none of them."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serve(handler: type[Handler]) -> Iterator[str]:
    """Give the URL of a server that answers as the handler does."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
