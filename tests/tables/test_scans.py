"""How often a table is read, by DuckDB's own log of the queries it answered."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from harness_bias import group_rates
from harness_data import duplicates, freshness_check, leakage_check, overlap, parity, references, schema, volume

from harness import Check
from harness.plugins.tasks import TargetSpec, Task
from harness.tables import duck, profiling
from harness.tables.profiles import Kind, Profile
from harness.testing import FakeTarget, dataset

ROWS = {"key": [1, 2, 3, 4], "amount": [1.0, 2.0, 30.0, 4.0], "channel": ["web", "pos", "web", "atm"]}
ONE_RULE = {"amount": {"nullable": True, "min": 0}}
MANY_RULES: dict[str, dict[str, Any]] = {
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
  - {{check: drift.columns, name: again, with: {{reference: training}}, require: {{js: {{at_most: 0.99}}}}}}
  - {{check: drift.columns, name: back, with: {{data: training, reference: today}}, require: {{psi: {{at_most: 1}}}}}}
"""
APART = """
name: drifting
data: {today: {source: today.parquet}, training: {source: training.parquet}}
target: {kind: table, config: {data: today, score: s}}
steps:
  - {check: drift.columns, name: one, with: {reference: training, columns: [x]}, require: {psi: {at_most: 1}}}
  - {check: drift.columns, name: other, with: {reference: training, columns: [c]}, require: {psi: {at_most: 1}}}
  - {check: drift.prediction, with: {reference: training}, require: {psi: {at_most: 1}}}
"""
UNIQUE = {name: {**rules, "unique": True} for name, rules in MANY_RULES.items()}
PEOPLE = {
    "id": [*range(200)],
    "time": [datetime(2026, 1, 1 + at % 3) for at in range(200)],
    "sex": ["f", "m"] * 100,
    "age": ["young", "old", "old", "old"] * 50,
    "score": [at % 10 / 10 for at in range(200)],
    "decision": [at % 2 for at in range(200)],
    "label": [at // 2 % 2 for at in range(200)],
}
KNOWN = {"id": [1, 2, 3], "score": [0.1, 0.2, 0.4], "sex": ["f", "m", "f"]}
STEPS = [
    (parity, {"reference": KNOWN, "columns": {"score": 0.01, "sex": 0.0}}),
    (duplicates, {"columns": ["sex", "score"]}),
    (overlap, {"reference": KNOWN, "columns": ["id", "sex"]}),
    (references, {"reference": KNOWN, "keys": {"id": "id", "sex": "sex"}}),
    (volume, {}),
    (freshness_check, {}),
    (leakage_check, {"columns": ["score", "sex", "age"]}),
    (group_rates, {"groups": ["sex", "age"], "reference": {"sex": "m", "age": "old"}, "intersections": True}),
]
Command = Callable[..., Any]
Queries = Callable[[], list[str]]


@pytest.fixture
def queries() -> Iterator[Queries]:
    """Return the queries of tables that were answered since it was asked last."""
    database = duck.database()
    database.execute("CALL enable_logging('QueryLog')")

    def asked() -> list[str]:
        found = database.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
        database.execute("CALL truncate_duckdb_logs()")
        return [text for (text,) in found if text.startswith(("SELECT", "WITH")) and "read_" in text]

    asked()
    yield asked
    database.execute("CALL disable_logging()")


def asked_by(check: Check, queries: Queries, rows: Any, **params: Any) -> list[str]:
    """Return what a step asks by itself: neither the host's count of the rows nor what it asks to verify the roles."""
    tables = {"data": replace(dataset(rows), as_of=datetime(2026, 1, 4, tzinfo=UTC))}
    tables |= {n: dataset(params.pop(n), n) for n in check.spec.datasets if n in params}
    queries()
    target = TargetSpec(kind="table", config={})
    list(check.measure_target(FakeTarget(), tables, Task(step="s", check=check.name, target=target, params=params)))
    return queries()


@pytest.mark.parametrize("columns", [ONE_RULE, MANY_RULES, UNIQUE])
def test_the_rules_of_a_schema_are_one_query_however_many_and_of_whatever_kind(
    queries: Queries, columns: dict[str, Any]
) -> None:
    asked = asked_by(schema, queries, ROWS, columns=columns)

    assert 1 == len(asked)
    assert all(f"broken{number}" in asked[0] for number in range(len(columns)))


def test_lists_of_columns_that_are_unique_together_are_no_queries_of_their_own(
    tmp_path: Path, queries: Queries
) -> None:
    columns = {"key": {"dtype": "int64", "unique": True}, "channel": {"dtype": "string"}}
    message = {"columns": columns, "unique": [["key", "channel"], ["channel", "amount"]]}
    (tmp_path / "schema.yaml").write_text(json.dumps(message))

    asked = asked_by(schema, queries, ROWS, file=str(tmp_path / "schema.yaml"))

    assert 1 == len(asked)


def test_the_examples_of_all_broken_rules_are_one_query_more(queries: Queries) -> None:
    broken = {"amount": {"max": 10, "min": 3}, "channel": {"in": ["web"]}, "key": {"max": 2, "unique": True}}

    asked = asked_by(schema, queries, {**ROWS, "id": ROWS["key"]}, columns=broken)

    assert 2 == len(asked)


@pytest.mark.parametrize(("check", "params"), STEPS)
def test_a_step_asks_one_query(check: Check, params: dict[str, Any], queries: Queries) -> None:
    asked = asked_by(check, queries, PEOPLE, **params)

    assert 1 == len(asked)


@pytest.mark.parametrize("rates", [["selection_rate", "tpr", "fpr", "equalized_odds"], ["fnr", "calibration"]])
def test_rates_of_rows_that_belong_together_ask_one_query_of_counts_and_one_of_rows(
    rates: list[str], queries: Queries
) -> None:
    clustered = dataset({**PEOPLE, "household": [at // 4 for at in range(200)]}, cluster="household")

    asked = asked_by(group_rates, queries, clustered, groups=["sex"], reference="m", rates=rates)

    assert [True, False] == ["GROUP BY" in text for text in asked]


def tables(project: Path, form: str, seed: int, suite: str, numbers: str = "x") -> None:
    for name in ("today", "training"):
        chance = np.random.default_rng([seed, len(name)])
        drawn = {name: chance.normal(0, 1, 500) for name in numbers}
        found = pa.table({**drawn, "c": np.array(["a", "b"])[chance.integers(0, 2, 500)]})
        path = project / f"{name}.{form}"
        pq.write_table(found, path) if form == "parquet" else pc.write_csv(found, path)
    (project / "drifting.suite.yaml").write_text(suite)


def test_a_suite_profiles_each_of_its_tables_with_one_query(project: Path, harness: Command, queries: Queries) -> None:
    tables(project, "csv", 1, SUITE.format(form="csv"))

    done = harness("run", "drifting.suite.yaml")

    profiles = [text for text in queries() if "count" not in text.split("FROM")[0]]
    assert (0, "") == (done.code, done.err)
    assert [1, 1] == [sum(f"{name}.csv" in text for text in profiles) for name in ("today", "training")]


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the columns of each scan that is made of a parquet file."""
    found: list[list[str]] = []

    def counted(sql: str, kinds: Mapping[str, Kind]) -> Profile:
        found.append([*kinds])
        return scanned(sql, kinds)

    scanned = profiling._profile_parquet
    monkeypatch.setattr(profiling, "_profile_parquet", counted)
    return found


def test_a_suite_profiles_each_of_its_parquet_files_once(
    project: Path, harness: Command, scans: list[list[str]]
) -> None:
    tables(project, "parquet", 2, SUITE.format(form="parquet"))

    done = harness("run", "drifting.suite.yaml")

    assert (0, "") == (done.code, done.err)
    assert [["x", "c"], ["x", "c"]] == scans


def test_steps_that_name_different_columns_share_one_scan_of_each_table(
    project: Path, harness: Command, scans: list[list[str]]
) -> None:
    tables(project, "parquet", 3, APART, numbers="xs")

    done = harness("run", "drifting.suite.yaml")

    assert (0, "") == (done.code, done.err)
    assert [["c", "s", "x"], ["c", "s", "x"]] == [sorted(columns) for columns in scans]


def test_a_step_is_measured_though_a_column_that_another_names_cannot_be_read(project: Path, harness: Command) -> None:
    tables(project, "parquet", 4, APART, numbers="xs")
    sound = pq.read_table(project / "today.parquet")
    spoiled = pa.array([b"\xff"] * len(sound)).view(pa.string())
    pq.write_table(sound.set_column(sound.column_names.index("c"), "c", spoiled), project / "today.parquet")

    done = harness("run", "drifting.suite.yaml", "--out", "out")

    one, other, scores = json.loads((project / "out" / "drifting" / "run.json").read_text())["verdicts"]
    assert 3 == done.code
    assert ("pass", "error", "pass") == (one["outcome"], other["outcome"], scores["outcome"])
    assert "c cannot be read: 'utf-8' codec can't decode byte 0xff" in other["reason"]
