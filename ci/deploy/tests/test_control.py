"""The chart's control plane runs as the chart says, and takes the alerts that Alertmanager's routes send it."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from ci.deploy.tests.alerting import PATIENCE, add_alert, run_alertmanager
from ci.deploy.tests.conftest import CI, Render, find
from ci.deploy.tests.world import run_pod

OWN = CI / "pipelines.yaml"  # the repository's own: its fraud model's owner is told, and nothing is started
HANDBOOK = """
  handbook:
    repository: {url: forge.git}
    stages: {ci: {suites: [suites], gate: ci}}
    on: {code: [ci], degradation: [ci]}
"""
SECRETS = ("GITHUB_SECRET", "ALERTS_TOKEN", "API_TOKEN", "GATES_TOKEN")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the image of the control plane has it in /project."""
    folder = tmp_path / "project"
    (folder / "ci").mkdir(parents=True)
    (folder / "ci" / "pipelines.yaml").write_text(OWN.read_text() + HANDBOOK)
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
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
            add_alert(alertmanager, "HandbookDeclinesMore", "severity=ticket", "target=handbook", "starts=pipeline")
            deadline = time.monotonic() + PATIENCE
            while len(started := _pipelines(url)) < 2 or any(each["ended"] is None for each in started):
                assert time.monotonic() < deadline, started
                time.sleep(0.2)

    assert {"degradation"} == {each["kind"] for each in started}
    stages, states = ({each["target"]: each[name] for each in started} for name in ("stages", "state"))
    assert {"fraud": [], "handbook": ["ci"]} == stages
    assert {"fraud": "passed", "handbook": "error"} == states  # the second has no forge here
