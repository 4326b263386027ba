"""A stand-in for a cluster's API: it says which kinds it has, and answers helm's look-ups of what is deployed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from fraud_target.embedded import LOOPBACK

from ci.deploy.tests.conftest import RELEASE, Manifest


@contextmanager
def serve_cluster(deployed: list[Manifest], kinds: list[Manifest], config: Path) -> Iterator[Path]:
    """Give the configuration by which helm finds a cluster that has these objects, and the kinds of those."""
    answers = {"/version": {"major": "1", "minor": "35", "gitVersion": "v1.35.0"}, **_discovery(kinds)}
    answers |= {_path(each): _own(each) for each in deployed}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps(
                found or {"kind": "Status", "apiVersion": "v1", "reason": "NotFound", "code": 404}
            ).encode()
            self.send_response(200 if found else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    cluster = {"name": "c", "cluster": {"server": f"http://{LOOPBACK}:{server.server_port}"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
    told = {"clusters": [cluster], "contexts": [context], "users": [{"name": "c", "user": {}}], "current-context": "c"}
    config.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **told}))
    try:
        yield config
    finally:
        server.shutdown()
        server.server_close()


def _own(each: Manifest) -> Manifest:
    """Return an object as helm left it, by which it knows its own again."""
    release = {"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": "default"}
    return {**each, "metadata": {**each["metadata"], "annotations": release}}


def _discovery(manifests: list[Manifest]) -> Mapping[str, Any]:
    """Return what a cluster says of the kinds that it has."""
    kinds: dict[str, set[str]] = {"v1": set(), "apps/v1": set()}
    for each in manifests:
        kinds.setdefault(each["apiVersion"], set()).add(each["kind"])
    groups = [name.partition("/") for name in kinds if "/" in name]
    told = [
        {"name": group, "versions": [{"groupVersion": f"{group}/{version}", "version": version}]}
        for group, _, version in groups
    ]
    lists = {_root(name): _resources(name, found) for name, found in kinds.items()}
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "groups": told},
        **lists,
    }


def _resources(version: str, kinds: set[str]) -> Mapping[str, Any]:
    resources = [{"name": _plural(kind), "namespaced": True, "kind": kind, "verbs": ["get", "list"]} for kind in kinds]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _path(each: Manifest) -> str:
    return f"{_root(each['apiVersion'])}/namespaces/default/{_plural(each['kind'])}/{each['metadata']['name']}"
