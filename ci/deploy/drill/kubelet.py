"""Stands for the kubelet: one node that runs no container, and says of each pod what one would have shown."""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread

from ci.deploy.drill.plane import Api, Object

NODE = "/api/v1/nodes/one"
NAMESPACE = "harness"
DIGEST = "promotion-harness/digest"
ROOM = {"cpu": "64", "memory": "256Gi", "pods": "200"}


@dataclass(frozen=True, kw_only=True)
class World:
    """What the pods would find: the digests that models have, and those that the gate passes."""

    models: Set[str]
    passed: set[str] = field(default_factory=set)


@contextmanager
def run_kubelet(api: Api, world: World) -> Iterator[None]:
    """Run the node until the block ends."""
    api.create("/api/v1/nodes", {"metadata": {"name": "one"}})
    ended = Event()

    def run() -> None:
        while not ended.wait(0.5):
            beat = {**_condition("Ready", holds=True), "lastHeartbeatTime": _now()}
            api.set_status(NODE, {"capacity": ROOM, "allocatable": ROOM, "conditions": [beat]})
            for pod in api.get("/api/v1/pods")["items"]:
                _tend(api, world, pod)

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _tend(api: Api, world: World, pod: Object) -> None:
    """Bring a pod of this node to where it belongs."""
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
    if pod["spec"].get("nodeName") != "one" or pod["status"].get("phase") in ("Succeeded", "Failed"):
        return
    if "deletionTimestamp" in pod["metadata"]:
        api.call("DELETE", path, {"gracePeriodSeconds": 0})
    elif pod["spec"]["restartPolicy"] == "Never":
        api.set_status(path, {"phase": "Succeeded" if _passes(api, world, pod) else "Failed"})
    elif "podIP" not in pod["status"]:
        digest = pod["metadata"].get("annotations", {}).get(DIGEST)
        api.set_status(path, _running(pod, ready=digest is None or digest in world.models))


def _running(pod: Object, *, ready: bool) -> Object:
    """Return the status of a pod that runs; one that serves another model than its pin is never ready."""
    now = _now()
    containers = [
        {"name": each["name"], "image": each["image"], "imageID": "", "restartCount": 0, "ready": ready,
         "started": True, "state": {"running": {"startedAt": now}}}
        for each in pod["spec"]["containers"]
    ]  # fmt: skip
    conditions = [_condition(name, holds=ready) for name in ("Ready", "ContainersReady")]
    address = f"10.1.{hash(pod['metadata']['uid']) % 200}.{hash(pod['metadata']['name']) % 250 + 1}"
    return {"phase": "Running", "startTime": now, "podIP": address, "podIPs": [{"ip": address}],
            "conditions": conditions, "containerStatuses": containers}  # fmt: skip


def _passes(api: Api, world: World, job: Object) -> bool:
    """Tell what the switch's job finds: whether the slot has ready pods of the digest, and the gate passes it."""
    _, _, url, digest = job["spec"]["initContainers"][0]["command"]
    service = api.get(f"/api/v1/namespaces/{NAMESPACE}/endpoints/{url.removeprefix('http://')}")
    names = [each["targetRef"]["name"] for part in service.get("subsets", []) for each in part.get("addresses", [])]
    pods = [api.get(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}") for name in names]
    served = {pod["metadata"]["annotations"][DIGEST] for pod in pods}
    return served == {digest} and digest in world.passed


def _condition(name: str, *, holds: bool) -> Object:
    return {"type": name, "status": str(holds), "lastTransitionTime": _now()}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
