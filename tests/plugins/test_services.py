"""One request is sent as it is, and its answer given as it came."""

import json
import socket
from collections.abc import Iterator

import pytest

from harness import Dataset, HarnessError, Identity, Reply, Request, Service, Target, send_request
from harness.builtin.http import http
from harness.testing import FakeTarget
from tests.support.loopback import Handler, serve

RAW = {"/ssh": b"SSH-2.0-OpenSSH\r\n", "/short": b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{}"}


class Echo(Handler):
    """Answers with what it was asked; a path that is a number is the status, one of RAW has its answer there."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = {"method": self.command, "path": self.path, "kind": self.headers["Content-Type"], "body": body.decode()}
        status = self.path.rpartition("/")[2]
        if self.path in RAW:
            self.wfile.write(RAW[self.path])
            return
        self.send_response(int(status) if status.isdigit() else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps(asked).encode())

    do_GET = do_POST = do_PUT = _answer


@pytest.fixture
def url() -> Iterator[str]:
    with serve(Echo) as url:
        yield url


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_request_is_sent_as_it_is(url: str, method: str) -> None:
    request = Request(
        method="PUT" if method == "PUT" else "POST", path="/v1/a?b=c", headers={"Content-Type": "text/x"}, body=b"rows"
    )

    reply = send_request(f"{url}/", request)

    expected = {"method": method, "path": "/v1/a?b=c", "kind": "text/x", "body": "rows"}
    assert (f"{url}/v1/a?b=c", 200, expected) == (reply.url, reply.status, reply.json_object())


@pytest.mark.parametrize("status", [204, 302, 404, 503])
def test_an_answer_of_any_status_is_given_as_it_came(url: str, status: int) -> None:
    reply = send_request(url, Request(method="GET", path=f"/{status}"))

    assert (status, "/elsewhere") == (reply.status, reply.headers["Location"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "elsewhere.test"])
def test_no_proxy_is_asked(url: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *rest, **more: look_up("127.0.0.1", *rest, **more))

    assert 200 == send_request(url.replace("127.0.0.1", host), Request(method="GET", path="/")).status


@pytest.mark.parametrize(
    ("path", "said"),
    [("/ssh", "answers what is not HTTP: 'SSH-2.0-OpenSSH'; "), ("/short", "cuts its answer short, after 2 bytes; ")],
)
def test_an_answer_that_is_none_is_told_from_no_answer(url: str, path: str, said: str) -> None:
    with pytest.raises(HarnessError, match=f"{path} {said}"):
        send_request(url, Request(method="GET", path=path))


def test_a_host_that_is_unknown_is_an_error_that_names_the_url() -> None:
    with pytest.raises(HarnessError, match=r"http://service\.invalid/ does not answer"):
        send_request("http://service.invalid", Request(method="GET", path="/"))


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (503, b"{}", "answered with status 503, not 200"),
        (200, b"ok", "answered no JSON"),
        (200, b"[1]", "answered list, not an object"),
    ],
)
def test_what_is_no_object_is_an_error_that_names_the_url(status: int, body: bytes, message: str) -> None:
    reply = Reply(url="http://h/v1", status=status, headers={}, body=body)

    with pytest.raises(HarnessError, match=f"http://h/v1 {message}"):
        reply.json_object()


def test_a_target_that_makes_no_requests_is_no_service() -> None:
    class HalfAService:
        url = "http://127.0.0.1:1"

        def identity(self) -> Identity:
            return Identity(revision="v1")

        def dataset(self, name: str) -> Dataset:
            raise NotImplementedError(name)

        def request(self, row: object) -> Request:
            return Request(path="/")

    half: object = HalfAService()
    with http({}, url="http://127.0.0.1:1") as service:
        found = [isinstance(each, Service) for each in (service, half, FakeTarget(datasets={}))]

    assert [True, False, False] == found
    assert isinstance(half, Target)
