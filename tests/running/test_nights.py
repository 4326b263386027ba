"""One unchanged candidate is judged every night on seven days of rows: nothing runs out, and verdicts are steady."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command

START, NIGHTS, ROWS = datetime(2026, 3, 1, tzinfo=UTC), 30, 100  # rows a day
SUITE = """name: nightly
data: {d: {source: feed.parquet, id: id, time: at, window: 7d}}
target: {kind: table, config: {data: d, model: v1}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.8}}}
"""
GATES = "project: demo\ngates: {production: {suites: [nightly]}}\n"


def write_feed(project: Path, days: int, good: int) -> None:
    """Write the rows of so many days, of each hundred of which so many are good."""
    ids = np.arange(days * ROWS)
    moments = [START + timedelta(days=int(number) // ROWS, minutes=int(number) % ROWS) for number in ids]
    times = pa.array(moments, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"id": ids, "ok": ids * 37 % 100 < good, "at": times}), project / "feed.parquet")


def judge_night(project: Path, installed: Command, night: int, good: int) -> Any:
    """Run the suite in some night; return its verdict."""
    write_feed(project, night + 6, good)
    as_of = START + timedelta(days=night + 6, hours=2)
    done = installed("run", "nightly.suite.yaml", "--as-of", f"{as_of:%Y-%m-%dT%H:%M:%S}", "--json")
    (verdict,) = json.loads(done.out)["runs"][0]["verdicts"]
    return verdict


def ask_gate(installed: Command) -> Any:
    return json.loads(installed("gate", "production", "--candidate", "v1", "--gates", "gates.yaml", "--json").out)


@pytest.mark.heavy
@pytest.mark.parametrize(("good", "outcome"), [(83, "pass"), (80, "inconclusive"), (77, "fail")])
def test_a_candidate_judged_for_thirty_nights_is_decided_and_stays_so(
    project: Path, installed: Command, good: int, outcome: str
) -> None:
    (project / "nightly.suite.yaml").write_text(SUITE)
    (project / "gates.yaml").write_text(GATES)

    nights, decisions = [], []
    for night in range(1, NIGHTS + 1):
        nights.append(judge_night(project, installed, night, good))
        decisions += [ask_gate(installed)] if night in (1, 8, 9, NIGHTS) else []

    assert [1] * 7 + [2] * 14 + [3] * 9 == [each["look"]["number"] for each in nights]
    assert [700, 1400, 2800] == [each["look"]["size"] for each in nights if each["look"]["taken"] is None]
    assert [each["outcome"] for each in nights[7:]] == [outcome] * 23
    assert [each["outcome"] for each in decisions[1:]] == [outcome] * 3
    assert not any(each["look"]["spent"] or each["look"]["withdrawn"] for each in nights)
    stands = "look 3 of 2026-03-29 stands; 800 rows came since, and look 4 is taken at 5,600 rows in all"
    assert stands in nights[-1]["reason"]
