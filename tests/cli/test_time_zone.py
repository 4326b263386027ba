"""A moment without a zone is UTC, whatever the zone of the machine."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

SUITE = """
name: hourly
data:
  t: {{source: t.{form}, time: at}}
  window: {{source: t.{form}, time: at, window: 6h}}
  ripe: {{source: t.{form}, time: at, mature_after: 2d}}
  days: {{source: days.parquet, time: day}}
target: {{kind: table, config: {{data: t}}}}
steps:
  - {{check: data.freshness, require: {{age: {{at_most: 1}}, future: {{at_most: 0}}}}}}
  - {{check: data.freshness, name: days, with: {{data: days}}, require: {{age: {{at_most: 24}}}}}}
  - {{check: data.volume, with: {{data: window}}, require: {{rows: {{at_least: 5}}}}}}
  - {{check: data.volume, name: ripe, with: {{data: ripe}}, require: {{rows: {{at_least: 24}}}}}}
  - check: data.schema
    with: {{columns: {{at: {{min: "2026-01-01T00:00:00", max: "2026-01-03T23:00:00"}}}}}}
    require: {{violations: {{at_most: 0}}}}
"""


@pytest.mark.parametrize(("zone", "form"), [("Asia/Tokyo", "parquet"), ("America/New_York", "csv")])
def test_a_moment_without_a_zone_is_utc_on_every_machine(tmp_path: Path, zone: str, form: str) -> None:
    rows = pa.table({"at": pa.array([datetime(2026, 1, 1) + timedelta(hours=hour) for hour in range(72)])})
    pq.write_table(rows, tmp_path / "t.parquet")
    pc.write_csv(rows, tmp_path / "t.csv")
    pq.write_table(pa.table({"day": [datetime(2026, 1, 3).date()]}), tmp_path / "days.parquet")
    (tmp_path / "hourly.suite.yaml").write_text(SUITE.format(form=form))
    command = [str(Path(sys.executable).with_name("harness")), "run", "hourly.suite.yaml", "--out", "out"]

    done = subprocess.run(
        [*command, "--as-of", "2026-01-04T00:00:00"],
        cwd=tmp_path,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout
    found = json.loads((tmp_path / "out" / "hourly" / "run.json").read_text())["datasets"]
    assert {"t": 72, "window": 5, "ripe": 24, "days": 1} == {name: each["rows"] for name, each in found.items()}
    assert ["2026-01-03T23:00:00Z", "2026-01-01T23:00:00Z"] == [found[name]["latest"] for name in ("t", "ripe")]
