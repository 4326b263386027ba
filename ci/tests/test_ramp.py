"""A candidate gets traffic share by share, and all of it or none as its counters beside the champion's decide."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import mlflow
import pyarrow as pa
import pytest
import redis
from fraud_target.embedded import valkey
from fraud_target.features import add_features
from fraud_target.loading import load_payments
from fraud_target.model import RECIPES, fit
from fraud_target.process import Process
from fraud_target.registry import TRUSTED
from fraud_target.simulate import simulate
from harness_ci.ramps import Ramp, watch_share

from ci.tests.forked import serve_forked
from ci.tests.observed import run_prometheus
from ci.tests.plant import PIPELINES, TRAIN, Plant, until
from ci.tests.traffic import DEPLOY, SPLIT, Site, run_site
from harness import HarnessError

END = datetime(2026, 3, 31)
RAMP = """        promote: true
        deploy: [{run: [python, deploy.py], repeatable: true}]
        canary:
          prometheus: PROMETHEUS
          metric: fraud_requests_total
          where: {path: /v1/score}
          arm: {label: pinned, holds: digest}
          hit: {label: status, matches: "5.."}
          lose_at_most: 0.15
          every: 1s
          weights: [5, 10]
          split: [python, split.py]
          hold: 3s
          within: 90s
"""
DEPLOYED = RAMP[: RAMP.index("        canary:")]
CANARIES = """canaries:
  fraud:
    prometheus: PROMETHEUS
    metric: fraud_requests_total
    where: {path: /v1/score}
    arms: {label: slot, canary: green, control: blue}
    hit: {label: status, matches: "5.."}
    lose_at_most: 0.15
    every: 1s
"""


def ramp(**more: Any) -> Ramp:
    values = {"prometheus": "http://127.0.0.1:9", "metric": "requests_total", "arm": {"label": "digest"}}
    asked = {"hit": {"label": "status", "matches": "5.."}, "lose_at_most": 0.05, "split": ["true"], **more}
    return Ramp(**values, **asked)  # type: ignore[arg-type]


def test_a_canary_that_is_undecided_when_its_time_is_over_is_no_pass() -> None:
    asked = ramp(every="1s", hold="1s", within="4s")
    began = time.time()

    looks = list(watch_share(asked, asked.beside("2", "1"), began, began, is_last=True, is_cancelled=lambda: False))

    assert [None, "inconclusive"] == [looks[0].state, looks[-1].state]
    assert "undecided within 0:00:04: Prometheus cannot be read" in looks[-1].known
    assert 4 <= time.time() - began < 10


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"weights": [10, 5]}, "should grow"),
        ({"weights": [5, 100]}, "less than 100"),
        ({"hold": "1h", "within": "2h"}, "before each weight was held"),
        ({"every": "1s", "within": "2h"}, "more than 5000 looks"),
    ],
)
def test_shares_that_cannot_be_led_through_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ramp(**more)


def test_a_candidate_that_its_label_does_not_tell_from_the_champion_is_refused() -> None:
    with pytest.raises(HarnessError, match="both have '2' as digest"):
        ramp().beside("2", "2")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[str]]:
    """Two feature stores with the same history; the second one ends when a test says so."""
    payments = pay()
    with ExitStack() as running:
        urls = [running.enter_context(valkey(tmp_path / f"store-{number}")) for number in range(2)]
        for url in urls:
            load_payments(payments, END, url)
        yield urls


@cache
def pay() -> pa.Table:
    """Return payments of a month, which train a model and are its history."""
    return pa.concat_tables(simulate(Process(end=END.date(), customers=200, terminals=1000, days=30)))


@pytest.fixture
def site(plant: Plant, stores: list[str]) -> Iterator[Site]:
    """A project whose models are real fraud models, and a site that has payments to score."""
    data, kept = plant.folder / "data", {"serialization_format": "skops", "skops_trusted_types": TRUSTED}
    model = fit(RECIPES["champion"](1), add_features(pay()).to_pandas())
    mlflow.sklearn.save_model(model, str(data / "base"), pip_requirements=[], **kept)
    copied = '    shutil.copytree(data / "base", folder, dirs_exist_ok=True)\n    (folder / "weights")'
    train = TRAIN.replace("import hashlib,", "import shutil, hashlib,").replace('    (folder / "weights")', copied)
    for name, text in {"train.py": train, "deploy.py": DEPLOY, "split.py": SPLIT}.items():
        (plant.work / name).write_text(text)
    (data / "store").write_text(stores[0])
    with run_site(data) as made:
        yield made


@pytest.fixture
def prometheus(plant: Plant, site: Site) -> Iterator[str]:
    jobs = [{"job_name": "fraud", "file_sd_configs": [{"files": [str(site.data / "found" / "*.json")]}]}]
    with run_prometheus(plant.folder, {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}) as url:
        yield url


def lead(plant: Plant, stage: str, canaries: str = "") -> None:
    """Serve the project with one stage, from training to promotion, at any push."""
    text = PIPELINES.replace("        promote: true\n", stage).replace("[ci, ct]", "[ct]")
    text = text.replace("    watch: {rows: {path: data/rows.parquet, every: 1s}}\n", "")
    plant.write(text.replace("  api:", "  gates: {file: token}\n  api:") + canaries)
    serve_forked(plant)


def push_candidate(plant: Plant) -> None:
    """Push a training that finds a threshold a little lower than the one before."""
    text = (plant.work / "train.py").read_text()
    (plant.work / "train.py").write_text(text.replace("best = ", "best = 0.99 * ", 1))
    plant.tell_push(*plant.push())


def shares(site: Site, champion: str) -> list[tuple[str, int, bool]]:
    """Return the shares that were given, of `old` for the champion and `new` for others, and who was promoted."""
    return [("old" if who == champion else "new", int(share), bool(named)) for who, share, named in site.shares()]


@pytest.mark.heavy
def test_a_canary_that_is_cancelled_leaves_all_traffic_to_who_is_promoted(plant: Plant) -> None:
    lead(plant, "        promote: true\n")
    plant.tell_push(*plant.push())
    plant.ended()
    champion = plant.promoted
    plant.kill()

    told = """'echo "$HARNESS_CI_REVISION $HARNESS_CI_WEIGHT" >> data/told'"""
    ramp = RAMP.replace("PROMETHEUS", "http://127.0.0.1:9").replace("[python, split.py]", f"[sh, -c, {told}]")
    lead(plant, "\n".join(line for line in ramp.splitlines() if "deploy:" not in line) + "\n")
    push_candidate(plant)
    under_way = until(lambda: [each for each in plant.get("pipelines") if each["state"] == "canary at 5 %"])[0]
    assert plant.post(f"pipelines/{under_way['id']}/cancel").is_success
    undone = plant.ended(3)[-1]

    assert under_way["reason"].startswith("undecided: ")
    assert ("passed", "undo") == (undone["state"], undone["kind"])
    first, last = (line.split() for line in (plant.folder / "data" / "told").read_text().splitlines())
    assert ("5", [champion, "100"]) == (first[1], last)
    assert first[0] != champion == plant.promoted


@pytest.mark.heavy
def test_a_harmful_candidate_is_taken_back_and_a_harmless_one_promoted_though_the_control_plane_is_killed(
    plant: Plant, site: Site, stores: list[str], prometheus: str, notices: list[dict[str, Any]]
) -> None:
    lead(plant, DEPLOYED)
    plant.tell_push(*plant.push())
    (first,) = plant.ended()
    assert ("passed", "") == (first["state"], first["reason"])
    champion = str(plant.promoted)
    plant.kill()

    (site.data / "store").write_text(stores[1])
    lead(plant, RAMP.replace("PROMETHEUS", prometheus), CANARIES.replace("PROMETHEUS", prometheus))
    push_candidate(plant)
    with site.payments():
        until(lambda: ("new", 5, False) in shares(site, champion))
        stop_store(stores[1])
        until(lambda: ("new", 0, False) in shares(site, champion))
    _, harmful, undone = plant.ended(3)

    assert "failed" == harmful["state"]
    assert harmful["reason"].startswith("ct-canary at ")
    assert " %: fail: " in harmful["reason"]
    assert ("passed", "undo") == (undone["state"], undone["kind"])
    assert [("new", 0, False), ("old", 100, True)] == shares(site, champion)[-2:]
    assert ["failed", "passed"] == [notice["state"] for notice in notices]
    assert champion == plant.promoted

    (site.data / "store").write_text(stores[0])
    before = len(shares(site, champion))
    push_candidate(plant)
    until(lambda: ("new", 5, False) in shares(site, champion)[before:])
    plant.kill()
    serve_forked(plant)
    with site.payments():
        until(lambda: ("new", 100, False) in shares(site, champion)[before:])
    promoted = plant.ended(4)[-1]

    assert ("passed", "") == (promoted["state"], promoted["reason"])
    assert [("new", 5, False), ("new", 10, False), ("new", 100, False)] == shares(site, champion)[before:]
    assert plant.promoted in {each["revision"] for each in site.served().values()} - {champion}
    assert "pass" == ask_as_argo_does(plant, promoted["id"])


def stop_store(url: str) -> None:
    with suppress(redis.ConnectionError):
        redis.Redis.from_url(url).shutdown(nosave=True)


def ask_as_argo_does(plant: Plant, pipeline: str) -> str:
    """Return what the route says of both slots since the first share was given."""
    since = (plant.folder / "state" / "pipelines" / pipeline / "jobs" / "ct-split-5" / "since").read_text()
    return str(plant.get(f"canaries/fraud?since={since}")["verdict"])
