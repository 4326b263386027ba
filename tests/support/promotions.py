"""A project that promotes by a pointer file: models as folders, scores that name them, a gate, and who is trusted."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conftest import Command, Finished
from harness.files import digest_folder, write_atomic
from tests.support.signing import new_signers, write_trust

SUITE = """name: s
params: {candidate: str}
data: {d: {source: {param: candidate}, id: id, label: y}}
target: {kind: table, config: {data: d, decision: decision, made_by: made_by}}
baselines:
  champion: {config: {decision: champion_decision, made_by: champion_made_by}}
steps:
  - check: quality.classifier
    require:
      accuracy: [{at_least: 0.6}, {versus: champion, lose_at_most: 0.1}]
"""
GATES = """project: demo
ledger: {ledger}
gates:
  production:
    suites: [../s.suite.yaml]
    first_promotion: allow
    promote: {{file: {{path: ../champion.json, files: ../models}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The project's folder and the command line in it."""

    folder: Path
    harness: Command

    @property
    def pointer(self) -> Path:
        """Return the file that says who is promoted."""
        return self.folder / "champion.json"

    @property
    def promoted(self) -> str | None:
        """Return the revision that is promoted."""
        return json.loads(self.pointer.read_text())["revision"] if self.pointer.exists() else None

    @property
    def ledger(self) -> Path:
        """Return the file of the ledger."""
        return self.folder / "ledger.db"

    def digest(self, model: str) -> str:
        """Return the digest of a model's files."""
        return digest_folder(self.folder / "models" / model)

    def judge(self, model: str, champion: str, *, rate: float = 0.9, day: int = 0) -> Finished:
        """Score 400 rows by a model, which is right so often, and by a champion, on a day; run the suite."""
        if not (self.folder / "models" / model).exists():
            write_atomic(self.folder / "models" / model / "weights", f"of {model}")
        self.write_rows(model, champion, rate=rate, day=day)
        candidate = ("--param", f"candidate={model}.parquet")
        return self.harness("run", self.folder / "s.suite.yaml", *candidate, *self.sign("ci"))

    def write_rows(self, model: str, champion: str, *, rate: float, day: int = 0) -> None:
        """Write the 400 rows that a model and a champion scored."""
        pq.write_table(self._rows(model, champion, rate, day), self.folder / f"{model}.parquet")

    def promote(self, model: str, *arguments: object, signer: str = "release") -> Finished:
        """Promote a model, signed by a person."""
        return self.harness("promote", "production", "--candidate", model, *self.sign(signer), *arguments)

    def rollback(self, *arguments: object, signer: str = "release") -> Finished:
        """Roll back, signed by a person."""
        return self.harness("rollback", "production", *self.sign(signer), *arguments)

    def audit(self, *arguments: object) -> Finished:
        """Audit all stages."""
        return self.harness("audit", *arguments)

    def sign(self, signer: str) -> tuple[object, ...]:
        """Return the option that names a person's key."""
        return "--signer", f"file:{self.folder / 'keys' / signer}.key"

    @property
    def statements(self) -> list[Mapping[str, Any]]:
        """Return the statements that were written."""
        files = sorted((self.folder / ".harness" / "promotions").glob("*.intoto.json"))
        return [json.loads(file.read_text()) for file in files]

    def _rows(self, model: str, champion: str, rate: float, day: int) -> pa.Table:
        seed = sum(model.encode()) + 1000 * day
        chance = np.random.default_rng(seed)
        y = (chance.random(400) < 0.5).astype(int)
        own, other = chance.random(400) < rate, np.random.default_rng(7).random(400) < 0.85
        return pa.table(
            {
                "id": np.arange(400) + seed * 1000,
                "y": y,
                "decision": np.where(own, y, 1 - y),
                "champion_decision": np.where(other, y, 1 - y),
                "made_by": [f"{model}@{self.digest(model)}"] * 400,
                "champion_made_by": [f"{champion}@{self.digest(champion)}"] * 400,
            }
        )


def open_shop(folder: Path, harness: Command, ledger: str = "sqlite:///ledger.db") -> Shop:
    """Return a project in which `m1` is nobody's choice yet, committed."""
    write_atomic(folder / "s.suite.yaml", SUITE)
    write_atomic(folder / "ci" / "gates.yaml", GATES.format(ledger=ledger))
    signers = new_signers()
    write_trust(folder / "keys", signers)
    write_atomic(folder / "ci" / "trust.yaml", (folder / "keys" / "trust.yaml").read_text())
    write_atomic(folder / "models" / "m1" / "weights", "of m1")
    write_atomic(folder / ".gitignore", "keys/\nmodels/\n*.parquet\n*.db*\n.harness/\nchampion.json\n")
    commit(folder)
    return Shop(folder=folder, harness=harness)


def commit(folder: Path) -> None:
    """Commit all that a project's folder has."""
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "-A"], check=True)
    subprocess.run(["git", "-C", str(folder), *who, "commit", "-qm", "x"], check=True)
