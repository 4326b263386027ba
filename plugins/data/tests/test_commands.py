"""`harness data` profiles a table and infers a schema that the table keeps."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from harness import open_table

Command = Callable[..., Any]


@pytest.mark.usefixtures("payments")
def test_the_inferred_schema_is_kept_by_its_table(project: Path, harness: Command) -> None:
    step = yaml.safe_load(harness("data", "schema", "payments.parquet").out)
    suite = {
        "name": "payments",
        "data": {"payments": {"source": "payments.parquet"}},
        "target": {"kind": "table", "config": {"data": "payments"}},
        "steps": step,
    }
    (project / "payments.suite.yaml").write_text(yaml.safe_dump(suite))

    done = harness("run", "payments.suite.yaml")

    assert (0, "") == (done.code, done.err)
    assert {"nullable": True, "type": "float64", "min": -1.0, "max": 20000.0} == step[0]["with"]["columns"]["amount"]
    assert ["de", "fr", "nl", "xx"] == step[0]["with"]["columns"]["country"]["in"]


@pytest.mark.usefixtures("payments")
def test_a_profile_is_written_and_read_like_a_table(project: Path, harness: Command) -> None:
    from datetime import UTC

    done = harness("data", "profile", "payments.parquet", "-o", "before.profile", "--column", "amount")

    found = open_table("before.profile", project, datetime(2026, 1, 1, tzinfo=UTC)).profile()
    assert (0, {"amount"}) == (done.code, set(found.columns))
    assert 9 == found["amount"].missing
    assert "wrote before.profile: 1 column of 2,000 rows" in done.out


def test_a_table_that_is_not_there_is_told(harness: Command) -> None:
    done = harness("data", "schema", "nothing.parquet")

    assert 4 == done.code
    assert "no file at" in done.err


def test_a_schema_keeps_the_time_zone_and_the_names_in_structs(project: Path, harness: Command) -> None:
    at = pa.array([datetime(2026, 1, 1)], pa.timestamp("us", tz="Europe/Berlin"))
    pq.write_table(pa.table({"at": at, "place": [{"City": "Bonn"}]}), project / "zoned.parquet")

    columns = yaml.safe_load(harness("data", "schema", "zoned.parquet").out)[0]["with"]["columns"]

    assert "timestamp('UTC', 6)" == columns["at"]["type"]
    assert "struct<City: string>" == columns["place"]["type"]


def test_a_profile_says_what_it_leaves_out(project: Path, harness: Command) -> None:
    pq.write_table(pa.table({"x": [1.0], "lists": [[1.0]]}), project / "lists.parquet")

    done = harness("data", "profile", "lists.parquet", "-o", "lists.profile")

    assert "left out, as what they hold is not profiled: lists (DOUBLE[])" in done.out


@pytest.mark.usefixtures("payments")
def test_a_profile_that_cannot_be_written_is_told(harness: Command) -> None:
    done = harness("data", "profile", "payments.parquet", "-o", "nowhere/before.profile")

    assert 4 == done.code
    assert "cannot write 'nowhere/before.profile'" in done.err


@pytest.mark.usefixtures("payments")
def test_a_schema_of_a_saved_profile_is_refused(harness: Command) -> None:
    harness("data", "profile", "payments.parquet", "-o", "before.profile")

    done = harness("data", "schema", "before.profile")

    assert 4 == done.code
    assert "is a saved profile, which holds counts and no rows" in done.err
