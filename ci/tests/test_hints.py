"""Who signs a moment is held to it; who signs nothing, or is heard at most once, hints at what is then looked at."""

import base64
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent

from ci.tests.plant import TOKEN, Plant, make_plant, push_payload, until
from tests.support.registered import serve_mlflow

KEY = b"a signing key of 32 bytes, that is"
PIPELINES = """project: shop
ledger: sqlite:///ledger.db
hooks: {gitlab: {file: signing}, azure: {file: token}, mlflow: {file: token}, api: {file: token}}
targets:
  labbed: {repository: {url: forge.git, gitlab: acme/shop}, stages: STAGES, on: {code: [ci]}}
  azured: {repository: {url: forge.git, azure: true, poll: 1h}, stages: STAGES, on: {code: [ci]}}
""".replace("STAGES", '{ci: {commands: [{run: [sh, -c, "exit 1"]}], gate: schema}}')
REGISTRY = """    registry: {mlflow: URI, model: fraud, alias: challenger, every: EVERY}
    on: {code: [ci], model: [ci]}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    made = make_plant(tmp_path_factory.mktemp("hints"), "http://127.0.0.1:9")
    (made.folder / "signing").write_text("whsec_" + base64.b64encode(KEY).decode())
    made.write(PIPELINES)
    made.serve()
    until(lambda: watched(made), 60)
    yield made
    made.kill()


def watched(plant: Plant) -> dict[str, str]:
    """Return what the control plane saw of what it watches."""
    with closing(sqlite3.connect(plant.folder / "state" / "control.db")) as book:
        return dict(book.execute("SELECT name, digest FROM harness_ci_watched").fetchall())


def count(plant: Plant) -> int:
    return len(plant.get("pipelines"))


def tell(plant: Plant, *, key: bytes = KEY, at: float | None = None, number: int = 1, **more: str) -> httpx.Response:
    """Deliver a push as GitLab does since it signs."""
    payload = push_payload(f"{number:040x}", f"{number + 1:040x}")
    body = json.dumps({"object_kind": "push", "project": {"path_with_namespace": "acme/shop"}, **payload})
    moment = str(int(time.time() if at is None else at))
    signature = base64.b64encode(hmac.new(key, f"one.{moment}.{body}".encode(), hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "one", "webhook-timestamp": moment, "webhook-signature": f"v1,{signature}", **more}
    return httpx.post(f"{plant.url}/v1/projects/shop/hooks/gitlab", content=body, headers=headers, timeout=60)


def test_a_signed_push_of_gitlab_is_taken_once_whatever_its_delivery_is_called(served: Plant) -> None:
    first = tell(served)
    again = tell(served, at=time.time() - 60)

    assert ({"events": ["new"]}, {"events": ["known"]}) == (first.json(), again.json())


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": b"another"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,bm90IGl0 v1a,bm90IGl0"},
        {"webhook-id": "two"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-signature": "", "x-gitlab-token": "whsec_" + base64.b64encode(KEY).decode()},
        {"at": 1_600_000_000.0},
        {"at": time.time() + 3600},
    ],
)
def test_a_push_that_is_not_signed_as_gitlab_signs_now_starts_nothing(served: Plant, wrong: dict[str, Any]) -> None:
    before = count(served)

    answer = tell(served, number=7, **wrong)

    assert (401, before) == (answer.status_code, count(served)), answer.text


def test_a_moment_that_is_another_says_that_clocks_differ(served: Plant) -> None:
    assert "set the clocks" in tell(served, at=time.time() - 3600).json()["error"]


def test_azure_only_hints_and_what_its_repository_has_is_taken_once(served: Plant) -> None:
    url, before = f"{served.url}/v1/projects/shop/hooks/azure", count(served)
    forged = {"resource": {"refUpdates": [{"newObjectId": "f" * 40}]}}

    refused = httpx.post(url, json=forged, auth=("azure", "another"), timeout=60)
    idle = httpx.post(url, json=forged, auth=("azure", TOKEN), timeout=60)
    nothing = count(served)
    (served.work / "new").write_text("x")
    _, after = served.push()
    told = [httpx.post(url, json=forged, auth=("azure", TOKEN), timeout=60).status_code for _ in range(3)]

    assert (401, 202, before) == (refused.status_code, idle.status_code, nothing)
    assert [202, 202, 202] == told
    assert before + 1 == count(served)
    assert after == served.get("pipelines")[0]["revision"]


def test_a_hint_at_a_repository_that_is_away_is_to_be_told_again(served: Plant) -> None:
    url, forge = f"{served.url}/v1/projects/shop/hooks/azure", served.folder / "forge.git"
    forge.rename(served.folder / "away")

    answer = httpx.post(url, json={}, auth=("azure", TOKEN), timeout=60)

    (served.folder / "away").rename(forge)
    assert 503 == answer.status_code
    assert "looked at again" in answer.json()["error"]


@pytest.mark.heavy
def test_an_alias_that_moves_in_a_real_mlflow_is_heard_at_once_and_found_again_where_nothing_was_heard(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ALLOWED_SCHEMES": "http,https",
        "ALLOW_PRIVATE_IPS": "true",
        "SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }.items():
        monkeypatch.setenv(f"MLFLOW_WEBHOOK_{name}", value)
    with serve_mlflow(tmp_path) as uri:
        client = MlflowClient(tracking_uri=uri)
        client.create_registered_model("fraud")
        for _ in range(3):
            run = client.create_run("0").info
            client.create_model_version("fraud", f"{run.artifact_uri}/model", run_id=run.run_id)
        client.create_webhook(
            "control", f"{plant.url}/v1/projects/shop/hooks/mlflow", secret=TOKEN,
            events=[WebhookEvent(WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.CREATED)],
        )  # fmt: skip
        client.set_registered_model_alias("fraud", "challenger", "1")
        serve_registry(plant, uri, "1h")
        until(lambda: watched(plant).get("labbed:alias:fraud@challenger") == "1", 60)
        client.set_registered_model_alias("fraud", "challenger", "2")
        (heard,) = plant.ended()
        plant.kill()
        client.set_registered_model_alias("fraud", "challenger", "3")
        serve_registry(plant, uri, "1s")
        (_, found) = plant.ended(2)

    assert ["model", "model"] == [heard["kind"], found["kind"]]
    assert [1, 1] == [len(plant_events(plant, each)) for each in (heard, found)]


def serve_registry(plant: Plant, uri: str, every: str) -> None:
    """Serve a control plane that listens to MLflow, and looks into it besides."""
    (plant.folder / "signing").write_text("unused")
    stages = '{ci: {commands: [{run: [sh, -c, "exit 1"]}], gate: schema}}'
    target = f"  labbed:\n    repository: {{url: forge.git}}\n    stages: {stages}\n"
    registry = REGISTRY.replace("URI", uri).replace("EVERY", every)
    plant.write(PIPELINES.partition("  labbed:")[0] + target + registry)
    plant.serve()


def plant_events(plant: Plant, pipeline: dict[str, Any]) -> list[str]:
    keys: list[str] = plant.get(f"pipelines/{pipeline['id']}")["events"]
    return keys
