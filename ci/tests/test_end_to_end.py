"""A real repository, a real training, a real gate and promotion: what happens when code, data or quality changes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from ci.tests.plant import PIPELINES, Plant, write_rows
from tests.support.repository import git

DEPLOY = "{run: [sh, deploy.sh]}"
DEPLOYS = (
    'echo "$HARNESS_CI_REVISION" "$HARNESS_CI_DIGEST" '
    '$(grep -c "$HARNESS_CI_REVISION" data/champion.json || true) >> data/log\n'
)
HARNESS = Path(sys.executable).with_name("harness")


def test_code_data_and_quality_lead_through_their_stages(plant: Plant, notices: list[dict[str, Any]]) -> None:
    plant.write(
        PIPELINES.replace("degradation: notify", "degradation: rollback").replace(
            "        promote: true", f"        promote: true\n        deploy: [{DEPLOY}]"
        )
    )
    (plant.work / "deploy.sh").write_text(DEPLOYS)
    plant.serve()

    answer = plant.tell_push(*plant.push())
    (good,) = plant.ended()

    assert answer.json() == {"events": ["new"]}
    assert (good["state"], good["reason"]) == ("passed", "")
    first = plant.promoted
    assert first is not None
    assert verifies(plant)
    assert [(first, "0")] == deployed(plant)

    change(plant, "train.py", "SIGN = 1", "SIGN = -1")
    plant.tell_push(*plant.push())
    bad = plant.ended(2)[-1]

    assert "failed" == bad["state"]
    assert bad["reason"].startswith("ct-gate: fail: s: accuracy: at most ")
    assert (first, "failed") == (plant.promoted, notices[-1]["state"])

    change(plant, "train.py", "SIGN = -1", "SIGN = 1")
    write_rows(plant.folder / "data" / "rows.parquet", seed=1, n=3000, noise=0.4)
    git(plant.work, "commit", "-qam", "x")
    git(plant.work, "push", "-q", "origin", "HEAD:main")
    retrained = plant.ended(3)[-1]

    assert (retrained["state"], retrained["kind"]) == ("passed", "data")
    assert (3, True) == (plant.trainings, plant.promoted != first)

    write_rows(plant.folder / "data" / "rows.parquet", seed=2, text=True)
    broken = plant.ended(4)[-1]

    assert "failed" == broken["state"]
    assert broken["reason"].startswith("ci-gate: fail: schema: violations[")
    assert 3 == plant.trainings

    plant.fire("f1")
    back = plant.ended(5)[-1]

    assert ("passed", "degradation", "") == (back["state"], back["kind"], back["reason"])
    assert ["recall low"] == notices[-1]["fired"]
    assert first == plant.promoted
    assert (3, (first, "1")) == (len(deployed(plant)), deployed(plant)[-1])


def test_a_pull_request_that_asks_less_is_stopped_and_leaves_nothing(plant: Plant) -> None:
    plant.write(PIPELINES.replace("watch: {rows: {path: data/rows.parquet, every: 1s}}", "env: [SECRET_OF_A_TEST]"))
    plant.serve(SECRET_OF_A_TEST="s")
    base = git(plant.work, "rev-parse", "HEAD")
    change(plant, "s.suite.yaml", "at_least: 0.6", "at_least: 0.5")
    _, head = plant.push("refs/pull/1/head")

    plant.deliver("pull_request", pull(1, base, head, "stranger/shop"))
    (ended,) = plant.ended()

    assert "failed" == ended["state"]
    assert "at_least: 0.5, was 0.6" in ended["reason"]
    assert not (plant.folder / "ledger.db").exists()


def verifies(plant: Plant) -> bool:
    """Tell whether the statement of the only promotion holds."""
    (statement,) = plant.folder.glob("state/pipelines/*/jobs/ct-promote/made/*.intoto.json")
    about = ["--trust", plant.folder / "keys" / "trust.yaml", "--project", "shop", "--stage", "production"]
    return subprocess.run([HARNESS, "verify", statement, *about]).returncode == 0


def deployed(plant: Plant) -> list[tuple[str, str]]:
    """Return who was deployed, and whether it was promoted by then."""
    lines = (plant.folder / "data" / "log").read_text().splitlines()
    assert all(line.split()[1].startswith("sha256:") for line in lines)
    return [(line.split()[0], (line.split()[2:] or ["0"])[0]) for line in lines]


def change(plant: Plant, file: str, before: str, after: str) -> None:
    path = plant.work / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def pull(number: int, base: str, head: str, of: str) -> dict[str, Any]:
    repositories = {"head": {"sha": head, "repo": {"full_name": of}}}
    onto = {"sha": base, "ref": "main", "repo": {"full_name": "acme/shop"}}
    return {
        "action": "opened",
        "repository": {"full_name": "acme/shop"},
        "pull_request": {"number": number, **repositories, "base": onto},
    }
