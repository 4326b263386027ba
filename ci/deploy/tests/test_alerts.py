"""Alerts fire when something is gone, each was seen to fire, and they go where the routes say."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import yaml
from fraud_target.embedded import LOOPBACK

from ci.deploy.tests.alerting import PATIENCE, PROMETHEUS, add_alert, run_alertmanager
from ci.deploy.tests.conftest import run

RULES = [rule for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"] for rule in group["rules"]]
Received = tuple[str, Mapping[str, str], Mapping[str, Any]]  # path, headers, body


def test_the_rules_are_rules_and_fire_as_their_tests_say() -> None:
    checked = run("promtool", "check", "rules", PROMETHEUS / "rules.yml")
    tried = run("promtool", "test", "rules", PROMETHEUS / "rules.test.yml")

    assert 0 == checked.returncode, checked.stderr
    assert 0 == tried.returncode, tried.stdout + tried.stderr


def test_every_alert_is_seen_to_fire() -> None:
    tests = yaml.safe_load((PROMETHEUS / "rules.test.yml").read_text())["tests"]
    fired = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each["exp_alerts"]}

    assert {rule["alert"] for rule in RULES} == fired


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    for scrape in config["scrape_configs"]:  # Debian's promtool is built without the discovery of Kubernetes
        assert [{"role": "pod"}] == scrape.pop("kubernetes_sd_configs")
        scrape["static_configs"] = [{"targets": ["pod:8000"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))

    done = run("promtool", "check", "config", "--syntax-only", tmp_path / "prometheus.yml")

    assert 0 == done.returncode, done.stderr


def test_every_expression_of_the_dashboard_is_one(tmp_path: Path) -> None:
    panels = json.loads((PROMETHEUS / "dashboard.json").read_text())["panels"]
    rules = [{"record": "shown", "expr": each["expr"]} for panel in panels for each in panel["targets"]]
    (tmp_path / "shown.yml").write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": rules}]}))

    done = run("promtool", "check", "rules", "--lint=none", tmp_path / "shown.yml")

    assert 0 == done.returncode, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_goes_to_people_and_starts_a_pipeline_only_if_it_says_so(rule: Mapping[str, Any]) -> None:
    labels = [f"{name}={value}" for name, value in rule["labels"].items()]

    done = run("amtool", "config", "routes", "test", "--config.file", PROMETHEUS / "alertmanager.yml", *labels)

    pipeline = [f"{rule['labels']['target']}-pipeline"] if rule["labels"].get("starts") == "pipeline" else []
    assert [*pipeline, "people"] == done.stdout.strip().split(",")


@contextmanager
def _receiver() -> Iterator[tuple[str, "Queue[Received]"]]:
    """Give the URL of a server that keeps what is posted to it, and what it kept."""
    kept: Queue[Received] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            kept.put((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}", kept
    finally:
        server.shutdown()
        server.server_close()


def test_alertmanager_tells_the_control_plane_with_its_token_what_it_reads(tmp_path: Path) -> None:
    labels = ["FraudScoresMoved", "severity=ticket", "target=fraud", "starts=pipeline"]
    with _receiver() as (receiver, kept), run_alertmanager(tmp_path, receiver, receiver) as url:
        add_alert(url, *labels)
        received = {path: (headers, body) for path, headers, body in (kept.get(timeout=PATIENCE) for _ in range(2))}

    path = "/v1/projects/retail-fraud/targets/fraud/alerts"
    assert {path, "/people/hook"} == set(received)
    headers, body = received[path]
    assert "Bearer secret" == headers["authorization"]
    (alert,) = body["alerts"]
    assert "firing" == alert["status"]
    assert "FraudScoresMoved" == alert["labels"]["alertname"]
    assert alert["fingerprint"]
    assert alert["startsAt"]
