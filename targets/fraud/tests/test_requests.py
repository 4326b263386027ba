"""What the service promises, asked of a server over sockets."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from fraud_target.app import create_app
from fraud_target.bounded_http import BoundedHttp
from fraud_target.embedded import LOOPBACK
from fraud_target.limits import Limits
from fraud_target.online import History
from fraud_target.payments import Chargeback, Payment
from fraud_target.served import Served
from fraud_target.store import ValkeyStore

GOOD = {"transaction_id": 1, "tx_time": "2026-03-01T12:00:00", "customer_id": 2, "terminal_id": 3, "amount": 40.5}
BODIES: dict[str, dict[str, object]] = {"/v1/score": GOOD, "/v1/score/batch": {"payments": [GOOD]}}
SECRET = "password is hunter2"
PATIENCE = 120  # seconds for what a busy machine does late
Serve = Callable[..., str]


@dataclass(kw_only=True)
class MemoryStore:
    """A store without histories, that can hold answers back or break."""

    broken: bool = False
    open: threading.Event = field(default_factory=threading.Event)
    inside: int = 0

    async def take(self, payments: Sequence[Payment]) -> Sequence[History]:
        """Return an empty history for each payment, once it is open."""
        self.inside += 1
        while not self.open.is_set():
            await asyncio.sleep(0.01)
        if self.broken:
            raise KeyError(SECRET)
        return [History(spent=b"", seen=b"", frauds=b"") for _ in payments]

    async def report(self, chargeback: Chargeback) -> None:
        """Forget a fraud."""

    async def ready(self) -> bool:
        """Tell that it is up, unless it is broken."""
        if self.broken:
            raise KeyError(SECRET)
        return True

    async def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def store() -> MemoryStore:
    """Return a store that answers at once."""
    found = MemoryStore()
    found.open.set()
    return found


@pytest.fixture
def serve(store: MemoryStore) -> Iterator[Serve]:
    """Give a function that starts a server on loopback and returns its URL."""
    with ExitStack() as running:

        def start(
            limits: Limits | None = None, pinned: str | None = None, http: type[BoundedHttp] = BoundedHttp
        ) -> str:
            model = Served(version="models:/fraud/2", digest="sha256:ab", score=_score, pinned=pinned)
            return running.enter_context(_listening(create_app(model, store, limits), http))

        yield start


def _score(rows: Any) -> Any:
    return np.asarray(rows)[:, 0] / 1e9


@contextmanager
def _listening(app: Any, http: type[BoundedHttp]) -> Iterator[str]:
    with socket.socket() as door:
        door.bind((LOOPBACK, 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", http=http, ws="none"))
        thread = threading.Thread(target=server.run, args=([door],))
        thread.start()
        try:
            _until(lambda: server.started)
            yield f"http://{LOOPBACK}:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _raw(url: str, sent: bytes) -> bytes:
    """Send bytes and return all that comes until the server closes."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as line:
        line.sendall(sent)
        return b"".join(iter(lambda: line.recv(4096), b""))


def _post(url: str, **request: Any) -> httpx.Response:
    return httpx.post(url, timeout=PATIENCE, **request)


@pytest.mark.parametrize("path", BODIES)
def test_a_chunked_body_is_cut_off_at_the_limit(serve: Serve, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"400\r\n" + b" " * 1024 + b"\r\n"

    answer = _raw(serve(Limits(body_bytes=2048)), head.encode() + 3 * chunks)  # and no last chunk

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_a_chunked_body_within_the_limit_is_scored(serve: Serve) -> None:
    answer = _post(serve() + "/v1/score", content=iter([json.dumps(GOOD)[:9].encode(), json.dumps(GOOD)[9:].encode()]))

    assert (200, 1) == (answer.status_code, answer.json()["transaction_id"])


@pytest.mark.parametrize("framing", ["Content-Length: 99", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_is_not_waited_for(serve: Serve, framing: str) -> None:
    head = f"POST /v1/score HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"

    answer = _raw(serve(Limits(body_seconds=0.05)), head.encode())

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_one_more_than_fits_is_told_when_to_come_again(serve: Serve, store: MemoryStore) -> None:
    store.open.clear()
    url = serve(Limits(in_flight=3)) + "/v1/score"

    with ThreadPoolExecutor(3) as callers:
        asking = [callers.submit(_post, url, json=GOOD) for _ in range(3)]
        _until(lambda: store.inside == 3)
        refused = [_post(url, json=GOOD) for _ in range(2)]
        store.open.set()
        answered = [each.result().status_code for each in asking]

    assert [(503, "1")] * 2 == [(each.status_code, each.headers["Retry-After"]) for each in refused]
    assert [200, 200, 200, 200] == [*answered, _post(url, json=GOOD).status_code]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"X-API-Key": "righ"}, 401), ({"X-API-Key": "right"}, 200), ({"Authorization": "Bearer right"}, 200)],
)
def test_each_route_that_scores_asks_for_the_key(serve: Serve, path: str, headers: dict[str, str], status: int) -> None:
    answer = _post(serve(Limits(api_key="right")) + path, json=BODIES[path], headers=headers)

    assert status == answer.status_code


@pytest.mark.parametrize("path", BODIES)
def test_what_breaks_inside_is_not_told_to_the_caller(serve: Serve, store: MemoryStore, path: str) -> None:
    store.broken = True
    url = serve(Limits(in_flight=1))

    answers = [_post(url + path, json=BODIES[path]) for _ in range(2)]

    assert [(500, {"error": "internal error"})] * 2 == [(each.status_code, each.json()) for each in answers]
    assert f'fraud_requests_total{{path="{path}",status="500"}} 2.0' in httpx.get(url + "/metrics").text


def test_what_breaks_while_looking_is_not_told_either(serve: Serve, store: MemoryStore) -> None:
    store.broken = True

    answer = httpx.get(serve() + "/readyz", timeout=PATIENCE)

    assert (500, {"error": "internal error"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/score", 405), ("PUT", "/v1/score/batch", 405), ("POST", "/healthz", 405), ("POST", "/nope", 404)],
)
def test_a_wrong_path_or_method_is_answered_in_json(serve: Serve, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, serve() + path, timeout=PATIENCE)

    assert (status, {"error": "not found" if status == 404 else "not allowed"}) == (answer.status_code, answer.json())
    assert (status == 405) == ("Allow" in answer.headers)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("Application/JSON; charset=utf-8", 200)],
)
def test_a_body_that_says_it_is_no_json_is_refused(serve: Serve, kind: str, status: int) -> None:
    answer = _post(serve() + "/v1/score", content=json.dumps(GOOD), headers={"Content-Type": kind})

    assert status == answer.status_code


def test_metrics_are_exact_when_many_ask_at_once(serve: Serve) -> None:
    url = serve()
    bodies = [GOOD if number % 3 else {} for number in range(120)]

    with httpx.Client(timeout=PATIENCE) as client, ThreadPoolExecutor(8) as callers:
        list(callers.map(lambda body: client.post(url + "/v1/score", json=body), bodies))
        message = client.get(url + "/metrics").text.splitlines()

    assert {
        'fraud_requests_total{path="/v1/score",status="200"} 80.0',
        'fraud_requests_total{path="/v1/score",status="422"} 40.0',
        'fraud_request_seconds_count{path="/v1/score"} 120.0',
        'fraud_request_seconds_bucket{le="+Inf",path="/v1/score"} 120.0',
        'fraud_score_count{version="models:/fraud/2"} 80.0',
        "fraud_in_flight 0.0",
    } <= set(message)


@pytest.mark.parametrize(("pinned", "status"), [("sha256:ab", 200), ("sha256:cd", 503)])
def test_only_the_pinned_digest_is_ready(serve: Serve, pinned: str, status: int) -> None:
    answer = httpx.get(serve(pinned=pinned) + "/readyz", timeout=PATIENCE)

    assert (status, status == 200) == (answer.status_code, answer.json()["ready"])


def test_a_connection_that_a_store_refuses_is_closed() -> None:
    closed: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"-WRONGPASS invalid password\r\n")
        try:
            closed.append(await reader.read())
        except ConnectionResetError:
            closed.append(b"")
        writer.close()

    async def ask() -> bool:
        server = await asyncio.start_server(refuse, LOOPBACK, 0)
        port = server.sockets[0].getsockname()[1]
        ready = await ValkeyStore(f"redis://:wrong@{LOOPBACK}:{port}").ready()
        async with server, asyncio.timeout(PATIENCE):
            while not closed:
                await asyncio.sleep(0.01)
        return ready

    assert not asyncio.run(ask())


def test_bodies_that_come_slowly_take_no_place(serve: Serve) -> None:
    url = serve(Limits(in_flight=3))
    half = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n{"

    with _lines(url, 20, half):
        _until(lambda: "fraud_in_flight 20.0" in httpx.get(f"{url}/metrics", timeout=PATIENCE).text)
        answer = _post(url + "/v1/score", json=GOOD)

    assert 200 == answer.status_code


class Hasty(BoundedHttp):
    """Waits half a second for headers."""

    header_seconds = 0.5


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/sc",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: ",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_a_connection_without_whole_headers_is_closed(serve: Serve, sent: bytes) -> None:
    answer = _raw(serve(http=Hasty), sent)

    assert sent.count(b"\r\n\r\n") == answer.count(b"200 OK")


def test_headers_that_trickle_are_not_waited_for(serve: Serve) -> None:
    url = serve(http=Hasty)

    with _lines(url, 1, b"GET /healthz HTTP/1.1\r\n") as (line,), pytest.raises(ConnectionError):
        _trickle(line)


def test_a_request_that_takes_longer_than_headers_may_is_answered(serve: Serve, store: MemoryStore) -> None:
    url = serve(http=Hasty)
    store.open.clear()

    threading.Timer(1.5, store.open.set).start()

    assert 200 == _post(url + "/v1/score", json=GOOD).status_code


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"H%d: v\r\n" % n for n in range(20_000)) + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"v" * 100_000,
        b"GET /" + b"a" * 100_000,
    ],
)
def test_headers_too_many_or_too_large_are_refused(serve: Serve, head: bytes) -> None:
    host, _, port = serve().removeprefix("http://").partition(":")

    with socket.create_connection((host, int(port)), PATIENCE) as line, suppress(ConnectionError):
        line.sendall(head)
        assert line.recv(4096).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/metrics", "/v1/model", "/openapi.json", "/v1/score", "/nothing"])
def test_all_but_health_needs_the_key_where_one_is_set(serve: Serve, path: str) -> None:
    url = serve(Limits(api_key="right"))

    found = [httpx.get(url + path, headers=key).status_code for key in ({}, {"X-API-Key": "wrong"})]
    health = [httpx.get(url + each).status_code for each in ("/healthz", "/readyz")]

    assert ([401, 401], [200, 200]) == (found, health)
    assert 401 != httpx.get(url + path, headers={"X-API-Key": "right"}).status_code


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("key", ["amount", "\\u0061mount", "transaction_id"])
def test_a_key_given_twice_is_refused(serve: Serve, path: str, key: str) -> None:
    body = json.dumps(BODIES[path]).replace('"amount"', f'"{key}": 1, "amount"')

    answer = _post(serve() + path, content=body)

    assert (422, {"error": "a key is given twice in one object; give it once"}) == (answer.status_code, answer.json())


def _trickle(line: socket.socket) -> None:
    """Send header after header until the connection is closed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        line.sendall(b"A: b\r\n")
        time.sleep(0.05)


@contextmanager
def _lines(url: str, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Give connections on each of which something was sent."""
    host, _, port = url.removeprefix("http://").partition(":")
    with ExitStack() as opened:
        lines = [opened.enter_context(socket.create_connection((host, int(port)), PATIENCE)) for _ in range(count)]
        for line in lines:
            line.sendall(sent)
        yield lines
