"""The project that is attacked: its candidate failed, and every attack tries to bring it past the gate."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from conftest import Command, Finished, scored_rows

CANDIDATE = "m/2"
SUITE = """name: s
params: {least: float}
data: {d: {source: scores.parquet, id: id, time: at}}
target: {kind: table, config: {data: d, model: m/2}}
steps:
  - check: rows.rate
    with: {column: ok}
    require: {rate: {at_least: {param: least}}}
  - check: data.schema
    with: {columns: {score: {min: 0, max: 1}}}
    require: {violations: {at_most: 0}}
"""
GATES = """project: demo
gates:
  ci: {suites: [{file: ../s.suite.yaml, params: {least: 0.75}}]}
"""
GOOD, BAD = 0.9, 0.6


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A project folder and the command line in it, in this process and as installed."""

    folder: Path
    harness: Command
    installed: Command

    @property
    def ledger(self) -> Path:
        """Return the file of the ledger."""
        return self.folder / ".harness" / "ledger.db"

    @property
    def suite(self) -> Path:
        """Return the suite file that the gate names."""
        return self.folder / "s.suite.yaml"

    def write_rows(self, rate: float, seed: int = 0, rows: int = 400) -> None:
        """Write the table, of which so many rows are well."""
        pq.write_table(scored_rows(rows, seed=seed, rate=rate), self.folder / "scores.parquet")

    def run(self, *arguments: object, least: float = 0.75) -> Finished:
        """Run the suite."""
        return self.harness("run", self.suite, "--param", f"least={least}", *arguments)

    def gate(self, *arguments: object, candidate: str = CANDIDATE) -> Finished:
        """Ask the gate."""
        return self.harness("gate", "ci", "--candidate", candidate, *arguments)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A way to get a bad candidate past the gate, and a part of what the gate says to it."""

    name: str
    perform: Callable[[Shop], Finished | None]
    answer: str


def attack(corpus: list[Attack], answer: str) -> Callable[[Callable[[Shop], Finished | None]], None]:
    """Add a function to a corpus; it returns what the gate said, or None where the gate is asked after it."""

    def add(perform: Callable[[Shop], Finished | None]) -> None:
        corpus.append(Attack(name=perform.__name__, perform=perform, answer=answer))

    return add
