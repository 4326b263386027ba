"""Rules of some rows, of two columns of a row, of all values of a column, and of the columns themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from harness_data import schema

from harness import Measurement, UsageError
from harness.testing import measure

INF, NAN = float("inf"), float("nan")
ROWS = pa.table(
    {
        "net": pa.array([1.0, 2.0, 3.0, None, 5.0]),
        "tax": pa.array([0.1, 0.2, 0.3, 0.4, NAN]),
        "gross": pa.array([1.1, 2.2, 3.5, 4.4, 5.5]),
        "count": pa.array([5, 5, 6, 7, 8]),
        "state": pa.array(["new", "old", "old", None, "new"]),
        "word": pa.array(["a1", "b2", "b3", None, "c44"]),
        "ended": pa.array([None] * 5, pa.string()),
        "paid": pa.array([True, False, True, True, None]),
        "ratio": pa.array([1.0, INF, -INF, NAN, None]),
        "opened": pa.array([datetime(2026, 1, day) for day in range(1, 6)]),
        "closed": pa.array([datetime(2026, 1, day) for day in (2, 1, 4, 5, 6)]),
    }
)
ANY = {"nullable": True}
PRESENT = "net IS NOT NULL AND tax IS NOT NULL AND NOT isnan(tax)"
OF_ROWS = [
    ("net", {"less_than": {"column": "gross"}}, "less_than", "net >= gross"),
    ("net", {"greater_than": {"column": "tax"}}, "greater_than", f"{PRESENT} AND net <= tax"),
    ("gross", {"equal": {"sum": ["net", "tax"]}}, "equal", f"{PRESENT} AND gross <> net + tax"),
    ("gross", {"equal": {"sum": ["net", "tax"], "within": 0.01}}, "equal", f"{PRESENT} AND abs(gross-net-tax) > 0.01"),
    ("closed", {"min": {"column": "opened"}}, "min", "closed < opened"),
    ("net", {"not_equal": {"column": "gross"}}, "not_equal", "net = gross"),
    ("count", {"not_equal": 5}, "not_equal", "count = 5"),
    ("count", {"greater_than": 5, "less_than": 8}, "greater_than", "count <= 5"),
    ("count", {"not_in": [5, 8]}, "not_in", "count IN (5, 8)"),
    ("word", {"matches": "[0-9]$"}, "matches", "false"),
    ("word", {"not_matches": "^b"}, "not_matches", "word LIKE 'b%'"),
    ("word", {"length": {"max": 2}}, "length", "length(word) > 2"),
    ("word", {"length": {"greater_than": 2}}, "length", "length(word) <= 2"),
    ("ratio", {"finite": True}, "finite", "isinf(ratio)"),
    ("count", {"finite": True}, "finite", "false"),
    ("ended", {"missing": True}, "missing", "ended IS NOT NULL"),
    ("state", {"missing": True}, "missing", "state IS NOT NULL"),
]
OTHER_KIND = [
    ("net", {"less_than": {"column": "word"}}, "less_than", 4),
    ("count", {"not_equal": {"column": "state"}}, "not_equal", 4),
    ("count", {"not_equal": "5"}, "not_equal", 5),
    ("count", {"not_in": ["5"]}, "not_in", 5),
    ("count", {"not_matches": "5"}, "not_matches", 5),
    ("count", {"length": {"max": 9}}, "length", 5),
    ("word", {"finite": True}, "finite", 4),
    ("word", {"mean": {"min": 0}}, "mean", 5),
    ("word", {"equal": {"sum": ["state", "state"]}}, "equal", 4),
    ("count", {"minimum": {"min": "a"}}, "minimum", 5),
    ("count", {"includes": ["5", True]}, "includes", 2),
    ("paid", {"less_than": {"column": "count"}}, "less_than", 4),
]
OF_ALL = [
    ("net", "minimum", "1", {"min": 1}, {"greater_than": 1}),
    ("net", "maximum", "5", {"max": 5}, {"less_than": 5}),
    ("net", "mean", "2.75", {"min": 2.7, "max": 2.8}, {"min": 2.76}),
    ("net", "median", "2.5", {"min": 2.5, "max": 2.5}, {"max": 2.4}),
    ("net", "stdev", "1.707825128", {"min": 1.7, "max": 1.71}, {"max": 1.7}),
    ("net", "sum", "11", {"min": 11}, {"less_than": 11}),
    ("paid", "mean", "0.75", {"min": 0.75}, {"min": 0.76}),
    ("count", "distinct", "4", {"min": 4, "max": 4}, {"greater_than": 4}),
    ("count", "distinct_share", "0.8", {"min": 0.8}, {"max": 0.79}),
    ("word", "maximum", "c44", {"max": "c44"}, {"max": "c"}),
    ("opened", "maximum", "2026-01-05 00:00:00", {"max": "2026-01-05"}, {"max": "2026-01-04"}),
]


def counted(**params: Any) -> Mapping[tuple[str, str], float]:
    return {
        (each.labels.get("column", ""), each.labels["rule"]): each.sample.counts["value"]
        for each in measure(schema, ROWS, **params)
    }


def only(rule: str, **params: Any) -> Measurement:
    (found,) = [each for each in measure(schema, ROWS, **params) if each.labels["rule"] == rule]
    return found


@pytest.mark.parametrize(("column", "rules", "rule", "where"), OF_ROWS)
def test_a_rule_of_rows_counts_what_a_query_by_hand_counts(
    column: str, rules: dict[str, Any], rule: str, where: str
) -> None:
    rows = ROWS  # noqa: F841 - DuckDB finds it by its name
    expected = duckdb.sql(f"SELECT count(*) FILTER ({where}) FROM rows").fetchall()[0][0]

    assert expected == counted(columns={column: {**ANY, **rules}})[column, rule]


@pytest.mark.parametrize(("column", "rules", "rule", "expected"), OTHER_KIND)
def test_what_is_of_another_kind_breaks_a_rule_also_one_that_forbids(
    column: str, rules: dict[str, Any], rule: str, expected: int
) -> None:
    assert expected == counted(columns={column: {**ANY, **rules}})[column, rule]


@pytest.mark.parametrize(("column", "rule", "seen", "kept", "broken"), OF_ALL)
def test_what_all_values_come_to_breaks_its_rule_for_every_row(
    column: str, rule: str, seen: str, kept: dict[str, Any], broken: dict[str, Any]
) -> None:
    found = [only(rule, columns={column: {**ANY, rule: asked}}) for asked in (kept, broken)]

    assert [0, 5] == [each.sample.counts["value"] for each in found]
    assert seen == found[0].evidence["found"]


@pytest.mark.parametrize("bound", ["2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00", "2026-01-02"])
def test_a_bound_with_a_time_zone_is_held_to_moments_that_have_one(bound: str) -> None:
    rows = pa.table({"at": pa.array([datetime(2026, 1, day) for day in (1, 2, 3)], pa.timestamp("us", "UTC"))})

    texts, moments = (
        measure(schema, rows, columns={"at": {"min": given, "maximum": {"max": given}}})
        for given in (bound, datetime.fromisoformat(bound))
    )

    assert [0, 0, 1, 3] == [each.sample.counts["value"] for each in texts]
    assert [0, 0, 1, 3] == [each.sample.counts["value"] for each in moments]


def test_quantiles_are_rules_by_their_share() -> None:
    found = counted(columns={"count": {"quantiles": {0: {"min": 5}, 0.25: {"max": 5}, 1: {"less_than": 8}}}})

    assert [0, 0, 5] == [found["count", f"quantile {share}"] for share in ("0", "0.25", "1")]


def test_no_value_at_all_has_no_mean_that_could_pass() -> None:
    found = only("mean", columns={"ratio": {**ANY, "mean": {"max": 1}}}, some_rows=[])
    empty = [
        each
        for each in measure(schema, {"x": pa.array([None, None], pa.float64())}, columns={"x": {"mean": {"max": 1}}})
        if each.labels["rule"] == "mean"
    ]

    assert 5 == found.sample.counts["value"]
    assert (2, "no value") == (empty[0].sample.counts["value"], empty[0].evidence["found"])


def test_values_that_must_occur_are_counted_where_no_row_holds_them() -> None:
    found = only("includes", columns={"state": {**ANY, "includes": ["new", "gone", "lost"]}})

    assert (2, 3, "values") == (found.sample.counts["value"], found.sample.counts["n"], found.unit)


@pytest.mark.parametrize(
    ("where", "called", "expected"),
    [
        ({"state": "old"}, "state=old", 1),
        ({"state": ["old", "new"]}, "state in old|new", 2),
        ({"count": {"min": 6}}, "count min 6", 3),
        ({"state": {"missing": True}}, "state missing true", 1),
        ({"state": {"nullable": False}, "paid": True}, "state nullable false, paid=true", 1),
        ({"net": {"less_than": {"column": "gross"}}}, "net less_than column gross", 2),
    ],
)
def test_a_rule_holds_for_the_rows_that_are_meant(where: dict[str, Any], called: str, expected: int) -> None:
    found = only("max", some_rows=[{"where": where, "columns": {"gross": {"max": 3}}}])

    assert {"column": "gross", "rule": "max", "where": called} == dict(found.labels)
    assert expected == found.sample.counts["value"]


def test_rules_of_some_rows_count_those_alone_also_as_a_sample_and_together() -> None:
    asked = {"where": {"state": "old"}, "columns": {"word": {"unique": True}, "gross": {"max": 3, "sum": {"max": 5}}}}

    exact, shares = (
        {(each.labels["column"], each.labels["rule"]): dict(each.sample.counts) for each in found}
        for found in (measure(schema, ROWS, some_rows=[asked], sample=sample) for sample in (False, True))
    )

    assert {"value": 0, "n": 2} == exact["word", "unique"]
    assert {"value": 1, "n": 2} == exact["gross", "max"]
    assert {"value": 2, "n": 2} == exact["gross", "sum"]
    assert {"k": 1, "n": 2} == shares["gross", "max"]
    assert ("gross", "nullable") not in exact


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"state": "gone"}, "no row is meant by 'state=gone', so the rule was held to nothing"),
        ({"state": 3}, "no row is meant by 'state=3'"),
        ({"stat": "new"}, "has no column 'stat'; did you mean 'state'"),
        ({"net": {"min": {"column": "grss"}}}, "has no column 'grss'; did you mean 'gross'"),
    ],
)
def test_a_rule_of_no_row_is_an_error_and_others_are_measured(where: dict[str, Any], words: str) -> None:
    some = [
        {"where": where, "columns": {"gross": {"max": 3}}},
        {"where": {"count": 5}, "columns": {"gross": {"max": 3}}},
    ]

    found = [each for each in measure(schema, ROWS, some_rows=some) if each.labels["rule"] != "present"]

    assert words in found[0].failure
    assert (0, "") == (found[1].sample.counts["value"], found[1].failure)


@pytest.mark.parametrize("by", ["column", "sum"])
def test_a_rule_about_two_columns_of_which_one_is_always_missing_is_an_error(by: str) -> None:
    rows = ROWS.append_column("limit", pa.array([None] * 5, pa.float64()))
    other = {by: "limit" if by == "column" else ["limit", "tax"]}

    beside, alone = (
        next(each for each in measure(schema, rows, columns={name: rules}) if each.labels["rule"] == "less_than")
        for name, rules in (("count", {"less_than": other}), ("limit", {**ANY, "less_than": {"column": "count"}}))
    )

    assert "no row with a value of 'count' has one of 'limit'" in beside.failure
    assert (0, "") == (alone.sample.counts["value"], alone.failure)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"word": {**ANY, "matches": "(?=a)"}}, "column 'word', rule 'matches' cannot be asked: "),
        (
            {"opened": {"min": "2026-01-01T00:00:00Z"}},
            "rule 'min': 2026-01-01T00:00:00Z has a time zone",
        ),
        (
            {"net": {**ANY, "max": {"column": "gros"}}},
            "the table has no column 'gros'; did you mean 'gross'",
        ),
        ({"ratio": {**ANY, "stdev": {"max": 1}}}, "column 'ratio', rule 'stdev' cannot be asked: "),
    ],
)
def test_a_rule_that_cannot_be_asked_is_its_own_error(rules: dict[str, Any], words: str) -> None:
    found = measure(schema, ROWS, columns={**rules, "count": {"min": 6}})

    failures = [each.failure for each in found if each.failure]
    assert len(failures) == 1
    assert words in failures[0]
    assert 2 == found[-1].sample.counts["value"]


def test_columns_may_be_named_by_a_pattern() -> None:
    found = counted(patterns={"ne.|gros.*": {**ANY, "max": 3}, "x_.*": {}}, strict=True)

    assert {("net", "max"): 1, ("gross", "max"): 3, ("x_.*", "present"): 5, ("", "strict"): 9} == {
        key: count for key, count in found.items() if count
    }


def test_a_column_has_its_own_rules_and_those_of_its_pattern() -> None:
    found = counted(columns={"net": {**ANY, "max": 3}}, patterns={"n.*": {**ANY, "max": 2}})

    assert {("net", "present"): 0, ("net", "max"): 1, ("net", "max 2"): 2} == found


@pytest.mark.parametrize(
    ("params", "rule", "expected"),
    [
        ({"columns": {"net": ANY, "tax": ANY, "gross": ANY}, "ordered": True}, "ordered", 0),
        ({"columns": {"tax": ANY, "net": ANY, "none": ANY, "gross": ANY}, "ordered": True}, "ordered", 2),
        ({"column_count": {"min": 11, "max": 11}}, "column_count", 0),
        ({"column_count": {"max": 9}}, "column_count", 2),
        ({"column_count": {"greater_than": 11}}, "column_count", 1),
    ],
)
def test_order_and_number_of_columns_are_rules(params: dict[str, Any], rule: str, expected: int) -> None:
    assert expected == counted(**params)["", rule]


def test_columns_are_unique_together() -> None:
    found = counted(unique=[["count", "state"], ["count"]])

    assert {("count, state", "unique"): 0, ("count", "unique"): 2} == found


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"columns": {"net": {"less_than": {"colum": "tax"}}}}, r"no rule 'colum'; did you mean 'column'\?"),
        ({"columns": {"net": {"less_than": {}}}}, r"give `column: NAME` or `sum: \[NAME, NAME\]`"),
        ({"columns": {"net": {"max": {"column": "tax", "within": 1}}}}, "`within` says how far `equal` may be off"),
        ({"columns": {"net": {"mean": {}}}}, "names no end, so nothing could break it"),
        ({"columns": {"net": {"mean": {"min": 3, "max": 2}}}}, "min 3 is above max 2"),
        ({"columns": {"net": {"matches": "("}}}, r"'\(' is no pattern"),
        ({"columns": {"net": {"quantiles": {1.5: {"min": 1}}}}}, "a quantile lies from 0 to 1; found 1.5"),
        ({"columns": {"net": {"missing": True, "nullable": False}}}, "asks for no value and `nullable: false` for one"),
        ({"some_rows": [{"where": {"net": 1}}]}, "names no `columns` and nothing `unique`"),
        ({"some_rows": [{"where": {}, "columns": {"net": {}}}]}, "should have at least 1 item"),
        ({"some_rows": [{"where": {"net": {"mean": {}}}, "columns": {"net": {}}}]}, "no rule 'mean'"),
        ({"patterns": {"(": {}}}, r"'\(' is no pattern"),
        ({"columns": {"net": {}}, "column_count": {}}, "names no end"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        measure(schema, ROWS, **params)
