"""The chart's control plane runs as the chart says, and takes the alerts that Alertmanager's routes send it."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from ci.deploy.tests.alerting import PATIENCE, add_alert, run_alertmanager
from ci.deploy.tests.conftest import Render, find
from ci.deploy.tests.world import run_pod

TARGET = """
    repository: {url: forge.git}
    stages: {ci: {suites: [suites], gate: ci}}
    on: {code: [ci], degradation: notify}"""
PIPELINES = f"""project: retail-fraud
ledger: sqlite:///ledger.db
hooks: {{alertmanager: {{file: secret}}, api: {{file: secret}}}}
targets:
  fraud: {TARGET}
  handbook: {TARGET}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as the image of the control plane has it in /project."""
    folder = tmp_path / "project"
    (folder / "ci").mkdir(parents=True)
    (folder / "ci" / "pipelines.yaml").write_text(PIPELINES)
    (folder / "ci" / "secret").write_text("secret")
    return folder


def _pipelines(url: str) -> list[dict[str, Any]]:
    headers = {"Authorization": "Bearer secret"}
    return httpx.get(f"{url}/v1/projects/retail-fraud/pipelines", headers=headers, timeout=PATIENCE).json()  # type: ignore[no-any-return]


def _wait(url: str, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            assert 200 == httpx.get(url + path, timeout=PATIENCE).status_code
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, "nobody listens"
            time.sleep(0.2)


def test_an_alert_that_starts_a_pipeline_starts_what_the_pipelines_file_says_and_a_fault_none(
    project: Path, render: Render, tmp_path: Path
) -> None:
    pod = find(render("staging"), "Deployment", "control")["spec"]["template"]
    probe = pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"]

    with run_pod(pod, {"ledger-url": "unused"}, project) as (url, _):
        _wait(url, probe)
        with run_alertmanager(tmp_path, url, "http://127.0.0.1:9") as alertmanager:
            add_alert(alertmanager, "FraudErrors", "severity=page", "target=fraud")
            add_alert(alertmanager, "FraudScoresMoved", "severity=ticket", "target=fraud", "starts=pipeline")
            deadline = time.monotonic() + PATIENCE
            while not (started := _pipelines(url)) or started[0]["ended"] is None:
                assert time.monotonic() < deadline, started
                time.sleep(0.2)

    (pipeline,) = started
    assert ("fraud", "degradation", []) == (pipeline["target"], pipeline["kind"], list(pipeline["stages"]))
    assert "passed" == pipeline["state"]
