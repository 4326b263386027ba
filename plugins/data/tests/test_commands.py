"""`harness data` profiles a table and infers a schema that the table keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    from datetime import UTC, datetime

    done = harness("data", "profile", "payments.parquet", "-o", "before.profile", "--column", "amount")

    found = open_table("before.profile", project, datetime(2026, 1, 1, tzinfo=UTC)).profile()
    assert (0, {"amount"}) == (done.code, set(found.columns))
    assert 9 == found["amount"].missing
    assert "wrote before.profile: 1 columns of 2,000 rows" in done.out


def test_a_table_that_is_not_there_is_told(harness: Command) -> None:
    done = harness("data", "schema", "nothing.parquet")

    assert 4 == done.code
    assert "no file at" in done.err
