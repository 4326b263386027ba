"""A project in which one suite is run on rows that change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from conftest import Command, scored_rows
from harness.records.ledger import Ledger
from harness.values.runs import Run

SUITE = """name: card
params: {model: str, look: str}
data: {d: {source: {param: look}, id: id}}
target: {kind: table, config: {data: d, model: {param: model}}}
baselines: {champion: {config: {model: CHAMPION}}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: ASKED}}
"""


ASKED = "{at_least: 0.77, plan_for: 0.85}"


@dataclass(frozen=True, kw_only=True)
class Looking:
    """A project in which one suite is run on rows that change."""

    folder: Path
    harness: Command

    def ask(self, asked: str = ASKED, champion: str = "old") -> None:
        (self.folder / "card.suite.yaml").write_text(SUITE.replace("ASKED", asked).replace("CHAMPION", champion))

    def look(self, first: int, last: int, model: str = "m/2", seed: int = 0, *more: str) -> dict[str, Any]:
        """Run the suite on rows with the ids from `first` to `last` and return the record."""
        pq.write_table(rows(seed).slice(first, last - first), self.folder / "rows.parquet")
        return self.again(model, *more)

    def again(self, model: str = "m/2", *more: str) -> dict[str, Any]:
        """Run the suite on the rows that are there."""
        arguments = ("--param", f"model={model}", "--param", "look=rows.parquet", "--json", *more)
        done = self.harness("run", self.folder / "card.suite.yaml", *arguments)
        record: dict[str, Any] = json.loads(done.out)["runs"][0]
        return record

    def runs(self) -> list[Run]:
        return list(Ledger(f"sqlite:///{self.folder}/.harness/ledger.db", "demo").runs())


def rows(seed: int = 0) -> pa.Table:
    return scored_rows(2000, seed=seed)


def verdict(record: Mapping[str, Any]) -> Mapping[str, Any]:
    (found,) = record["verdicts"]
    assert isinstance(found, dict)
    return found
