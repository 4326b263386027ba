"""Rows that stand in a table again under other ids are told of, and what chance repeats is not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command

SUITE = """name: s
data: {{d: {{source: d.parquet, id: id, label: y{time}}}}}
target: {{kind: table, config: {{data: d, score: score, decision: decision, model: m/1}}}}
steps:
  - check: quality.classifier
    require: {{recall: {{at_least: 0.1}}}}
"""
GATES = "project: demo\ngates:\n  ci: {suites: [../s.suite.yaml]}\n"
TOLD = "have the score, label and time of another"


def rows(n: int, *, digits: int = 16, minutes: int = 1) -> pa.Table:
    """Return scored rows; `digits` of the score, and `minutes` between the moments that a time can say."""
    chance = np.random.default_rng(0)
    y = (chance.random(n) < 0.4).astype(int)
    score = np.round(np.clip(0.3 * y + 0.7 * chance.random(n), 0, 1), digits)
    at = np.datetime64("2026-11-01", "s") + chance.integers(0, 28 * 1440 // minutes, n) * minutes * 60
    decision = (score > 0.5).astype(int)
    return pa.table({"id": np.arange(n), "y": y, "score": score, "decision": decision, "at": at.astype("M8[us]")})


def copied(table: pa.Table, times: int, of: Sequence[int] | None = None) -> pa.Table:
    """Return the table with some of its rows (default all) so many times, each with an id of its own."""
    chosen = table if of is None else table.take(list(of))
    found = pa.concat_tables([table, *[chosen] * (times - 1)])
    return found.set_column(0, "id", pa.array(range(len(found))))


def warnings(project: Path, harness: Command, table: pa.Table, time: str = ", time: at") -> tuple[bool, bool]:
    """Return whether the run and the gate tell of rows that repeat others."""
    pq.write_table(table, project / "d.parquet")
    (project / "s.suite.yaml").write_text(SUITE.format(time=time))
    (project / "ci").mkdir()
    (project / "ci" / "gates.yaml").write_text(GATES)
    ran, gated = harness("run", "s.suite.yaml"), harness("gate", "ci", "--candidate", "m/1")
    assert 0 == ran.code == gated.code, ran.out + ran.err
    return TOLD in ran.err, TOLD in gated.out


@pytest.mark.parametrize(
    ("table", "time"),
    [
        (copied(rows(400), 20), ", time: at"),
        (copied(rows(400), 20), ""),
        (copied(rows(4000), 2, of=range(100)), ", time: at"),
        (copied(rows(400, minutes=1440), 2), ", time: at"),
        (copied(rows(4000, digits=2), 3), ", time: at"),
    ],
    ids=["all twenty times", "all, without a time", "a few twice", "times are days", "scores of two digits"],
)
def test_copies_under_new_ids_are_told_of_by_run_and_gate(
    project: Path, harness: Command, table: pa.Table, time: str
) -> None:
    assert (True, True) == warnings(project, harness, table, time)


@pytest.mark.parametrize(
    ("table", "time"),
    [
        (rows(4000), ", time: at"),
        (rows(4000, digits=1, minutes=1440), ", time: at"),
        (rows(4000, digits=2), ""),
    ],
    ids=["none is like another", "days and one digit", "two digits, without a time"],
)
def test_what_chance_repeats_is_not_told_of(project: Path, harness: Command, table: pa.Table, time: str) -> None:
    assert (False, False) == warnings(project, harness, table, time)
