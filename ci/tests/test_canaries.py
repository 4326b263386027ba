"""A canary is judged by Prometheus' own counters, at every look; what is undecided, or cannot be read, is no pass."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness_ci.canaries import Canary, Hit, count_stretches, judge_canary

from ci.tests.observed import run_prometheus
from ci.tests.peeking import count_passed
from ci.tests.plant import until
from harness import HarnessError
from tests.support.loopback import Handler, serve

ARMS = {"label": "version", "canary": "2", "control": "1"}
SUITE = """name: canary
target: {{kind: observed, config: {{revision: "2"}}}}
steps:
  - check: ci.canary
    with:
      prometheus: {prometheus}
      metric: requests_total
      arms: {{label: version, canary: "2", control: "1"}}
      hit: {{label: status, matches: "5.."}}
      since: {since}
      every: 1s
    require: {{difference: {{at_most: 0.2, looks: 1}}}}
"""


def canary(url: str = "http://127.0.0.1:9", every: str = "1s", most: float = 0.05) -> Canary:
    values = {"prometheus": url, "metric": "requests_total", "arms": ARMS, "lose_at_most": most, "every": every}
    return Canary(**values, hit={"label": "status", "matches": "5.."})  # type: ignore[arg-type]


def series(version: str, status: str, values: list[tuple[float, float]]) -> dict[str, Any]:
    return {"metric": {"version": version, "status": status}, "values": [[at, str(value)] for at, value in values]}


def test_counters_become_hits_and_requests_of_each_arm_by_stretch() -> None:
    found = [
        series("2", "200", [(0, 100), (1, 110), (2, 5)]),  # starts anew
        series("2", "500", [(2, 3)]),  # is new: its first hits count
        series("1", "200", [(0, 7), (1, 27), (2, 47)]),
        series("3", "200", [(0, 0), (1, 9)]),
    ]

    assert [(0, 10, 0, 20), (3, 8, 0, 20)] == count_stretches(canary(), found, 0)


@pytest.mark.parametrize("value", ["NaN", "-1", "+Inf"])
def test_a_counter_that_cannot_be_is_no_verdict(value: str) -> None:
    found = [{"metric": {"version": "2", "status": "200"}, "values": [[0, "1"], [1, value]]}]

    with pytest.raises(HarnessError, match="which none can be"):
        count_stretches(canary(), found, 0)


def test_a_series_without_the_label_of_hits_is_no_verdict() -> None:
    with pytest.raises(HarnessError, match="no label 'status'"):
        count_stretches(canary(), [{"metric": {"version": "2"}, "values": []}], 0)


def test_a_hit_that_is_no_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        Hit(label="status", matches="5(")


def test_a_prometheus_that_is_down_is_no_verdict() -> None:
    with pytest.raises(HarnessError, match="cannot be read"):
        judge_canary(canary(), time.time() - 60)


def test_peeking_at_a_canary_at_the_limit_errs_less_than_5_percent_while_the_split_ramps() -> None:
    trials = 400

    assert count_passed(trials, seed=3) / trials <= 0.05


def _hits(chance: random.Random, n: int, rate: float) -> int:
    return sum(chance.random() < rate for _ in range(n))


class Service:
    """Counters of two versions, as a service's `/metrics` shows them, growing while a test watches."""

    def __init__(self, rates: dict[str, float]) -> None:
        self.rates, self.counts = rates, {(version, status): 0 for version in rates for status in ("200", "500")}

    def work(self, stop: threading.Event) -> None:
        chance = random.Random(1)
        while not stop.wait(0.1):
            for version, share in (("1", 90), ("2", 10)):
                failed = _hits(chance, share, self.rates[version])
                self.counts[version, "500"] += failed
                self.counts[version, "200"] += share - failed

    def text(self) -> str:
        lines = [f'requests_total{{version="{v}",status="{s}"}} {n}' for (v, s), n in self.counts.items()]
        return "\n".join(["# TYPE requests_total counter", *lines, ""])


@pytest.fixture
def service() -> Service:
    return Service({"1": 0.02, "2": 0.02})


@pytest.fixture
def prometheus(tmp_path: Path, service: Service) -> Iterator[str]:
    """A real Prometheus that reads the service every second."""

    class Metrics(Handler):
        def do_GET(self) -> None:
            body = service.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

    stop = threading.Event()
    threading.Thread(target=service.work, args=(stop,), daemon=True).start()
    with serve(Metrics) as url:
        jobs = [{"job_name": "s", "static_configs": [{"targets": [url.removeprefix("http://")]}]}]
        with run_prometheus(tmp_path, {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}) as address:
            yield address
    stop.set()


@pytest.mark.heavy
@pytest.mark.parametrize(("rate", "verdict"), [(0.02, "pass"), (0.6, "fail")])
def test_a_harmful_canary_fails_and_a_harmless_one_passes_on_a_real_prometheus(
    service: Service, prometheus: str, rate: float, verdict: str, tmp_path: Path
) -> None:
    service.rates["2"] = rate
    began = time.time()

    def judged() -> Any:
        try:
            found = judge_canary(canary(prometheus, most=0.2), began)
        except HarnessError:
            return None
        return None if found.verdict == "undecided" else found

    assert verdict == until(judged, 120).verdict
    assert verdict == judge_suite(tmp_path, prometheus, began)


def judge_suite(folder: Path, prometheus: str, since: float) -> str:
    """Return what a suite with the check `ci.canary` says of a canary now."""
    (folder / "canary.suite.yaml").write_text(SUITE.format(prometheus=prometheus, since=since))
    asked = [Path(sys.executable).with_name("harness"), "run", "canary.suite.yaml", "--no-record", "--json"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    return "pass" if done.returncode == 0 else "fail" if done.returncode == 1 else str(done.stderr)
