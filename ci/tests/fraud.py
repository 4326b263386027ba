"""The fraud model of this repository under its own pipelines file: real Git, MLflow server, training and gates."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient

from ci.tests.plant import SECRET, TOKEN, Plant
from conftest import ROOT
from tests.support.repository import commit_all, git

BIN = Path(sys.executable).parent
TERMINALS = 6  # for each customer, as in the simulation of full size
SECRETS = {"GITHUB_SECRET": SECRET, "ALERTS_TOKEN": TOKEN, "API_TOKEN": TOKEN, "GATES_TOKEN": TOKEN}
SUITE = "suites/fraud/card-fraud.suite.yaml"
SMALL = {  # what a twentieth of the payments can decide
    "{at_least: 0.70, plan_for: 0.74, where: overall}": "{at_least: 0.45, where: overall}",
    "{at_least: 0.60, plan_for: 0.70, severity: should}": "{at_least: 0.30, severity: info}",
    "{at_least: 0.33, plan_for: 0.37, where: overall}": "{at_least: 0.15, where: overall}",
    "{at_least: 0.87, plan_for: 0.89, where: overall}": "{at_least: 0.75, where: overall}",
    "lose_at_most: 0.01": "lose_at_most: 0.15",
}
DEPLOY = '''"""Write down whom to start, and whom the alias names meanwhile."""
import os
from mlflow import MlflowClient
stands = MlflowClient().get_model_version_by_alias("fraud", "champion").version
with open("fraud-data/deploys", "a") as log:
    log.write(f"{os.environ['HARNESS_CI_REVISION']} {stands}\\n")
'''
PIPELINES = {
    "url: ..,": "url: ../forge.git, github: acme/retail-fraud,",
    "every: 5m": "every: 1s",
    "promote: true": "promote: true, deploy: [{run: [python, deploy.py]}]",
    "degradation: notify": "degradation: rollback",
}


def replace_all(text: str, changes: dict[str, str]) -> str:
    """Return a text with each of some passages, all of which it has, replaced."""
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


def fraud_target(folder: Path, uri: str, *arguments: object) -> None:
    """Call `fraud-target` on the data of a folder."""
    command = [str(BIN / "fraud-target"), *map(str, arguments), "--out", str(folder / "fraud-data")]
    subprocess.run(command, env={**os.environ, "MLFLOW_TRACKING_URI": uri}, check=True, capture_output=True)


def new_payments(folder: Path, uri: str, customers: int, seed: int, *more: object) -> None:
    """Let new payments arrive, which are watched; whoever looks meanwhile sees all of them or none."""
    elsewhere = folder / f"arriving-{seed}"
    sizes = ("--customers", customers, "--terminals", customers * TERMINALS)
    fraud_target(elsewhere, uri, "simulate", "--seed", seed, *sizes, *more)
    for name in ("chargebacks.parquet", "transactions.parquet"):
        (folder / "fraud-data").mkdir(exist_ok=True)
        (elsewhere / "fraud-data" / name).replace(folder / "fraud-data" / name)


def make_fraud(folder: Path, owner: str, uri: str, customers: int, suite: dict[str, str]) -> Plant:
    """Return this repository's fraud model, pushed and not told yet; its first training makes the champion too."""
    new_payments(folder, uri, customers, 1)
    (folder / ".harness" / "evidence").mkdir(parents=True)
    key = folder / ".harness" / "keys" / "demo.key"
    subprocess.run([BIN / "harness", "keys", "new", key], cwd=folder, check=True, capture_output=True)
    work = folder / "work"
    for name in ("suites/fraud", "suites/fraud-payments", "targets/fraud/src"):
        shutil.copytree(ROOT / name, work / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("ci/gates.yaml", "ci/trust.yaml"):
        (work / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, work / name)
    (work / "pyproject.toml").write_text('[tool.harness]\nproject = "retail-fraud"\n')
    (work / "deploy.py").write_text(DEPLOY)
    (work / SUITE).write_text(replace_all((work / SUITE).read_text(), suite))
    if suite:  # the drift of a few payments is for a few payments to decide
        gates = (work / "ci" / "gates.yaml").read_text()
        (work / "ci" / "gates.yaml").write_text(
            replace_all(gates, {", ../suites/fraud/card-fraud-data.suite.yaml": ""})
        )
        (work / "suites" / "fraud" / "card-fraud-data.suite.yaml").unlink()
    commit_all(work)
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", "forge.git")
    git(work, "remote", "add", "origin", str(folder / "forge.git"))
    git(work, "push", "--quiet", "origin", "main")
    (folder / "owner").write_text(owner)
    (folder / "ci").mkdir()
    plant = Plant(folder=folder, owner=owner, project="retail-fraud", file="ci/pipelines.yaml")
    plant.write(replace_all((ROOT / "ci" / "pipelines.yaml").read_text(), PIPELINES))
    return plant


def champion(uri: str) -> str:
    """Return the version that the alias names."""
    return str(MlflowClient(tracking_uri=uri).get_model_version_by_alias("fraud", "champion").version)


def deploys(plant: Plant) -> list[str]:
    """Return who was started, and whom the alias named meanwhile, deployment by deployment."""
    log = plant.folder / "fraud-data" / "deploys"
    return log.read_text().splitlines() if log.exists() else []
