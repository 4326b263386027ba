"""What keeps the generator from sending is its own error, named after one request; the service is not blamed."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness import Run

Service = tuple[Any, str]
MINUTE = {"duration": 60, "warmup": 0}


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """Give the port of a server with a certificate that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path / "server.pem"))
    with _server(lambda accepted: context.wrap_socket(accepted, server_side=True)) as port:
        yield port


@pytest.fixture
def plain_port() -> Iterator[int]:
    """Give the port of a server that knows no TLS."""
    with _server(lambda accepted: accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        yield port


@contextmanager
def _server(greet: Callable[[socket.socket], object]) -> Iterator[int]:
    """Give the port of a server that greets whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_accept, args=(server, greet), daemon=True).start()
        yield int(server.getsockname()[1])


def _accept(server: socket.socket, greet: Callable[[socket.socket], object]) -> None:
    while server.fileno() >= 0:
        with suppress(OSError), server.accept()[0] as accepted:  # ssl.SSLError is one
            greet(accepted)


def _self_signed(file: Path) -> Path:
    """Write a certificate that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + built.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return file


def test_that_nothing_listens_is_said_after_one_request(run: Callable[..., Run], closed_port: int) -> None:
    found = run(url=f"http://127.0.0.1:{closed_port}", **MINUTE)

    assert f"nothing listens on 127.0.0.1:{closed_port}" in found["over_limit"].reason
    assert 20 > (found.finished - found.started).total_seconds()


@pytest.mark.parametrize("host", ["service.invalid", "a..b", "x" * 70])
def test_an_unknown_host_is_not_the_services_failure(run: Callable[..., Run], host: str) -> None:
    found = run(url=f"http://{host}:80", **MINUTE)

    assert "repair the url" in found["over_limit"].reason


def test_a_certificate_that_is_not_trusted_is_named(run: Callable[..., Run], tls_port: int) -> None:
    found = run(url=f"https://127.0.0.1:{tls_port}", **MINUTE)

    assert f"the certificate of 127.0.0.1:{tls_port} is not trusted" in found["over_limit"].reason


def test_a_service_without_tls_is_named(run: Callable[..., Run], plain_port: int) -> None:
    found = run(url=f"https://127.0.0.1:{plain_port}", **MINUTE)

    assert "3 x no TLS connection" in found["over_limit"].reason


def test_a_name_with_addresses_of_which_one_is_dead_is_asked_at_the_others(
    run: Callable[..., Run], service: Service
) -> None:
    found = run(url=service[1].replace("127.0.0.1", "localhost"))  # of which ::1 has no listener

    assert "error" != found["over_limit"].outcome
    assert 1 + 580 == service[0].requests


LOAD = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from harness import HarnessError
from harness_latency.load import Pace, measure_load
from harness_latency.plan import Endpoint, Plan
plan = Plan(endpoints=(Endpoint(host="127.0.0.1", port={port}),), requests=[{request}], connections=256, timeout=10)
try:
    measure_load(Pace(rate=2000, duration=60, warmup=0, late_ms=60_000), plan)
except HarnessError as error:
    print(error)
"""


def test_no_file_left_for_a_connection_is_an_error_of_the_generator(service: Service) -> None:
    port = service[1].rpartition(":")[2]
    load = LOAD.format(port=port, request=b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")

    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, timeout=50, check=True)

    assert "no file is left for a connection (the limit is 40); raise `ulimit -n`" in done.stdout
