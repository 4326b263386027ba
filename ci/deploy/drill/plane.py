"""A Kubernetes control plane on loopback, of the programs that `build` makes."""

import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

ETCD, PEERS, API, CONTROLLERS, SCHEDULER = range(5660, 5665)
URL = f"https://127.0.0.1:{API}"
TOKEN = "drill"  # of an API server that lives as long as the drill, on loopback
PATIENCE = 180  # seconds for a busy machine
Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Api:
    """The API server, as its administrator."""

    certificate: Path

    def call(self, method: str, path: str, body: object = None, kind: str = "application/json") -> tuple[int, Object]:
        """Return the status and the object that a request is answered with."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
        request = Request(URL + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        try:
            with build_opener(ProxyHandler({}), HTTPSHandler(context=context)).open(request, timeout=60) as reply:
                return reply.status, json.load(reply)
        except HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"{}")

    def get(self, path: str) -> Object:
        """Return an object that is there."""
        status, found = self.call("GET", path)
        assert 200 == status, (path, found)
        return found

    def create(self, path: str, body: Object) -> None:
        """Create an object; a refusal ends the drill."""
        status, found = self.call("POST", path, body)
        assert 201 == status, (path, found)

    def set_status(self, path: str, status: Object) -> None:
        """Write the status of an object that is still there."""
        code, found = self.call("PATCH", f"{path}/status", {"status": status}, "application/strategic-merge-patch+json")
        assert code in (200, 404, 409), (path, found)


@contextmanager
def run_plane(programs: Path, folder: Path) -> Iterator[tuple[Api, Path]]:
    """Give the API of a fresh control plane, and the configuration by which helm finds it."""
    config, certificate = folder / "config", folder / "certificates" / "apiserver.crt"
    key = folder / "accounts.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
    api = Api(certificate=certificate)
    with ExitStack() as running:
        for command in _base(folder, key):
            running.enter_context(_run(programs, command, folder))
        _wait(lambda: certificate.exists() and api.call("GET", "/api")[0] == 200)
        config.write_text(json.dumps(_client(certificate)))
        for command in _controllers(config, key):
            running.enter_context(_run(programs, command, folder))
        _wait(lambda: api.call("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200)
        yield api, config


def _base(folder: Path, key: Path) -> Sequence[Sequence[str]]:
    here, there = f"http://127.0.0.1:{ETCD}", f"http://127.0.0.1:{PEERS}"
    etcd = ["etcd", "--data-dir", f"{folder}/etcd", "--listen-client-urls", here, "--advertise-client-urls", here,
            "--listen-peer-urls", there, "--initial-advertise-peer-urls", there,
            "--initial-cluster", f"default={there}", "--log-level", "warn"]  # fmt: skip
    api = ["kube-apiserver", "--etcd-servers", here, "--bind-address", "127.0.0.1", "--secure-port", str(API),
           "--insecure-port", "0", "--advertise-address", "192.0.2.1", "--endpoint-reconciler-type", "none",
           "--cert-dir", f"{folder}/certificates", "--token-auth-file", f"{folder}/tokens.csv",
           "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24",
           "--service-account-issuer", URL, "--service-account-signing-key-file", str(key),
           "--service-account-key-file", str(key)]  # fmt: skip
    return etcd, api


def _controllers(config: Path, key: Path) -> Sequence[Sequence[str]]:
    common = ["--kubeconfig", str(config), "--leader-elect=false", "--port", "0", "--bind-address", "127.0.0.1"]
    manager = ["kube-controller-manager", *common, "--secure-port", str(CONTROLLERS),
               "--service-account-private-key-file", str(key)]  # fmt: skip
    return manager, ["kube-scheduler", *common, "--secure-port", str(SCHEDULER)]


def _client(certificate: Path) -> Object:
    cluster = {"name": "c", "cluster": {"server": URL, "certificate-authority": str(certificate)}}
    user = {"name": "c", "user": {"token": TOKEN}}
    context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
    named = {"clusters": [cluster], "users": [user], "contexts": [context], "current-context": "c"}
    return {"apiVersion": "v1", "kind": "Config", **named}


@contextmanager
def _run(programs: Path, command: Sequence[str], folder: Path) -> Iterator[None]:
    """Run one of the programs; what it says goes to a file of its name."""
    name, *options = command
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen([str(programs / name), *options], stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "the control plane does not answer; see its logs"
        time.sleep(0.5)
