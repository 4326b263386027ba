"""`data.schema` through the command line, as a suite uses it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

SUITE = """
name: payments
data: {{payments: {{source: payments.parquet}}}}
target: {{kind: table, config: {{data: payments}}}}
steps:
  - check: data.schema
    with: {params}
    require: {{violations: {require}}}
"""
Command = Callable[..., Any]


def suite(project: Path, params: str, require: str = "{at_most: 0}") -> Path:
    path = project / "payments.suite.yaml"
    path.write_text(SUITE.format(params=params, require=require))
    return path


def outcomes(project: Path) -> dict[str, str]:
    found = json.loads((project / "out" / "payments" / "run.json").read_text())["verdicts"]
    return {"/".join(verdict["labels"].values()): verdict["outcome"] for verdict in found}


@pytest.mark.usefixtures("payments")
def test_a_table_that_keeps_its_schema_passes_on_every_rule(project: Path, harness: Command) -> None:
    params = "{columns: {at: {type: timestamp, min: 2025-12-01}, online: {type: boolean, in: [true, false]}}}"

    done = harness("run", suite(project, params), "--out", "out")

    assert (0, "") == (done.code, done.err)
    assert outcomes(project) == {
        "at/present": "pass",
        "at/type": "pass",
        "at/nullable": "pass",
        "at/min": "pass",
        "online/present": "pass",
        "online/type": "pass",
        "online/nullable": "pass",
        "online/in": "pass",
    }


@pytest.mark.usefixtures("payments")
def test_a_broken_rule_fails_by_name(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{columns: {amount: {min: 0, max: 30000, nullable: true}}}"), "--out", "out")

    assert done.code == 1
    assert outcomes(project) == {"amount/present": "pass", "amount/min": "fail", "amount/max": "pass"}
    assert "exactly 7; at most 0 was asked" in done.out


@pytest.mark.usefixtures("payments")
def test_a_missing_column_fails(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{columns: {amonut: {min: 0}}}"), "--out", "out")

    assert done.code == 1
    assert outcomes(project) == {"amonut/present": "fail"}


@pytest.mark.usefixtures("payments")
def test_a_requirement_on_a_rule_of_a_missing_column_is_an_error(project: Path, harness: Command) -> None:
    done = harness("run", suite(project, "{columns: {amonut: {min: 0}}}", "{at_most: 0, where: {rule: min}}"))

    assert done.code == 3
    assert "no 'violations' where" in done.out


@pytest.mark.usefixtures("payments")
def test_a_sample_may_be_inconclusive(project: Path, harness: Command) -> None:
    params = "{columns: {amount: {max: 10000, nullable: true}}, sample: true}"

    done = harness("run", suite(project, params, "{at_most: 0.007}"), "--out", "out")

    assert done.code == 2
    assert outcomes(project) == {"amount/present": "pass", "amount/max": "inconclusive"}


@pytest.mark.usefixtures("payments")
def test_a_typo_is_found_without_reading_any_data(project: Path, harness: Command) -> None:
    done = harness("validate", suite(project, "{columns: {amount: {mni: 0}}}"))

    assert done.code == 4
    assert "parameter 'columns.amount': no rule 'mni'; did you mean 'min'?" in done.err


@pytest.mark.usefixtures("payments")
def test_a_schema_file_starts_at_the_folder_of_the_suite(project: Path, harness: Command) -> None:
    inside = project / "suites"
    inside.mkdir()
    (project / "payments.parquet").rename(inside / "payments.parquet")
    (inside / "payments.yaml").write_text("columns: {online: {dtype: boolean}}")

    done = harness("run", suite(inside, "{file: payments.yaml}"), "--out", "out")

    assert done.code == 0
    assert set(outcomes(project)) == {"online/present", "online/type", "online/nullable"}


def test_a_million_rows_take_seconds(project: Path, harness: Command) -> None:
    columns = ", ".join(f"CASE WHEN i % 1000 = {c} THEN -1.0 ELSE random() END AS c{c}" for c in range(10))
    file = project / "payments.parquet"
    duckdb.sql(f"COPY (SELECT i AS key, {columns} FROM range(1000000) r(i)) TO '{file}'")
    rules = ", ".join(f"c{c}: {{type: float64, min: 0, max: 1}}" for c in range(10))
    started = time.perf_counter()

    done = harness("run", suite(project, f"{{columns: {{key: {{unique: true}}, {rules}}}}}"), "--out", "out")

    assert time.perf_counter() - started < 20
    assert done.code == 1
    assert {f"c{c}/min" for c in range(10)} == {name for name, found in outcomes(project).items() if found == "fail"}
