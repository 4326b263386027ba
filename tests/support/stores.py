"""A stand-in for S3 on loopback, which takes one request at a time, as moto does not compare and write in one step."""

import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

LOOPBACK = "127.0.0.1"
S3_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass(kw_only=True)
class S3:
    """A server with one bucket; `is_deaf` overlooks conditions, `loses` so many answers to a write of the ledger."""

    app: Application
    address: str = ""
    bucket: str = ""
    is_deaf: bool = False
    loses: int = 0

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.is_deaf:
            environ = {name: value for name, value in environ.items() if name not in CONDITIONS}
        answer = self.app(environ, start_response)
        if self.loses and environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].endswith("ledger.db"):
            self.loses -= 1
            raise ConnectionAbortedError("the answer is lost")
        return answer

    def url(self, path: str, bucket: str = "") -> str:
        """Return the URL of a place in the bucket, or in another."""
        return f"s3://{bucket or self.bucket}/{path}?endpoint_override={self.address}&scheme=http&region=us-east-1"

    def new_bucket(self) -> None:
        """Begin with an empty bucket, which no other test has."""
        self.bucket = f"kept-{uuid.uuid4().hex}"
        request = urllib.request.Request(f"http://{self.address}/{self.bucket}", method="PUT")
        with urllib.request.urlopen(request, timeout=60):
            pass


@contextmanager
def s3_server() -> Iterator[S3]:
    """Give a server with an empty bucket."""
    store = S3(app=DomainDispatcherApplication(create_backend_app))
    server = make_server(LOOPBACK, 0, store, threaded=False, request_handler=_Quiet)
    store.address = f"{LOOPBACK}:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        store.new_bucket()
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""
