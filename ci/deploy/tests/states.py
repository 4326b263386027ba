"""Places for terraform's state on loopback: moto for S3, and Azurite under the names that terraform looks for."""

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
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import UUID

import boto3
from fraud_target.embedded import LOOPBACK, free_port, stop
from moto.server import ThreadedMotoServer

from ci.deploy.tests.certificates import Certificate, write_certificate
from ci.deploy.tests.conftest import CI, tool
from ci.deploy.tests.identities import ACCOUNT, OF_CLUSTER, POD, Authority, bearer

TERRAFORM = CI / "terraform"
PATIENCE = 120  # seconds for a busy machine
REGION = "eu-west-1"
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

    Terraform has an identity by a token of its cluster, as in a pod or a pipeline.
    """
    certificate = write_certificate(folder, BLOBS, CLOUD)
    (folder / "hosts").write_text(f"127.0.0.1 localhost {BLOBS} {CLOUD}\n")
    command = [
        tool("azurite-blob"), "--silent", "--disableTelemetry", "--skipApiVersionCheck",
        "--location", str(folder / "blobs"),
        "--blobHost", LOOPBACK, "--blobPort", "443", "--oauth", "basic",
        "--cert", str(certificate.certificate), "--key", str(certificate.key),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with _cloud(certificate) as port:
            _create_container(certificate)
            yield States(
                cloud="azure",
                settings={
                    "storage_account_name": ACCOUNT, "metadata_host": f"{CLOUD}:{port}", "use_cli": False,
                    "use_oidc": True, "oidc_token": OF_CLUSTER, "client_id": POD, "tenant_id": str(UUID(int=1)),
                    "subscription_id": str(UUID(int=2)),
                },
                before=["unshare", "-m", "sh", "-c", PRIVATE_HOSTS, str(folder / "hosts")],
                env={"SSL_CERT_FILE": str(certificate.authority)},
            )  # fmt: skip
    finally:
        stop(process)


@contextmanager
def _cloud(certificate: Certificate) -> Iterator[int]:
    """Give the port of a server that says which names this cloud has, as terraform asks first, and gives tokens."""
    where = dict.fromkeys(
        ("resourceManager", "graph", "microsoftGraphResourceId", "portal", "batch"), f"https://{CLOUD}"
    )
    login = {"audiences": [f"https://{CLOUD}"], "tenant": "common", "identityProvider": "AAD"}
    suffixes = dict.fromkeys(SUFFIXES, "azurite.test")
    cloud = {"name": "AzureCloud", **where, "suffixes": suffixes}

    class Handler(Authority):
        def do_GET(self) -> None:
            endpoint = f"https://{CLOUD}:{server.server_port}"
            self.answer({**cloud, "authentication": {**login, "loginEndpoint": endpoint}})

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    certificate.secure(server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _create_container(certificate: Certificate) -> None:
    """Create the container of the states once Azurite answers."""
    context = ssl.create_default_context(cafile=str(certificate.authority))
    context.check_hostname = False  # only terraform's processes know its name
    headers = {"Host": BLOBS, "Content-Length": "0", **bearer()}
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPSConnection(LOOPBACK, context=context, timeout=PATIENCE)
        try:
            connection.request("PUT", "/state?restype=container", headers=headers)
            assert 201 == connection.getresponse().status
            return
        except OSError:
            assert time.monotonic() < deadline, "Azurite does not answer"
            time.sleep(0.2)
        finally:
            connection.close()
