"""How often a table is read, by DuckDB's own log of the queries it answered."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from harness_data import schema

from harness.tables import scan
from harness.tables.profiles import Kind, Profile, profiled
from harness.testing import measure

ROWS = {"key": [1, 2, 3, 4], "amount": [1.0, 2.0, 30.0, 4.0], "channel": ["web", "pos", "web", "atm"]}
ONE_RULE = {"amount": {"nullable": True, "min": 0}}
MANY_RULES = {
    "key": {"type": "int64", "min": 1, "max": 4},
    "amount": {"type": "float64", "min": 0, "max": 100, "in": [1.0, 2.0, 30.0, 4.0]},
    "channel": {"type": "string", "in": ["web", "pos", "atm"]},
}
SUITE = """
name: drifting
data: {{today: {{source: today.{form}}}, training: {{source: training.{form}}}}}
target: {{kind: table, config: {{data: today}}}}
steps:
  - {{check: drift.columns, name: first, with: {{reference: training}}, require: {{psi: {{at_most: 1}}}}}}
  - {{check: drift.columns, name: again, with: {{reference: training}}, require: {{js: {{at_most: 1}}}}}}
  - {{check: drift.columns, name: back, with: {{data: training, reference: today}}, require: {{psi: {{at_most: 1}}}}}}
"""
Command = Callable[..., Any]
Queries = Callable[[], list[str]]


@pytest.fixture
def queries() -> Iterator[Queries]:
    """Return the queries of tables that were answered since it was asked last."""
    database = scan._database()
    database.execute("CALL enable_logging('QueryLog')")

    def asked() -> list[str]:
        found = database.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
        database.execute("CALL truncate_duckdb_logs()")
        return [text for (text,) in found if text.startswith("SELECT") and "read_" in text]

    asked()
    yield asked
    database.execute("CALL disable_logging()")


def asked_for(columns: dict[str, Any], queries: Queries) -> int:
    measure(schema, {**ROWS, "id": ROWS["key"]}, columns=columns)
    return len(queries())


def test_a_schema_of_many_rules_asks_one_query_as_a_schema_of_one_does(queries: Queries) -> None:
    of_one = asked_for(ONE_RULE, queries)

    of_many = asked_for(MANY_RULES, queries)

    assert of_one == of_many


def test_the_rules_of_a_step_are_one_query(queries: Queries) -> None:
    measure(schema, ROWS, columns=MANY_RULES)

    rules = [text for text in queries() if "rule" in text]

    assert 1 == len(rules)
    assert all(f"rule{number}" in rules[0] for number in range(13))


def test_each_unique_rule_and_each_broken_rule_of_rows_asks_one_query_more(queries: Queries) -> None:
    kept = asked_for(MANY_RULES, queries)
    unique = {**MANY_RULES, "key": {"unique": True}}
    broken = {**MANY_RULES, "amount": {"max": 10}}

    more = [asked_for(columns, queries) - kept for columns in (unique, broken)]

    assert [1, 1] == more


def tables(project: Path, form: str, seed: int) -> None:
    for name in ("today", "training"):
        chance = np.random.default_rng([seed, len(name)])
        found = pa.table({"x": chance.normal(0, 1, 500), "c": np.array(["a", "b"])[chance.integers(0, 2, 500)]})
        path = project / f"{name}.{form}"
        pq.write_table(found, path) if form == "parquet" else pc.write_csv(found, path)
    (project / "drifting.suite.yaml").write_text(SUITE.format(form=form))


def test_a_suite_profiles_each_of_its_tables_with_one_query(project: Path, harness: Command, queries: Queries) -> None:
    tables(project, "csv", 1)

    done = harness("run", "drifting.suite.yaml")

    profiles = [text for text in queries() if "count" not in text.split("FROM")[0]]
    assert (0, "") == (done.code, done.err)
    assert [1, 1] == [sum(f"{name}.csv" in text for text in profiles) for name in ("today", "training")]


def test_a_suite_profiles_each_of_its_parquet_files_once(
    project: Path, harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables(project, "parquet", 2)
    scans: list[list[str]] = []

    def counted(batches: Iterable[pa.RecordBatch], kinds: Mapping[str, Kind]) -> Profile:
        scans.append([*kinds])
        return profiled(batches, kinds)

    monkeypatch.setattr("harness.tables.profiling.profiled", counted)

    done = harness("run", "drifting.suite.yaml")

    assert (0, "") == (done.code, done.err)
    assert [["x", "c"], ["x", "c"]] == scans
