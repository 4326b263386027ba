"""The kind `mlflow` and the report `mlflow` through the command line, as a suite uses them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient

SUITE = """
name: fraud
data:
  matured: {{source: matured.parquet, id: id, label: label}}
  validation: {{source: validation.parquet, id: id}}
target: {{kind: mlflow, config: {{data: matured, {config}}}}}
baselines: {{champion: {{config: {{model: "models:/fraud@{alias}"}}}}}}
steps:
{steps}
"""
MEAN = "  - {check: rows.mean, with: {column: score}, require: {mean: {at_least: 0.1}}}"
VERSUS = "  - {check: rows.mean, with: {column: score}, require: {mean: {versus: champion, lose_at_most: 0.5}}}"
RATE = "  - {check: rows.rate, with: {column: decision}, require: {rate: {at_most: 0.3}}}"
MOVES = '''
from mlflow import MlflowClient

from harness import Dataset, Measurement, check, hookimpl, samples


@check("moves", metrics={"moved": "exact"})
def moves(data: Dataset, *, uri: str):
    """Move the champion while the run goes on."""
    MlflowClient(tracking_uri=uri).set_registered_model_alias("fraud", "moving", "2")
    yield Measurement(metric="moved", sample=samples.exact(value=1, n=1))


@hookimpl
def harness_checks():
    return {"moves": moves}
'''
Command = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("matured")


def suite(
    project: Path, store: Any, *steps: str, model: str = "models:/fraud/2", more: str = "", alias: str = "champion"
) -> Path:
    path = project / "fraud.suite.yaml"
    config = f'model: "{model}", tracking_uri: "{store.uri}"{more}'
    path.write_text(SUITE.format(config=config, steps="\n".join(steps), alias=alias))
    return path


def recorded(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "out" / "fraud" / "run.json").read_text())
    return found


def test_a_suite_judges_the_scores_of_a_registered_model(project: Path, harness: Command, store: Any) -> None:
    own = store.linear.predict_proba(pq.read_table("matured.parquet", columns=["amount", "hour"]).to_pandas())[:, 1]

    done = harness("run", suite(project, store, MEAN, model="models:/fraud/1"), "--out", "out")

    assert (done.code, done.err) == (0, "")
    assert own.mean() == pytest.approx(recorded(project)["verdicts"][0]["estimate"]["value"], abs=1e-12)


def test_the_candidate_is_known_by_version_digest_and_parts(project: Path, harness: Command, store: Any) -> None:
    harness("run", suite(project, store, MEAN, model="models:/fraud@champion"), "--out", "out")

    who = recorded(project)["candidate"]
    assert "models:/fraud/1" == who["revision"]
    assert who["digest"].startswith("sha256:")
    expected = {"name": "fraud", "version": "1", "run_id": store.run, "model_id": store.logged, "flavor": "sklearn"}
    assert expected == who["parts"]


def test_data_keep_their_own_digest_when_scored(project: Path, harness: Command, store: Any, matured: Path) -> None:
    harness("run", suite(project, store, MEAN), "--out", "out")
    first = recorded(project)["datasets"]["matured"]["digest"]
    harness("run", suite(project, store, MEAN, model="models:/fraud/1"), "--out", "out")

    assert first == recorded(project)["datasets"]["matured"]["digest"]


def test_a_challenger_is_compared_with_the_champion_row_by_row(project: Path, harness: Command, store: Any) -> None:
    done = harness("run", suite(project, store, VERSUS), "--out", "out")

    assert done.code == 0
    assert "models:/fraud/1" == recorded(project)["baselines"]["champion"]["revision"]
    assert "models:/fraud/2" == recorded(project)["candidate"]["revision"]


@pytest.mark.parametrize(("trigger", "code"), [("manual", 3), ("schedule", 0)])
def test_a_champion_compared_with_itself_proves_nothing_but_is_watched(
    project: Path, harness: Command, store: Any, trigger: str, code: int
) -> None:
    path = suite(project, store, VERSUS, model="models:/fraud/1")

    done = harness("run", path, "--out", "out", "--trigger", trigger)

    assert code == done.code
    assert (code == 3) == ("champion is models:/fraud/1, the candidate itself" in done.out)


def test_a_champion_that_never_was_is_told_and_is_no_pass(project: Path, harness: Command, store: Any) -> None:
    done = harness("run", suite(project, store, VERSUS, alias="nobody"), "--out", "out")

    assert done.code == 3
    verdict = recorded(project)["verdicts"][0]
    assert "registered model 'fraud' has no alias 'nobody' (it has champion" in verdict["reason"]
    assert recorded(project)["baselines"] == {"champion": None}


def test_an_alert_rate_is_taken_on_other_rows(project: Path, harness: Command, store: Any) -> None:
    point = ", operating_point: {alert_rate: 0.2, from: validation}"

    done = harness("run", suite(project, store, RATE, model="models:/fraud/1", more=point), "--out", "out")

    assert done.code == 0
    assert 0.2 == pytest.approx(recorded(project)["verdicts"][0]["estimate"]["value"], abs=0.06)


def test_an_alert_rate_of_the_judged_rows_is_refused(project: Path, harness: Command, store: Any) -> None:
    point = ", operating_point: {alert_rate: 0.2, from: matured}"

    done = harness("run", suite(project, store, RATE, more=point))

    assert done.code == 3
    assert "400 ids are both in 'matured' and in 'matured'" in done.out


def test_an_alias_that_moves_during_a_run_moves_nothing(project: Path, harness: Command, store: Any) -> None:
    store.client.set_registered_model_alias("fraud", "moving", "1")
    (project / "moves.py").write_text(MOVES)
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["moves"]\n')
    move = f'  - {{check: moves, with: {{uri: "{store.uri}"}}, require: {{moved: {{at_least: 1}}}}}}'

    done = harness("run", suite(project, store, move, MEAN, model="models:/fraud@moving"), "--out", "out")

    assert done.code == 0
    assert {"moving": 2}.items() <= store.client.get_registered_model("fraud").aliases.items()
    assert "models:/fraud/1" == recorded(project)["candidate"]["revision"]


def test_a_run_is_logged_with_its_tags_bounds_and_json(
    project: Path, harness: Command, store: Any, tracked: MlflowClient
) -> None:
    path = suite(project, store, MEAN.replace("rows.mean,", "rows.mean, name: 'how/high?',"))

    done = harness("run", path, "--out", "out", "--report", "mlflow")

    assert done.out.splitlines()[0] == f"MLflow  1 run logged to experiment 'demo' at {store.uri}"
    logged = _only_run(tracked, "demo")
    run = recorded(project)
    estimate = run["verdicts"][0]["estimate"]
    assert {f"how_high_.mean/{bound}": estimate[bound] for bound in ("value", "lower", "upper")} == logged.data.metrics
    assert run["digest"] == logged.data.tags["harness.run_digest"]
    assert run["candidate"]["digest"] == logged.data.tags["harness.candidate_digest"]
    assert ("fraud", "pass", "models:/fraud/2") == tuple(
        logged.data.tags[f"harness.{name}"] for name in ("suite", "outcome", "candidate")
    )
    assert run == json.loads(Path(tracked.download_artifacts(logged.info.run_id, "run.json")).read_text())


def test_a_decision_is_logged_once_and_its_runs_are_not_logged_again(
    project: Path, harness: Command, store: Any, tracked: MlflowClient
) -> None:
    (project / "gates.yaml").write_text("project: decided\ngates: {ci: {suites: [fraud]}}\n")
    harness("run", suite(project, store, MEAN), "--gates", "gates.yaml")

    done = harness("gate", "ci", "--candidate", "models:/fraud/2", "--gates", "gates.yaml", "--report", "mlflow")

    assert done.out.splitlines()[0] == f"MLflow  decision logged to experiment 'decided' at {store.uri}"
    logged = _only_run(tracked, "decided")
    assert "gate ci" == logged.info.run_name
    assert ("ci", "pass") == tuple(logged.data.tags[f"harness.{name}"] for name in ("gate", "outcome"))
    written = json.loads(Path(tracked.download_artifacts(logged.info.run_id, "decision.json")).read_text())
    assert {"fraud"} == set(written["runs"])


def _only_run(client: MlflowClient, experiment: str) -> Any:
    known = {found.name: found.experiment_id for found in client.search_experiments()}
    (run,) = client.search_runs([known[experiment]])
    return run


def test_decisions_are_zero_and_one(project: Path, harness: Command, store: Any) -> None:
    point = ", operating_point: {threshold: 0.9}"

    done = harness("run", suite(project, store, RATE, model="models:/fraud/1", more=point), "--out", "out")

    rows = pq.read_table(next((project / ".harness" / "evidence").iterdir()))
    assert done.code == 0
    assert {0.0, 1.0} == set(pc.unique(rows["y"]).to_pylist())
