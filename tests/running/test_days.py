"""The same day gives the same evidence, and a feed that stopped after midnight does not look fresh."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conftest import Command

START = datetime(2026, 11, 1, tzinfo=UTC)
SUITE = """name: nightly
data: {d: {source: feed.parquet, id: id, time: at, window: 7d}}
target: {kind: table, config: {data: d, model: v1}}
steps:
  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.5}}}
  - {check: data.freshness, require: {age: {at_most: 2}}}
"""


def feed(project: Path, until: datetime) -> None:
    hours = int((until - START) / timedelta(hours=1)) + 1
    columns = {"id": np.arange(hours), "ok": np.arange(hours) % 10 > 0}
    moments = pa.array([START + timedelta(hours=hour) for hour in range(hours)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({**columns, "at": moments}), project / "feed.parquet")
    (project / "nightly.suite.yaml").write_text(SUITE)


def verdicts(installed: Command, as_of: str, *more: str) -> dict[str, Any]:
    done = installed("run", "nightly.suite.yaml", "--as-of", as_of, "--json", *more)
    return {verdict["metric"]: verdict for verdict in json.loads(done.out)["runs"][0]["verdicts"]}


def test_the_same_day_twice_is_one_look_at_the_same_rows(project: Path, installed: Command) -> None:
    feed(project, datetime(2026, 11, 20, 3, tzinfo=UTC))
    first = verdicts(installed, "2026-11-20T03:10:00")["rate"]
    feed(project, datetime(2026, 11, 20, 20, tzinfo=UTC))

    again = verdicts(installed, "2026-11-20T20:10:00")["rate"]

    assert (168, 1) == (first["estimate"]["n"], first["look"]["number"])
    assert (first["estimate"], first["look"]) == (again["estimate"], again["look"])


def test_a_feed_that_stopped_after_midnight_is_not_fresh_in_the_evening(project: Path, installed: Command) -> None:
    feed(project, datetime(2026, 11, 20, 3, tzinfo=UTC))

    early, late = (verdicts(installed, f"2026-11-20T{hour}:00:00")["age"] for hour in ("04", "20"))

    assert [("pass", 1), ("fail", 17)] == [(age["outcome"], age["estimate"]["value"]) for age in (early, late)]


def test_a_watch_judges_the_rows_of_today(project: Path, installed: Command) -> None:
    feed(project, datetime(2026, 11, 20, 3, tzinfo=UTC))

    rows = verdicts(installed, "2026-11-20T20:00:00", "--trigger", "schedule")["rate"]["estimate"]["n"]

    assert 7 * 24 - 17 == rows
