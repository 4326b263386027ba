"""A stand-in for what gives a pod's identity its tokens, as AKS tells its pods, and Azurite that takes nothing else."""

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import create_default_context
from threading import Thread
from urllib.parse import parse_qs

from fraud_target.embedded import LOOPBACK, free_port, stop

from ci.deploy.tests.certificates import Certificate, write_certificate
from ci.deploy.tests.conftest import tool

ACCOUNT = "devstoreaccount1"
CONTAINER = "kept"
HOST = "localhost"
STORAGE, VAULT = "https://storage.azure.com/", "https://vault.azure.net/"
POD, STRANGER = "pod", "stranger"  # clients, of whom the second is given tokens for something else
OF_CLUSTER = "of the cluster"  # the token that AKS signs for a pod, which is given for one of Azure's
PATIENCE = 60  # seconds for a busy machine


class Authority(BaseHTTPRequestHandler):
    """Gives tokens to who has the cluster's, for storage if the client is the pod."""

    def do_POST(self) -> None:
        """Answer with a token."""
        asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        assert [OF_CLUSTER] == asked["client_assertion"]
        token = make_token(STORAGE if [POD] == asked["client_id"] else VAULT)
        self.answer({"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def answer(self, document: object) -> None:
        """Answer with a document."""
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class Azure:
    """Azurite by TLS at an address, with an empty container, and the variables that AKS gives a pod."""

    address: str
    variables: Mapping[str, str]


@contextmanager
def azure_by_identity(folder: Path) -> Iterator[Azure]:
    """Give a Blob service that takes tokens, and an identity that is given them for a file."""
    certificate, port = write_certificate(folder, HOST), free_port()
    (folder / "token").write_text(OF_CLUSTER)
    command = [tool("azurite-blob"), "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--oauth", "basic"]
    command += ["--cert", str(certificate.certificate), "--key", str(certificate.key), "--blobHost", LOOPBACK]
    command += ["--blobPort", str(port), "--location", str(folder / "blobs")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with _authority(certificate) as authority:
            _create_container(f"https://{HOST}:{port}/{ACCOUNT}/{CONTAINER}", certificate)
            variables = {
                "SSL_CERT_FILE": str(certificate.authority), "AZURE_AUTHORITY_HOST": f"{authority}/",
                "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": POD,
                "AZURE_FEDERATED_TOKEN_FILE": str(folder / "token"),
            }  # fmt: skip
            yield Azure(address=f"{HOST}:{port}", variables=variables)
    finally:
        stop(process)


@contextmanager
def _authority(certificate: Certificate) -> Iterator[str]:
    """Give the URL of a server that gives tokens to who has the file's."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Authority)
    certificate.secure(server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def make_token(audience: str) -> str:
    """Return a token for a service; Azurite looks at all but its signature."""
    now = int(time.time())
    said = {"aud": audience, "iss": "https://sts.windows.net/tenant/", "iat": now, "nbf": now - 60, "exp": now + 3600}
    parts = (json.dumps(each).encode() for each in ({"alg": "none", "typ": "JWT"}, said))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "eA"])


def bearer() -> dict[str, str]:
    """Return the headers of a request to storage by the pod's identity."""
    return {"Authorization": f"Bearer {make_token(STORAGE)}", "x-ms-version": "2023-11-03"}


def _create_container(url: str, certificate: Certificate) -> None:
    """Create a container once Azurite answers."""
    context, deadline = create_default_context(cafile=str(certificate.authority)), time.monotonic() + PATIENCE
    headers = {"content-length": "0", **bearer()}
    request = urllib.request.Request(f"{url}?restype=container", method="PUT", headers=headers)
    while True:
        try:
            with urllib.request.urlopen(request, context=context, timeout=PATIENCE):
                return
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert time.monotonic() < deadline, "Azurite does not answer"
            time.sleep(0.2)
