"""From metrics to a pipeline: a real Prometheus and Alertmanager with the rules and routes of `ci/prometheus`."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fraud_target.meters import Meters

from ci.deploy.tests.alerting import PROMETHEUS, run_alertmanager
from ci.tests.forked import serve_forked
from ci.tests.observed import run_prometheus
from ci.tests.plant import PIPELINES, Plant, until
from tests.support.loopback import Handler, serve

DAY, HOUR = 86400, 3600
USUAL, MOVED = 0.1, 0.9  # mean scores


def opted_into_retraining() -> str:
    """Return the pipelines file of a project that the routes know, whose alerts lead through a stage."""
    text = PIPELINES.replace("shop:", "fraud:").replace("project: shop", "project: retail-fraud")
    text = text.replace("    watch: {rows: {path: data/rows.parquet, every: 1s}}\n", "")
    text = text.replace("alertmanager: {file: token}", "alertmanager: {file: key}")
    trained = "commands: [{run: [sh, -c, 'echo x >> data/trainings']}], suites: [schema.suite.yaml]"
    return text.replace("suites: [schema.suite.yaml]", trained).replace("degradation: notify", "degradation: [ci]")


class Watched:
    """A fraud service's own counters, growing while a test watches; `mean` is what it scores."""

    def __init__(self) -> None:
        self.mean, self.meters = USUAL, Meters()
        self.meters.serving = ("1", "sha256:" + "0" * 64)

    def work(self, stop: threading.Event) -> None:
        """Score until told to stop."""
        while not stop.wait(0.1):
            self.meters.count_scores("1", [self.mean] * 30)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Give the address at which Prometheus finds them."""
        watched = self

        class Metrics(Handler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(watched.meters.text())

        stop = threading.Event()
        threading.Thread(target=self.work, args=(stop,), daemon=True).start()
        with serve(Metrics) as url:
            yield url.removeprefix("http://")
        stop.set()


def write_history(folder: Path) -> None:
    """Give Prometheus the scores of the week before, which ended a day ago."""
    ends = int(time.time()) - DAY
    lines = [
        f"fraud_score_{name} {number * each} {ends - 8 * DAY + number * HOUR}"
        for name, each in (("sum", 1000 * USUAL), ("count", 1000))
        for number in range(8 * 24)
    ]
    (folder / "history").write_text("\n".join([*lines, "# EOF", ""]))
    places = map(str, (folder / "history", folder / "tsdb"))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", *places]
    subprocess.run(command, check=True, capture_output=True)


def config(folder: Path, service: str, alertmanager: str) -> dict[str, Any]:
    """Return a configuration with the repository's rules, which hold for seconds where they would for longer."""
    rules = (PROMETHEUS / "rules.yml").read_text()
    (folder / "rules.yml").write_text(re.sub(r"\bfor: \d+[mh]", "for: 3s", rules))
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}]},
        "scrape_configs": [{"job_name": "fraud", "static_configs": [{"targets": [service]}]}],
    }


@pytest.mark.heavy
def test_scores_that_moved_retrain_and_a_service_that_is_gone_is_told_to_people_alone(
    plant: Plant, notices: list[dict[str, Any]], tmp_path: Path
) -> None:
    people: list[str] = []

    class People(Handler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            people.extend(f"{each['status']} {each['labels']['alertname']}" for each in told["alerts"])
            self.send_response(204)
            self.end_headers()

    write_history(tmp_path)
    service = Watched()
    plant.project = "retail-fraud"
    plant.write(opted_into_retraining())
    with ExitStack() as running, ExitStack() as served:
        url, found = running.enter_context(serve(People)), served.enter_context(service.serve())
        alertmanager = running.enter_context(run_alertmanager(tmp_path, plant.url, url))
        serve_forked(plant)
        prometheus = running.enter_context(run_prometheus(tmp_path, config(tmp_path, found, alertmanager)))
        until(lambda: "firing HandbookAbsent" in people)  # whom nobody ever saw
        assert {"firing HandbookAbsent"} == set(people)
        assert [] == firing(prometheus, "fraud")

        service.mean = MOVED
        (retrained,) = plant.ended()
        until(lambda: "firing FraudScoresMoved" in people)

        served.close()
        until(lambda: "firing FraudServiceAbsent" in people)
        pipelines = plant.get("pipelines")

    assert ("passed", "degradation") == (retrained["state"], retrained["kind"])
    assert (1, 1) == (plant.trainings, len(pipelines))
    assert [["FraudScoresMoved"]] == [notice["fired"] for notice in notices]


def firing(prometheus: str, target: str) -> list[str]:
    """Return the alerts of a target that are pending or fire."""
    alerts = httpx.get(f"{prometheus}/api/v1/alerts").json()["data"]["alerts"]
    return [each["labels"]["alertname"] for each in alerts if each["labels"]["target"] == target]
