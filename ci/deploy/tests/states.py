"""Places for terraform's state on loopback: moto for S3, and Azurite under the names that terraform looks for."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import boto3
from fraud_target.embedded import LOOPBACK, free_port, stop
from moto.server import ThreadedMotoServer

from ci.deploy.tests.certificates import Certificate, write_certificate
from ci.deploy.tests.conftest import CI, tool

TERRAFORM = CI / "terraform"
PATIENCE = 120  # seconds for a busy machine
REGION = "eu-west-1"
ACCOUNT = "devstoreaccount1"
KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, and public
)
BLOBS, CLOUD = f"{ACCOUNT}.blob.azurite.test", "cloud.azurite.test"
PRIVATE_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"'
SUFFIXES = [
    "acrLoginServer",
    "azureDataLakeStoreFileSystem",
    "azureFrontDoorEndpointSuffix",
    "keyVaultDns",
    "mariadbServerEndpoint",
    "mhsmDns",
    "mysqlServerEndpoint",
    "postgresqlServerEndpoint",
    "sqlServerHostname",
    "storage",
    "storageSyncEndpointSuffix",
    "synapseAnalytics",
]


@dataclass(frozen=True, kw_only=True)
class States:
    """Where states are kept: the module whose backend it is, and what turns that to loopback."""

    cloud: str
    settings: Mapping[str, object]
    before: list[str] = field(default_factory=list)
    env: Mapping[str, str] = field(default_factory=dict)

    def start(self, folder: Path, *command: str) -> "subprocess.Popen[str]":
        """Start terraform in a folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_", "ARM_"))}
        return subprocess.Popen(
            [*self.before, tool("terraform"), *command, "-input=false", "-no-color"], cwd=folder, text=True,
            env={**kept, "CHECKPOINT_DISABLE": "1", **self.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def open(self, folder: Path, stage: str, resources: str) -> None:
        """Set up a folder with resources, and the state of a stage as the module's backend keeps it."""
        folder.mkdir()
        backend = re.search(r'^  backend "\w+" \{\n.*?^  \}\n', self._module("versions.tf"), re.MULTILINE | re.DOTALL)
        assert backend
        (folder / "main.tf").write_text(f"terraform {{\n{backend[0]}}}\n{resources}")
        given = {**self._stage(stage), **{name: json.dumps(value) for name, value in self.settings.items()}}
        (folder / "all.hcl").write_text("".join(f"{name} = {value}\n" for name, value in given.items()))
        process = self.start(folder, "init", "-backend-config=all.hcl")
        said, _ = process.communicate(timeout=PATIENCE)
        assert 0 == process.returncode, said

    def _stage(self, stage: str) -> dict[str, str]:
        """Return a stage's own settings of the backend, each as it stands there."""
        return dict(re.findall(r"^(\w+)\s+= (.+)$", self._module(f"{stage}.backend.hcl"), re.MULTILINE))

    def _module(self, name: str) -> str:
        return (TERRAFORM / self.cloud / name).read_text()


@contextmanager
def s3_states() -> Iterator[States]:
    """Give a stand-in for S3 that holds the bucket of the states."""
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url, keys = f"http://{host}:{port}", {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("s3", endpoint_url=url, region_name=REGION, **keys)
    client.create_bucket(Bucket="harness-state", CreateBucketConfiguration={"LocationConstraint": REGION})
    known = ("credentials_validation", "metadata_api_check", "requesting_account_id", "s3_checksum")
    skipped = {f"skip_{name}": True for name in known}
    local = {"endpoints": {"s3": url}, "use_path_style": True, "access_key": "a", "secret_key": "b"}
    try:
        yield States(cloud="gke", settings={**local, **skipped})
    finally:
        server.stop()


@contextmanager
def azure_states(folder: Path) -> Iterator[States]:
    """Give Azurite at port 443 of a name that only terraform's processes know, with the container of the states.

    Azurite takes a signature where Azure takes an identity, so that line of the backend is replaced.
    """
    certificate = write_certificate(folder, BLOBS, CLOUD)
    (folder / "hosts").write_text(f"127.0.0.1 localhost {BLOBS} {CLOUD}\n")
    command = [
        tool("azurite-blob"), "--silent", "--disableTelemetry", "--skipApiVersionCheck",
        "--location", str(folder / "blobs"),
        "--blobHost", LOOPBACK, "--blobPort", "443",
        "--cert", str(certificate.certificate), "--key", str(certificate.key),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    signature = _sign_access()
    try:
        with _cloud(certificate) as port:
            _create_container(certificate, signature)
            yield States(
                cloud="azure",
                settings={
                    "storage_account_name": ACCOUNT, "container_name": "state", "use_azuread_auth": False,
                    "metadata_host": f"{CLOUD}:{port}", "sas_token": signature,
                },
                before=["unshare", "-m", "sh", "-c", PRIVATE_HOSTS, str(folder / "hosts")],
                env={"SSL_CERT_FILE": str(certificate.authority)},
            )  # fmt: skip
    finally:
        stop(process)


def _sign_access() -> str:
    """Return a shared access signature for all of the account's blobs, for a day."""
    ends = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = "\n".join([ACCOUNT, "rwdlac", "b", "sco", "", ends, "", "https", "2020-10-02", ""])
    digest = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
    given = {"sv": "2020-10-02", "ss": "b", "srt": "sco", "sp": "rwdlac", "se": ends, "spr": "https"}
    return urlencode({**given, "sig": base64.b64encode(digest).decode()})


@contextmanager
def _cloud(certificate: Certificate) -> Iterator[int]:
    """Give the port of a server that says which names this cloud has, as terraform asks at its start."""
    where = dict.fromkeys(
        ("resourceManager", "graph", "microsoftGraphResourceId", "portal", "batch"), f"https://{CLOUD}"
    )
    login = {"loginEndpoint": f"https://{CLOUD}", "audiences": [f"https://{CLOUD}"], "tenant": "common"}
    suffixes = dict.fromkeys(SUFFIXES, "azurite.test")
    cloud = {
        "name": "AzureCloud",
        **where,
        "authentication": {**login, "identityProvider": "AAD"},
        "suffixes": suffixes,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(cloud).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    certificate.secure(server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _create_container(certificate: Certificate, signature: str) -> None:
    """Create the container of the states once Azurite answers."""
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.check_hostname = False  # only terraform's processes know its name
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPSConnection(LOOPBACK, context=context, timeout=PATIENCE)
        try:
            path = f"/state?restype=container&{signature}"
            connection.request("PUT", path, headers={"Host": BLOBS, "Content-Length": "0"})
            assert 201 == connection.getresponse().status
            return
        except OSError:
            assert time.monotonic() < deadline, "Azurite does not answer"
            time.sleep(0.2)
        finally:
            connection.close()
