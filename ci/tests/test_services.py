"""Beside real services: a PostgreSQL that keeps pipelines, an Alertmanager that tells of a degradation."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from ci.tests.observed import run_server
from ci.tests.plant import TOKEN, Plant, free_port, until
from tests.support.databases import postgres_cluster

HARNESS = Path(sys.executable).with_name("harness")
PIPELINES = """project: shop
ledger: sqlite:///ledger.db
hooks: {github: {file: hook}, alertmanager: {file: token}, api: {file: token}}
targets:
  shop:
    repository: {url: forge.git, github: acme/shop}
    link: {data: data}
    notify: {file: owner}
    stages:
      ci:
        commands:
          - {run: [sh, -c, "sleep 1; echo x >> data/effects; sleep 1"]}
          - {run: [sh, -c, "exit 1"]}
        gate: schema
    on: {code: [ci]}
"""


@pytest.mark.heavy
def test_pipelines_are_kept_in_postgres_for_one_control_plane_alone(plant: Plant) -> None:
    plant.write(PIPELINES)
    with postgres_cluster() as url:
        database = url.replace("postgresql://", "postgresql+psycopg://")
        plant.serve("--database", database)
        plant.tell_push(*plant.push())
        asked = ["--pipelines", plant.folder / "pipelines.yaml", "--state", plant.folder / "other"]
        second = subprocess.run(
            [HARNESS, "ci", "serve", "--port", str(free_port()), *asked, "--database", database],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        plant.kill()
        plant.serve("--database", database)
        (ended,) = plant.ended()
        plant.kill()

    assert second.returncode == 4
    assert "another control plane works with this database" in second.stderr
    assert ("failed", "x\n") == (ended["state"], (plant.folder / "data" / "effects").read_text())


@pytest.fixture
def alertmanager(plant: Plant) -> Iterator[str]:
    """A real Alertmanager that tells the control plane."""
    hook = {
        "url": f"{plant.url}/v1/projects/shop/targets/shop/alerts",
        "http_config": {"authorization": {"type": "Bearer", "credentials": TOKEN}},
    }
    route = {"receiver": "control", "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1m"}
    config = {"route": route, "receivers": [{"name": "control", "webhook_configs": [hook]}]}
    (plant.folder / "am.yml").write_text(json.dumps(config))
    port = free_port()
    asked = [f"--config.file={plant.folder / 'am.yml'}", f"--storage.path={plant.folder / 'am'}"]
    url = f"http://127.0.0.1:{port}"
    command = ["prometheus-alertmanager", *asked, f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with run_server(command, f"{url}/-/ready"):
        yield url


@pytest.mark.heavy
def test_an_alert_of_a_real_alertmanager_tells_the_owner_once_however_often_it_repeats(
    plant: Plant, alertmanager: str, notices: list[dict[str, Any]]
) -> None:
    plant.write(PIPELINES)
    plant.serve()
    since = datetime.now(UTC).isoformat()

    for instance in "abc":
        labels = {"alertname": "RecallLow", "model": "shop", "instance": instance}
        fired = httpx.post(f"{alertmanager}/api/v2/alerts", json=[{"labels": labels, "startsAt": since}])
        assert fired.is_success, fired.text
        time.sleep(1.5)
    (ended,) = plant.ended()

    assert ("passed", "degradation") == (ended["state"], ended["kind"])
    assert [["RecallLow"]] == [notice["fired"] for notice in notices]
    until(lambda: len(plant.get(f"pipelines/{ended['id']}")["events"]) == 3, 60)
