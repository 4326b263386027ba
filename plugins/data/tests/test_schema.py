"""Every kind of rule finds exactly the rows that break it: held to queries written by hand, and to Pandera itself."""

import json
from collections.abc import Mapping
from typing import Any

import duckdb
import ibis
import pandera.ibis as pandera
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from harness_data import schema
from pandera.errors import SchemaErrors

from harness import HarnessError, Measurement, UsageError
from harness.testing import FakeTarget, measure

BY_HAND = [
    ("key", {"unique": True}, "unique", "key IN (SELECT key FROM bad GROUP BY key HAVING count(*) > 1)"),
    ("key", {"type": "int64"}, "type", "false"),
    ("key", {"type": "int32"}, "type", "true"),
    ("amount", {}, "nullable", "amount IS NULL OR isnan(amount)"),
    ("amount", {"min": 0}, "min", "amount < 0"),
    ("amount", {"max": 10_000}, "max", "amount > 10000 AND NOT isnan(amount)"),
    ("amount", {"max": 999.5}, "max", "amount > 999.5 AND NOT isnan(amount)"),
    ("amount", {"type": "float64"}, "type", "false"),
    ("amount", {"type": "decimal"}, "type", "true"),
    ("amount", {"min": "a"}, "min", "amount IS NOT NULL AND NOT isnan(amount)"),
    ("country", {"in": ["de", "fr", "nl"]}, "in", "country = 'xx'"),
    ("country", {"in": [1, 2]}, "in", "country IS NOT NULL"),
    ("country", {"min": 0}, "min", "country IS NOT NULL"),
    ("country", {}, "nullable", "country IS NULL"),
    ("at", {"type": "timestamp"}, "type", "false"),
    ("at", {"type": "timestamp('UTC')"}, "type", "true"),
    ("at", {"min": "2026-01-01"}, "min", "\"at\" < TIMESTAMP '2026-01-01'"),
    ("at", {"max": "2026-01-01T10:00:00"}, "max", "\"at\" > TIMESTAMP '2026-01-01 10:00:00'"),
    ("online", {"in": [True]}, "in", "NOT online"),
    ("online", {"type": "boolean"}, "type", "false"),
    ("absent", {"min": 0}, "present", "true"),
    ("key", {}, "present", "false"),
]
CHECKS = [
    ("equal_to", [20_000.0]),
    ("not_equal_to", [20_000.0]),
    ("greater_than", [-1.0]),
    ("greater_than_or_equal_to", [0.0]),
    ("less_than", [20_000.0]),
    ("less_than_or_equal_to", [500.0]),
    ("in_range", [0.0, 20_000.0]),
    ("in_range", [-1.0, 20_000.0, False, False]),
    ("isin", [[-1.0, 20_000.0]]),
    ("notin", [[-1.0, 20_000.0]]),
    ("str_matches", ["d|f"]),
    ("str_contains", ["[xn]"]),
    ("str_startswith", ["d"]),
    ("str_endswith", ["r"]),
    ("str_length", [3, 9]),
]
ARGUMENTS = {
    "in_range": ("min_value", "max_value", "include_min", "include_max"),
    "str_length": ("min_value", "max_value"),
}


def counted(rows: Any, **params: Any) -> Mapping[tuple[str, str], int]:
    found = measure(schema, rows, **params)
    return {key(each): int(each.sample.counts["value"]) for each in found}


def key(found: Measurement) -> tuple[str, str]:
    return found.labels.get("column", ""), found.labels["rule"]


@pytest.mark.parametrize(("column", "rules", "rule", "where"), BY_HAND)
def test_a_rule_counts_what_a_query_by_hand_counts(
    bad: pa.Table, column: str, rules: dict[str, Any], rule: str, where: str
) -> None:
    expected = duckdb.sql(f"SELECT count(*) FROM bad WHERE {where}").fetchall()[0][0]

    found = counted(bad, columns={column: rules})

    assert expected == found[column, rule]


@pytest.mark.parametrize(("name", "arguments"), CHECKS)
def test_a_pandera_check_counts_the_failure_cases_of_pandera(
    bad: pa.Table, tmp_path: Any, name: str, arguments: list[Any]
) -> None:
    column = "country" if name.startswith("str_") else "amount"
    rows = bad.filter(pc.is_finite(bad["amount"])).select([column])
    frame = pandera.DataFrameSchema(
        {column: pandera.Column(checks=getattr(pandera.Check, name)(*arguments), nullable=True)}
    )
    (tmp_path / "schema.yaml").write_text(yaml_of(column, name, arguments))

    found = counted(rows, file=str(tmp_path / "schema.yaml"))

    expected = failure_cases(frame, rows)
    assert expected == found[column, name]
    assert expected > 0


def yaml_of(column: str, name: str, arguments: list[Any]) -> str:
    named = dict(zip(ARGUMENTS.get(name, ()), arguments, strict=False)) or arguments[0]
    return json.dumps({"columns": {column: {"nullable": True, name: named}}})


def failure_cases(frame: pandera.DataFrameSchema, rows: pa.Table) -> int:
    table = ibis.duckdb.connect().create_table("bad", rows)
    with pytest.raises(SchemaErrors) as caught:
        frame.validate(table, lazy=True)
    return len(caught.value.failure_cases)


def test_pandera_on_ibis_passes_over_unique_and_we_do_not(bad: pa.Table) -> None:
    frame = pandera.DataFrameSchema({"key": pandera.Column(unique=True)})

    frame.validate(ibis.duckdb.connect().create_table("bad", bad), lazy=True)  # raises once Pandera looks

    assert counted(bad, columns={"key": {"unique": True}})["key", "unique"] == 4


def test_every_rule_in_force_is_measured_also_without_violations(bad: pa.Table) -> None:
    rules = {"type": "int64", "min": 0, "max": 5000, "in": list(range(2000)), "unique": True}

    found = counted(bad, columns={"key": rules, "online": {"nullable": True}}, strict=False)

    names = ("present", "type", "nullable", "min", "max", "in", "unique")
    assert [*(("key", name) for name in names), ("online", "present")] == list(found)


def test_an_absent_column_has_no_rule_that_could_pass(bad: pa.Table) -> None:
    found = counted(bad, columns={"amonut": {"type": "float64", "min": 0, "nullable": True, "unique": True}})

    assert found == {("amonut", "present"): bad.num_rows}


def test_strict_counts_the_columns_that_nobody_declared(bad: pa.Table) -> None:
    found = measure(schema, bad, columns={"key": {}, "amount": {}, "country": {}}, strict=True)[-1]

    assert ({"rule": "strict"}, "columns", 2.0) == (dict(found.labels), found.unit, found.sample.counts["value"])
    assert found.evidence == {"undeclared": "at, online"}


def test_violations_are_an_exact_count_where_lower_is_better(bad: pa.Table) -> None:
    found = measure(schema, bad, columns={"amount": {"min": 0}})

    assert {("violations", "exact", "lower", "rows", 2000)} == {
        (each.metric, each.sample.statistic, each.better, each.unit, each.sample.counts["n"]) for each in found
    }


def test_a_sample_estimates_rules_of_rows_and_states_facts_of_the_table(bad: pa.Table) -> None:
    found = measure(schema, bad, columns={"key": {"type": "int32", "min": 3, "unique": True}}, sample=True)

    by_rule = {each.labels["rule"]: (each.sample.statistic, dict(each.sample.counts)) for each in found}
    assert by_rule == {
        "present": ("exact", {"value": 0, "n": 2000}),
        "type": ("exact", {"value": 1, "n": 2000}),
        "nullable": ("proportion", {"k": 0, "n": 2000}),
        "min": ("proportion", {"k": 3, "n": 2000}),
        "unique": ("exact", {"value": 0.002, "n": 2000}),
    }


def test_a_sample_holds_a_rule_to_the_values_that_are_present() -> None:
    rows = pa.table({"amount": pa.array([None] * 9900 + [500] * 100, pa.int64())})

    found = measure(schema, rows, columns={"amount": {"nullable": True, "max": 100}}, sample=True)

    assert {"k": 100, "n": 100} == dict(found[-1].sample.counts)


@pytest.mark.parametrize(("role", "column"), [("cluster", "country"), ("weight", "key")])
def test_a_sample_of_dependent_or_weighted_rows_is_refused(bad: pa.Table, role: str, column: str) -> None:
    target = FakeTarget(rows=bad.filter(pc.is_valid(bad["country"])), **{role: column})  # type: ignore[arg-type]

    with pytest.raises(HarnessError, match=rf"`sample: true` takes every row .* declares a {role}; leave out `sample`"):
        measure(schema, target=target, columns={"amount": {}}, sample=True)


def test_a_column_of_another_type_says_what_was_found_and_asked(bad: pa.Table) -> None:
    found = {key(each): each for each in measure(schema, bad, columns={"country": {"type": "int64"}})}

    note = "the column is string, and int64 is asked, so every row is in breach"
    assert found["country", "type"].evidence == {"asked": "int64", "found": "string", "note": note}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"columns": {"amount": {"tpye": "int64"}}}, r"'columns.amount': no rule 'tpye'; did you mean 'type'\?"),
        ({"columns": {"amount": {"type": "flaot64"}}}, r"no type 'flaot64'; did you mean 'float64'\?"),
        ({"columns": {"amount": {"type": "decimal(18"}}}, r"type 'decimal\(18' is not an Ibis type"),
        ({"columns": {"amount": {"min": 5, "max": 3}}}, "min 5 is above max 3, so no value can satisfy both"),
        ({"columns": {"amount": {"min": float("nan")}}}, "should be a finite number"),
        ({"columns": {"amount": {"in": []}}}, "should have at least 1 item"),
        ({"columns": {"amount": {"nullable": "no"}}}, "nullable': Input should be a valid boolean; found 'no'"),
        ({}, r"takes rules as `columns: .*` or a `file: SCHEMA.yaml`; found neither"),
        ({"columns": {}}, "found neither"),
        ({"columns": {"amount": {}}, "file": "schema.yaml"}, "found both"),
        ({"file": "schema.yaml", "strict": True}, "put `strict: true` into 'schema.yaml'"),
        ({"columms": {}}, r"no parameter 'columms'; did you mean 'columns'\?"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(bad: pa.Table, params: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        measure(schema, bad, **params)


def test_an_empty_table_is_an_error(bad: pa.Table) -> None:
    with pytest.raises(HarnessError, match="has no rows; a schema that nothing was held to is not kept"):
        measure(schema, bad.slice(0, 0), columns={"amount": {}})


def test_the_ids_of_some_rows_that_break_a_rule_are_kept_and_nothing_else_of_them() -> None:
    rows = {"id": list(range(100)), "amount": [-1.0 if i >= 70 else 1.0 for i in range(100)]}

    kept, broken = (measure(schema, rows, columns={"amount": {"min": low}})[-1].sample for low in (-2, 0))

    assert kept.rows is None
    assert broken.rows.to_pydict() == {"id": list(range(70, 90))}


def test_bounds_beyond_64_bits_are_bounds() -> None:
    rows = pa.table({"u": pa.array([2**63 - 1, 2**63, 2**63 + 1], pa.uint64()), "x": [1.0, 2.0, 3.0]})

    found = measure(schema, rows, columns={"u": {"min": 2**63, "in": [2**63, 2**63 + 1]}, "x": {"max": 10**40}})

    counts = {(each.labels["column"], each.labels["rule"]): each.sample.counts["value"] for each in found}
    assert (1, 1, 0) == (counts["u", "min"], counts["u", "in"], counts["x", "max"])


@pytest.mark.parametrize(
    ("column", "rules", "kind"),
    [
        ("country", {"in": [1, 2]}, ("string", "text, in quotes")),
        ("country", {"min": 5}, ("string", "text, in quotes")),
        ("amount", {"not_in": ["xx"]}, ("float64", "numbers, without quotes")),
        ("online", {"in": [0, 1]}, ("boolean", "true or false")),
        ("country", {"in": ["de", "fr"]}, None),
        ("amount", {"max": 5}, None),
    ],
)
def test_a_rule_of_another_kind_than_its_column_says_why_no_row_passes_and_how_its_values_are_written(
    bad: pa.Table, column: str, rules: dict[str, Any], kind: tuple[str, str] | None
) -> None:
    found = {key(each): each for each in measure(schema, bad, columns={column: {"nullable": True, **rules}})}

    note = found[column, next(iter(rules))].evidence.get("note")
    why = "the column is {} and the rule is not of that kind, so no row passes; write its values as {}"
    assert note == (why.format(*kind) if kind else None)
