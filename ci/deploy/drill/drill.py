"""Installs, upgrades, fails, rolls back and switches the chart on a real API server.

    python -m ci.deploy.drill.drill FOLDER > transcript

FOLDER is what `build` filled. Needs helm (`ci/deploy/tools`), npm and openssl. Each step prints what was done, how long
it took and what the server then has; a step that ends otherwise than it must ends the drill. No container runs:
`kubelet.py` says what one would have shown.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ci.deploy.drill.kubelet import NAMESPACE, World, run_kubelet
from ci.deploy.drill.plane import PATIENCE, Api, Object, run_plane
from ci.deploy.drill.resources import define_resources

CI = Path(__file__).parents[2]
FIRST, SECOND, HANDBOOK, UNKNOWN = (f"sha256:{digit * 64}" for digit in "1239")
ARGO = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}"
OLD = {  # kinds that a server of 1.20 has under their former names, with the same fields
    "autoscaling/v2\n": "autoscaling/v2beta2\n",
    "policy/v1\n": "policy/v1beta1\n",
    ">=1.30.0-0": ">=1.20.0-0",
}


@dataclass(frozen=True, kw_only=True)
class Drill:
    """A release of the chart on a server."""

    api: Api
    world: World
    chart: Path
    config: Path

    def helm(self, *words: str, says: str = "") -> None:
        """Run helm; with `says` it must fail and say that, without it must succeed."""
        began = time.monotonic()
        command = [shutil.which("helm", path=str(Path(sys.executable).parent)) or "helm", *words, "-n", NAMESPACE]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.chart, env={**os.environ, "KUBECONFIG": str(self.config)}
        )
        said = done.stdout + done.stderr
        ended = "succeeded" if done.returncode == 0 else f"failed: {done.stderr.strip().splitlines()[-1][:220]}"
        print(f"$ helm {' '.join(words)}\n  {time.monotonic() - began:.1f} s, {ended}")
        if words[0] in ("version", "history"):
            print("".join(f"  {line.rstrip()}\n" for line in done.stdout.splitlines()), end="")
        assert (done.returncode != 0) == bool(says), said
        assert says in said, said

    def get(self, kind: str, name: str) -> Object:
        """Return an object of the namespace; `kind` is its path from the API's root."""
        group, _, plural = kind.rpartition("/")
        return self.api.get(f"/{group}/namespaces/{NAMESPACE}/{plural}/{name}")

    def show(self, *, traffic: str, ready: Mapping[str, int]) -> None:
        """Print who has the traffic and how many pods are ready, and hold both to what they must be."""
        slot = self.get("api/v1/services", "r-fraud")["spec"]["selector"]["promotion-harness/slot"]
        (rule,) = self.get("apis/gateway.networking.k8s.io/v1/httproutes", "r-fraud")["spec"]["rules"]
        weights = " ".join(f"{each['name'].removeprefix('r-fraud-')}={each['weight']}" for each in rule["backendRefs"])
        counts = self._wait_for(ready)
        found = self.get("api/v1/endpoints", "r-fraud")
        pods = {each["targetRef"]["name"] for part in found.get("subsets", []) for each in part.get("addresses", [])}
        print(f"  service: {slot}, {len(pods)} pods; route: {weights}; ready: {counts}")
        assert traffic == weights, weights
        assert pods
        assert all(name.startswith(f"r-fraud-{slot}-") for name in pods), pods
        assert ready == counts, counts

    def _wait_for(self, ready: Mapping[str, int]) -> Mapping[str, int]:
        """Return how many pods of each slot are ready, at the latest when the autoscaler has looked."""
        ends = time.monotonic() + PATIENCE
        while True:
            found = {each: self.get("apis/apps/v1/deployments", f"r-fraud-{each}")["status"] for each in ready}
            counts = {each: status.get("readyReplicas", 0) for each, status in found.items()}
            if counts == ready or time.monotonic() > ends:
                return counts
            time.sleep(0.5)

    def deploy(self, values: str, *words: str, says: str = "") -> None:
        """Upgrade to a file of values."""
        self.helm("upgrade", "r", ".", "-f", f"values/{values}.yaml", *words, says=says)

    def ask(self, method: str, path: str, body: Object, expected: int, note: str) -> Object:
        """Ask the server for something whose status is known."""
        status, found = self.api.call(method, path, body)
        print(f"$ {method} {path.rpartition('/')[2]} ({note})\n  {status}: {found.get('message', 'taken')[:200]}")
        assert status == expected, found
        return found


def switch_slots(drill: Drill) -> None:
    """Blue, a share for green, a gate that refuses, the switch, and the way back."""
    ready = {"blue": 4, "green": 4}
    drill.helm("install", "r", ".", "-f", "values/blue.yaml", "--wait", "--timeout", "120s")
    drill.show(traffic="blue=100", ready=ready)
    _title("The gate has not passed green: neither a share nor the switch")
    drill.deploy("canary", "--timeout", "60s", says="pre-upgrade")
    drill.deploy("green", "--timeout", "60s", says="pre-upgrade")
    drill.show(traffic="blue=100", ready=ready)
    _title("The gate passes green: a share of 5 %, then all")
    drill.world.passed.add(SECOND)
    drill.deploy("canary", "--wait", "--timeout", "120s")
    drill.show(traffic="blue=95 green=5", ready=ready)
    drill.deploy("green", "--wait", "--timeout", "120s")
    drill.show(traffic="green=100", ready=ready)
    _title("The way back asks no gate")
    drill.helm("history", "r")
    drill.helm("rollback", "r", "1", "--wait", "--timeout", "120s")
    drill.show(traffic="blue=100", ready=ready)


def fail_upgrades(drill: Drill) -> None:
    """A digest that no model has, in each of the places where it can stand."""
    pin = f"services.fraud.slots.{{}}.digest={UNKNOWN}"
    whole = {"blue": 4, "green": 4}
    _title("A digest that no model has, on the slot with the traffic: refused before anything is applied")
    drill.deploy("blue", "--set", pin.format("blue"), "--timeout", "60s", says="pre-upgrade")
    drill.show(traffic="blue=100", ready=whole)
    _title("The same on the other slot: its new pod is never ready, no old pod goes, and the wait ends")
    drill.deploy("blue", "--set", pin.format("green"), "--wait", "--timeout", "20s", says="r-fraud-green")
    drill.show(traffic="blue=100", ready=whole)
    drill.deploy("green", "--set", pin.format("green"), "--timeout", "60s", says="pre-upgrade")
    drill.helm("rollback", "r", "1", "--wait", "--timeout", "120s")
    drill.show(traffic="blue=100", ready=whole)
    _title("With --rollback-on-failure helm goes back by itself")
    drill.deploy("blue", "--set", pin.format("green"), "--rollback-on-failure", "--timeout", "20s", says="rolled back")
    drill.helm("history", "r")
    drill.show(traffic="blue=100", ready=whole)
    _title("A value that nobody knows changes nothing")
    drill.deploy("blue", "--set", "services.fraud.actve=green", says="actve")
    drill.show(traffic="blue=100", ready=whole)


def spare_pods(drill: Drill) -> None:
    """A drain takes one pod of a slot at a time."""
    _title("A drain takes one pod, and the next only when the slot is whole again")
    labels = "labelSelector=app.kubernetes.io/name%3Dfraud,promotion-harness/slot%3Dblue"
    pods = drill.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?{labels}")["items"]
    for pod, expected in zip(pods[:2], (201, 429), strict=True):
        name = pod["metadata"]["name"]
        body = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
        drill.ask("POST", f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction", body, expected, name)


def create_argo(drill: Drill) -> None:
    """The objects of `ci/argo` under the schemas of Argo's own definitions."""
    _title("Argo's objects; its controller is not here")
    for name in ("analysis", "rollout"):
        for each in yaml.safe_load_all((CI / "argo" / f"{name}.yaml").read_text()):
            place = f"{ARGO}/{each['kind'].lower()}s"
            drill.ask("POST", place, each, 201, each["metadata"]["name"])
    each["metadata"]["name"] = "wrong"
    each["spec"]["strategy"]["canary"]["steps"][0]["setWeight"] = "5"
    drill.ask("POST", f"{ARGO}/rollouts", each, 422, "a weight as text")


def lose_a_race(drill: Drill) -> None:
    """Of two writers that read the same version of an object, one is refused."""
    _title("A ConfigMap by compare-and-swap")
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    drill.api.create(path, {"metadata": {"name": "lock"}, "data": {"holder": "nobody"}})
    read = drill.get("api/v1/configmaps", "lock")
    drill.ask("PUT", f"{path}/lock", {**read, "data": {"holder": "first"}}, 200, "first")
    drill.ask("PUT", f"{path}/lock", {**read, "data": {"holder": "second"}}, 409, "second, of the same version")


def install_stage(drill: Drill) -> None:
    """Staging, with the control plane and a Redis on disks of their own."""
    _title("Staging: one slot, the control plane and Redis, each on a disk")
    drill.helm("uninstall", "r", "--wait", "--timeout", "120s")
    for name in ("first", "second"):
        spec = {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/disks/{name}"},
        }
        drill.api.create("/api/v1/persistentvolumes", {"metadata": {"name": name}, "spec": spec})
    drill.helm("install", "s", ".", "-f", "values/staging.yaml", "--wait", "--timeout", "120s")
    pods = drill.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
    print("  pods:", ", ".join(sorted(each["metadata"]["name"] for each in pods)))
    drill.helm("uninstall", "s", "--wait", "--timeout", "120s")


def _title(text: str) -> None:
    print(f"\n## {text}")


def _copy_chart(folder: Path) -> Path:
    """Return a copy of the chart with the names that a server of 1.20 knows."""
    chart = folder / "chart"
    shutil.copytree(CI / "helm", chart)
    for file in [chart / "Chart.yaml", *(chart / "templates").glob("*.yaml")]:
        text = file.read_text()
        for new, old in OLD.items():
            text = text.replace(new, old)
        file.write_text(text)
    return chart


def main(programs: str) -> None:
    """Run the drill with the programs in a folder."""
    began = time.monotonic()
    world = World(models={FIRST, SECOND, HANDBOOK}, passed={FIRST, HANDBOOK})
    folder = Path(programs).absolute() / "run"  # logs stay there
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with run_plane(folder.with_name("bin"), folder) as (api, config), run_kubelet(api, world):
        version = api.get("/version")
        print(f"server {version['gitVersion']} ({version['goVersion']}), ready after {time.monotonic() - began:.0f} s")
        api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        define_resources(api, folder)
        drill = Drill(api=api, world=world, chart=_copy_chart(folder), config=config)
        drill.helm("version", "--short")
        for part in (switch_slots, fail_upgrades, spare_pods, create_argo, lose_a_race, install_stage):
            part(drill)
    print(f"\nthe whole drill took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
