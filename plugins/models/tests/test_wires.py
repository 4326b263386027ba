"""HTTP as the door speaks it: what endpoints may reply and clients may send, whole, cut or strange."""

import asyncio
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from harness_models.testing import MODEL, StandIn, ask, completion, judge_url
from harness_models.upstream import BrokenError, Reply, UnreachableError, Upstream

Open = Any
BODY = completion().encode()
PART = BODY[:20]


@contextmanager
def host(*said: bytes, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A host that reads one request on each connection, says the next of what is given, and closes."""
    left, heard = list(said), list[bytes]()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(ssl.SSLError),
                tls.wrap_socket(self.request, server_side=True) if tls else self.request as line,
            ):
                heard.append(line.recv(65536))
                line.sendall(left.pop(0))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", heard
        server.shutdown()
        thread.join()


def post(url: str, times: int = 1, seconds: float = 5.0) -> list[Reply]:
    """Return the replies to equal requests, one after the other."""

    async def run() -> list[Reply]:
        upstream = Upstream(url)
        try:
            return [await upstream.post("/completions", b"{}", {"X-Some": "a"}, seconds) for _ in range(times)]
        finally:
            upstream.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (len(BODY), BODY),
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n" + BODY,
        b"HTTP/1.0 200 OK\r\nCONTENT-TYPE: a/b\r\n\r\n" + BODY,
        b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: %d\r\n\r\n%s"
        % (len(BODY), BODY),
    ],
    ids=["length", "chunks", "until closed", "of 1.0", "after an interim one"],
)
def test_a_whole_reply_is_read_however_it_says_where_it_ends(said: bytes) -> None:
    with host(said) as (url, heard):
        (found,) = post(url)

    assert (200, "a/b", BODY) == (found.status, found.headers["content-type"], found.body)
    assert b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:" in heard[0]
    assert b"X-Some: a\r\n" in heard[0]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), PART),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(BODY), PART),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
    ids=["nothing", "half of the headers", "short", "half of a chunk", "no HTTP", "an interim one"],
)
def test_a_reply_that_is_not_whole_is_none(said: bytes) -> None:
    with host(said) as (url, _), pytest.raises(BrokenError):
        post(url)


def test_a_connection_that_says_more_than_was_asked_is_not_used_again() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    with host(whole + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", whole) as (url, heard):
        found = post(url, times=2)

    assert [BODY, BODY] == [each.body for each in found]
    assert 2 == len(heard)


def test_who_does_not_reply_in_time_is_waited_for_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        post(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", seconds=0.05)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://name.invalid/v1"])
def test_nobody_there_is_told_apart_from_a_connection_that_broke(url: str) -> None:
    with pytest.raises(UnreachableError):
        post(url)


def test_who_speaks_no_tls_where_https_is_declared_is_sent_nothing() -> None:
    with host(b"HTTP/1.1 200 OK\r\n\r\n") as (url, heard), pytest.raises(UnreachableError):
        post(url.replace("http:", "https:"))

    assert b"POST" not in heard[0]


@pytest.mark.parametrize("is_known", [True, False])
def test_over_tls_only_a_host_that_is_known_is_sent_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    file = certificate(tmp_path / "host.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    refused = nullcontext() if is_known else pytest.raises(UnreachableError)
    with host(whole, tls=tls) as (url, heard), refused:
        (found,) = post(url.replace("http:", "https:"))
        assert BODY == found.body

    assert is_known == any(b"POST /v1/completions" in each for each in heard)


def certificate(file: Path) -> Path:
    """Write a certificate of 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "host")])
    now, day = datetime.now(UTC), timedelta(days=1)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + built.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return file


def request(url: str, text: str, more: str = "", *, path: str = "/chat/completions") -> bytes:
    """Return a request as its bytes."""
    messages = [{"role": "user", "content": text}]
    body = json.dumps({"model": MODEL, "messages": messages, "max_tokens": 10}).encode()
    head = f"POST {urlsplit(url).path}{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def exchange(url: str, *sent: bytes, until: Callable[[bytes], bool]) -> bytes:
    """Return what comes back over one connection, until it is enough or the other side closes."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10) as line:
        for part in sent:
            line.sendall(part)
        found = b""
        while not until(found) and (more := line.recv(65536)):
            found += more
        return found


def test_requests_over_one_connection_are_answered_in_their_order(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: (200, completion(f"to {asked['messages'][0]['content']}"))
    with opened() as door:
        url = judge_url(door)
        found = exchange(url, *(request(url, each) for each in "abc"), until=lambda said: b"to c" in said)

    assert 3 == found.count(b"HTTP/1.1 200 OK\r\n")
    assert found.index(b"to a") < found.index(b"to b") < found.index(b"to c")


def test_a_request_in_pieces_is_read_whole_and_one_that_waits_is_asked_to_go_on(opened: Open) -> None:
    with opened() as door:
        url = judge_url(door)
        whole = request(url, "a", "Expect: 100-continue\r\nConnection: close\r\n")
        pieces = [whole[at : at + 50] for at in range(0, len(whole), 50)]
        found = exchange(url, *pieces, until=lambda said: False)

    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert b"Connection: close\r\n" in found


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"what is this\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_to_the_door_is_refused(opened: Open, sent: bytes, status: int) -> None:
    with opened() as door:
        found = exchange(judge_url(door), sent, until=lambda said: False)

    assert found.startswith(b"HTTP/1.1 %d " % status)


def test_who_leaves_before_the_answer_has_paid_for_it_and_finds_it(upstream: StandIn, opened: Open) -> None:
    upstream.delay = 0.2
    with opened() as door:
        url = judge_url(door)
        exchange(url, request(url, "a"), until=lambda said: True)
        (found,) = ask(door, "a")

    assert 200 == found.status
    assert 1 == len(upstream.seen)
