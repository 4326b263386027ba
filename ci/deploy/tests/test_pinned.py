"""A pod whose service is not the pinned one never becomes ready; the switch asks the same before it moves traffic."""

import copy
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fraud_target.embedded import LOOPBACK, free_port, valkey
from prometheus_client.parser import text_string_to_metric_families
from rag_target.opening import open_handbook

from ci.deploy.tests.conftest import CHART, CI, Manifest, Render, find
from ci.deploy.tests.world import Registered, register_model, run_pod

PATIENCE = 120  # seconds for a busy machine
WATCHED = 3  # seconds over which a wrong pin is asked again and again
OTHER = "sha256:" + "0" * 64
MODEL, DIGEST = "promotion-harness/model", "promotion-harness/digest"
PAYMENT = {
    "transaction_id": 1, "tx_time": "2026-03-31T12:00:00", "customer_id": 1, "terminal_id": 1, "amount": 10.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with valkey(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory, store: str) -> Registered:
    return register_model(tmp_path_factory.mktemp("registry"), store)


@pytest.fixture
def secret(store: str) -> dict[str, str]:
    return {"fraud-store-url": store, "fraud-api-key": "key", "handbook-api-key": "key"}


@pytest.fixture
def fraud_pod(render: Render, registered: Registered) -> Manifest:
    """The chart's pod of the fraud service, pinned to the registered model."""
    pinned = {"slots.blue.model": "models:/fraud/1", "slots.blue.digest": registered.digest}
    options = [f"services.fraud.{name}={value}" for name, value in pinned.items()]
    options.append(f"services.fraud.env.MLFLOW_TRACKING_URI={registered.registry}")
    manifests = render("staging", *(word for option in options for word in ("--set", option)))
    return copy.deepcopy(find(manifests, "Deployment", "fraud-blue")["spec"]["template"])


def _probe(pod: Manifest, url: str) -> httpx.Response:
    """Return what the pod's readiness probe is answered; the first answer is waited for."""
    path = pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"]
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return httpx.get(url + path, timeout=PATIENCE)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.1)


def _becomes_ready(pod: Manifest, url: str, seconds: float) -> tuple[bool, dict[str, Any]]:
    """Tell whether the probe succeeds within this time after its first answer, and what it was answered last."""
    reply = _probe(pod, url)
    deadline = time.monotonic() + seconds
    while reply.status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
        reply = _probe(pod, url)
    return reply.status_code == 200, reply.json()


def _check_slot(url: str, digest: str) -> "subprocess.CompletedProcess[str]":
    """Return what the switch's check says of a service."""
    command = [sys.executable, str(CHART / "files" / "check_slot.py"), url, digest]
    return subprocess.run(command, env={**os.environ, "API_KEY": "key"}, capture_output=True, text=True, check=False)


def _exported(url: str) -> set[str]:
    """Return the names of all series that a service exports, also of those that nothing was counted for yet."""
    text = httpx.get(f"{url}/metrics", headers={"Authorization": "Bearer key"}, timeout=PATIENCE).text
    families = list(text_string_to_metric_families(text))
    ends = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
    return {family.name + end for family in families for end in ends[family.type]}


def _watched(service: str) -> set[str]:
    """Return the names of a service's series in the rules and on the dashboard."""
    rules = (CI / "prometheus" / "rules.yml").read_text()
    panels = json.loads((CI / "prometheus" / "dashboard.json").read_text())["panels"]
    shown = " ".join(each["expr"] for panel in panels for each in panel["targets"])
    found = set(re.findall(rf"\b{service}_\w+", f"{rules} {shown}"))
    assert found
    return found


def test_a_fraud_service_of_the_pinned_digest_becomes_ready_and_may_be_switched_to(
    fraud_pod: Manifest, registered: Registered, secret: dict[str, str]
) -> None:
    with run_pod(fraud_pod, secret) as (url, _):
        ready, told = _becomes_ready(fraud_pod, url, PATIENCE)
        scored = httpx.post(f"{url}/v1/score", json=PAYMENT, headers={"X-API-Key": "key"}, timeout=PATIENCE).json()
        same, other = _check_slot(url, registered.digest), _check_slot(url, OTHER)
        exported = _exported(url)

    assert (True, None) == (ready, told["reason"])
    assert registered.digest == scored["digest"]
    assert 0 == same.returncode, same.stderr
    assert 1 == other.returncode
    assert f"pinned is {OTHER}" in other.stderr
    assert set() == _watched("fraud") - exported


def test_a_fraud_service_of_another_digest_never_becomes_ready_nor_scores(
    fraud_pod: Manifest, registered: Registered, secret: dict[str, str]
) -> None:
    fraud_pod["metadata"]["annotations"][DIGEST] = OTHER

    with run_pod(fraud_pod, secret) as (url, _):
        ready, told = _becomes_ready(fraud_pod, url, WATCHED)
        scored = httpx.post(f"{url}/v1/score", json=PAYMENT, headers={"X-API-Key": "key"}, timeout=PATIENCE)
        checked = _check_slot(url, OTHER)

    assert not ready
    assert f"serving {registered.digest}, pinned is {OTHER}" == told["reason"]
    assert 503 == scored.status_code
    assert 1 == checked.returncode
    assert "answers 503" in checked.stderr


@pytest.mark.parametrize("missing", [MODEL, DIGEST])
def test_a_fraud_service_without_its_annotations_does_not_start(
    missing: str, fraud_pod: Manifest, secret: dict[str, str]
) -> None:
    del fraud_pod["metadata"]["annotations"][missing]

    with run_pod(fraud_pod, secret) as (_, process):
        said, _ = process.communicate(timeout=PATIENCE)

    assert 2 == process.returncode, said


def test_a_handbook_of_the_pinned_digest_becomes_ready_and_another_ends(render: Render, secret: dict[str, str]) -> None:
    pod = copy.deepcopy(find(render("staging"), "Deployment", "handbook-blue")["spec"]["template"])
    pod["spec"]["containers"][0]["command"] += ["--retrieval", "bm25"]
    pod["metadata"]["annotations"][DIGEST] = open_handbook(None, "bm25").digest

    with run_pod(pod, secret) as (url, _):
        ready, _ = _becomes_ready(pod, url, PATIENCE)
        exported = _exported(url)
    pod["metadata"]["annotations"][DIGEST] = OTHER
    with run_pod(pod, secret) as (_, process):
        said, _ = process.communicate(timeout=PATIENCE)

    assert ready
    assert set() == _watched("handbook") - exported
    assert 1 == process.returncode
    assert f"pinned is '{OTHER}'" in said


def test_the_switch_goes_nowhere_where_nobody_answers() -> None:
    checked = _check_slot(f"http://{LOOPBACK}:{free_port()}", OTHER)

    assert 1 == checked.returncode
    assert "does not answer" in checked.stderr


def test_the_switch_asks_the_gate_of_each_slot_that_gets_traffic(render: Render) -> None:
    jobs = [each for each in render("canary") if each["kind"] == "Job"]

    found = {job["metadata"]["name"]: job["spec"]["template"]["spec"] for job in jobs}
    assert {"r-switch-fraud-blue", "r-switch-fraud-green", "r-switch-handbook-blue"} == set(found)
    for job in jobs:
        pod = job["spec"]["template"]
        digest = pod["metadata"]["annotations"][DIGEST]
        (ready,), (gate,) = pod["spec"]["initContainers"], pod["spec"]["containers"]
        assert (0, "Never") == (job["spec"]["backoffLimit"], pod["spec"]["restartPolicy"])
        assert "pre-upgrade" == job["metadata"]["annotations"]["helm.sh/hook"]
        assert digest == ready["command"][-1]
        assert ["harness", "gate", "production", "--candidate", digest, "--ledger", "$(LEDGER)"] == gate["command"]
        assert [{"name": "HOME", "value": "/tmp"}] == [each for each in gate["env"] if "value" in each]
    assert Path(CHART / "files" / "check_slot.py").read_text().strip() in _scripts(render)


def _scripts(render: Render) -> str:
    (config,) = [each for each in render("canary") if each["kind"] == "ConfigMap"]
    return str(config["data"]["check_slot.py"])
