"""A project under control: a repository with a training, data beside it, a served control plane, an owner."""

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.repository import commit_all, git
from tests.support.signing import new_signers, write_trust

SECRET, TOKEN = "of-the-forge", "of-the-operator"
SUITE = """name: s
data:
  rows: {source: data/rows.parquet, id: id}
  scores: {source: data/scores.parquet, id: id, label: y}
target: {kind: table, config: {data: scores, decision: decision, made_by: made_by}}
baselines:
  champion: {config: {decision: champion_decision, made_by: champion_made_by}}
steps:
  - check: quality.classifier
    require:
      accuracy: [{at_least: 0.6}, {versus: champion, lose_at_most: 0.1}]
"""
SCHEMA = """name: schema
data: {rows: {source: data/rows.parquet, id: id}}
target: {kind: table, config: {data: rows, model: rows}}
steps:
  - check: data.schema
    with: {columns: {id: {type: int64}, x: {type: float64}, y: {type: int64, in: [0, 1]}}}
    require: {violations: {at_most: 0}}
"""
TRAIN = '''"""Learn a threshold of x, and score the rows by it and by the champion."""
import hashlib, json, pathlib
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from harness import digest_folder

SIGN = 1
data = pathlib.Path("data")
table = pq.read_table(data / "rows.parquet")
x, y = table["x"].to_numpy(), table["y"].to_numpy()
limits = np.quantile(x, np.linspace(0.05, 0.95, 19))
best = max(limits, key=lambda limit: ((SIGN * (x - limit) > 0) == y).mean())
with (data / "trainings").open("a") as log:
    log.write(f"{best}\\n")

def name_of(weights):
    name = "m-" + hashlib.sha256(weights.encode()).hexdigest()[:8]
    folder = data / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_text(weights)
    return f"{name}@{digest_folder(folder)}"

pointer = data / "champion.json"
champion = json.loads(pointer.read_text())["revision"] if pointer.exists() else None
weights = (data / "models" / champion / "weights").read_text() if champion else "0 1"
limit, sign = map(float, weights.split())
new = f"{best} {SIGN}"
pq.write_table(pa.table({
    "id": table["id"], "y": table["y"],
    "decision": (SIGN * (x - best) > 0).astype(int), "made_by": [name_of(new)] * len(x),
    "champion_decision": (sign * (x - limit) > 0).astype(int), "champion_made_by": [name_of(weights)] * len(x),
}), data / "scores.parquet")
'''
GATES = """project: shop
ledger: sqlite:///{folder}/ledger.db
evidence: {folder}/evidence
trust: {folder}/keys/trust.yaml
gates:
  schema:
    suites: [../schema.suite.yaml]
  watched:
    suites: [../s.suite.yaml]
    watch: true
  production:
    suites: [../s.suite.yaml]
    first_promotion: allow
    promote: {{file: {{path: {folder}/data/champion.json, files: {folder}/data/models}}}}
"""
PIPELINES = """project: shop
ledger: sqlite:///ledger.db
signers: {runs: file:keys/ci.key, promotions: file:keys/release.key}
hooks:
  github: {file: hook}
  alertmanager: {file: token}
  api: {file: token}
targets:
  shop:
    repository: {url: forge.git, github: acme/shop}
    link: {data: data}
    notify: {file: owner}
    watch: {rows: {path: data/rows.parquet, every: 1s}}
    deadline: 10m
    stages:
      ci: {suites: [schema.suite.yaml], gate: schema}
      ct:
        commands: [{run: [python, train.py], repeatable: true}]
        suites: [s.suite.yaml]
        gate: production
        promote: true
    on: {code: [ci, ct], data: [ci, ct], degradation: notify}
"""


def until(holds: Callable[[], Any], patience: float = 300) -> Any:
    """Return what a condition gives as soon as it holds."""
    began = time.monotonic()
    while not (found := holds()):
        if time.monotonic() - began > patience:
            raise AssertionError(f"did not hold within {patience} s")
        time.sleep(0.1)
    return found


def lives(pid: int) -> bool:
    """Tell whether a process is there and not merely unburied."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Process(Protocol):
    """What is started, looked at, killed and buried."""

    def poll(self) -> int | None: ...

    def send_signal(self, signal: int, /) -> None: ...

    def wait(self) -> object: ...


@dataclass(kw_only=True)
class Plant:
    """The folder of a project and its control plane."""

    folder: Path
    owner: str
    port: int = field(default_factory=free_port)
    process: Process | None = None
    project: str = "shop"
    file: str = "pipelines.yaml"

    @property
    def work(self) -> Path:
        """Return the clone in which people work."""
        return self.folder / "work"

    @property
    def trainings(self) -> int:
        """Return how often the training ran to its end."""
        log = self.folder / "data" / "trainings"
        return len(log.read_text().splitlines()) if log.exists() else 0

    @property
    def promoted(self) -> str | None:
        """Return the revision that the pointer names."""
        pointer = self.folder / "data" / "champion.json"
        return json.loads(pointer.read_text())["revision"] if pointer.exists() else None

    def write(self, pipelines: str = PIPELINES) -> None:
        """Write the pipelines file."""
        (self.folder / self.file).write_text(pipelines)

    def push(self, ref: str = "main") -> tuple[str, str]:
        """Commit the working clone and push it; return the commits before and after."""
        before = git(self.work, "rev-parse", "HEAD")
        after = commit_all(self.work)
        git(
            self.work,
            "push",
            "--quiet",
            "--force",
            "origin",
            f"HEAD:refs/heads/{ref}" if ref == "main" else f"HEAD:{ref}",
        )
        return before, after

    def serve(self, *options: str, **env: str) -> None:
        """Start the control plane as a process of its own, and wait until it answers."""
        command: list[str | Path] = [Path(sys.executable).with_name("harness"), "ci", "serve", "--port", str(self.port)]
        command += ["--pipelines", self.folder / self.file, "--state", self.folder / "state", *options]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env={**os.environ, **env})
        until(self.answers)

    def answers(self) -> bool:
        """Tell whether the control plane listens; AssertionError, with what it logged, where it ended."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz").is_success
        return False

    def kill(self) -> None:
        """End the control plane at once, as a power cut does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """Return what the control plane answers to who has the token."""
        answer = httpx.get(
            f"{self.url}/v1/projects/{self.project}/{path}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
        )
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Post as who has the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.post(f"{self.url}/v1/projects/{self.project}/{path}", json=body or {}, headers=headers, timeout=60)

    def deliver(self, event: str, payload: Mapping[str, Any], secret: str = SECRET) -> httpx.Response:
        """Deliver a webhook of the forge."""
        return deliver(self.url, event, payload, secret, self.project)

    def tell_push(self, before: str, after: str) -> httpx.Response:
        """Deliver that somebody pushed to the protected branch."""
        return self.deliver("push", push_payload(before, after, f"acme/{self.project}"))

    def ended(self, number: int = 1, patience: float = 300) -> list[dict[str, Any]]:
        """Return the pipelines once so many of them have ended, and none runs, the earliest first."""

        def found() -> Any:
            pipelines = self.get("pipelines")
            return pipelines if len(pipelines) >= number and all(each["ended"] for each in pipelines) else None

        return list(reversed(until(found, patience)))

    def fire(
        self, fingerprint: str, name: str = "recall low", since: str = "2026-01-01T00:00:00Z", target: str = "shop"
    ) -> httpx.Response:
        """Deliver an alert, as Alertmanager does."""
        alert = {"status": "firing", "fingerprint": fingerprint, "startsAt": since, "labels": {"alertname": name}}
        return self.post(f"targets/{target}/alerts", {"version": "4", "alerts": [alert]})


def push_payload(before: str, after: str, repository: str = "acme/shop") -> dict[str, Any]:
    return {
        "ref": "refs/heads/main",
        "before": before,
        "after": after,
        "repository": {"full_name": repository},
    }


def deliver(url: str, event: str, payload: Mapping[str, Any], secret: str, project: str = "shop") -> httpx.Response:
    body = json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": signature}
    return httpx.post(f"{url}/v1/projects/{project}/hooks/github", content=body, headers=headers, timeout=60)


def write_rows(path: Path, *, seed: int = 0, n: int = 400, noise: float = 0.5, text: bool = False) -> None:
    """Write rows in which x tells y, as well as the noise lets it."""
    chance = np.random.default_rng(seed)
    y = (chance.random(n) < 0.5).astype(int)
    x = y + noise * chance.standard_normal(n)
    columns = {"id": np.arange(n) + 1000 * seed, "x": x.astype(str) if text else x, "y": y}
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(pa.table(columns), unfinished)
    unfinished.replace(path)


def make_plant(folder: Path, owner: str) -> Plant:
    """Return a project whose first version is pushed, and not told yet."""
    signers = new_signers()
    write_trust(folder / "keys", signers)
    for name, text in {"hook": SECRET, "token": TOKEN, "owner": owner}.items():
        (folder / name).write_text(text)
    (folder / "data").mkdir()
    write_rows(folder / "data" / "rows.parquet")
    work = folder / "work"
    (work / "ci").mkdir(parents=True)
    (work / "pyproject.toml").write_text('[tool.harness]\nproject = "shop"\n')
    (work / "s.suite.yaml").write_text(SUITE)
    (work / "schema.suite.yaml").write_text(SCHEMA)
    (work / "train.py").write_text(TRAIN)
    (work / "ci" / "gates.yaml").write_text(GATES.format(folder=folder))
    commit_all(work)
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", "forge.git")
    git(work, "remote", "add", "origin", str(folder / "forge.git"))
    git(work, "push", "--quiet", "origin", "main")
    plant = Plant(folder=folder, owner=owner)
    plant.write()
    return plant
