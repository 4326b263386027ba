"""A Pandera YAML file means what it says, or is refused: Pandera itself passes over much of it in silence."""

from pathlib import Path

import pandas as pd
import pandera.ibis as pandera
import pandera.pandas as pandas
import pyarrow as pa
import pytest
from harness_data import schema
from pandera.io import pandas_io
from pandera.io.ibis_io import to_yaml

from harness import UsageError
from harness.testing import measure

GOOD = """
schema_type: ibis_table
columns:
  key: {dtype: int64, unique: true}
  amount: {dtype: float64, nullable: true, greater_than_or_equal_to: 0, less_than: 20000}
  country:
    dtype: str
    nullable: true
    checks: [{value: [de, fr, nl], options: {check_name: isin}}]
  note: {required: false, nullable: true}
unique: [key, at]
strict: true
"""


def counted(rows: pa.Table, file: Path) -> dict[tuple[str, str], float]:
    found = measure(schema, rows, file=str(file))
    return {(each.labels.get("column", ""), each.labels["rule"]): each.sample.counts["value"] for each in found}


def written(folder: Path, text: str) -> Path:
    path = folder / "payments.yaml"
    path.write_text(text)
    return path


def test_a_file_names_rules_as_pandera_does(bad: pa.Table, tmp_path: Path) -> None:
    found = counted(bad, written(tmp_path, GOOD))

    assert found == {
        ("key", "present"): 0,
        ("key", "type"): 0,
        ("key", "nullable"): 0,
        ("key", "unique"): 4,
        ("amount", "present"): 0,
        ("amount", "type"): 0,
        ("amount", "greater_than_or_equal_to"): 7,
        ("amount", "less_than"): 13,
        ("country", "present"): 0,
        ("country", "type"): 0,
        ("country", "isin"): 11,
        ("key, at", "unique"): 0,
        ("", "strict"): 2,
    }


def test_a_file_that_pandera_wrote_is_read(bad: pa.Table, tmp_path: Path) -> None:
    frame = pandera.DataFrameSchema(
        {"amount": pandera.Column(float, [pandera.Check.ge(0), pandera.Check.le(5)], nullable=True)}
    )

    found = counted(bad, written(tmp_path, str(to_yaml(frame, minimal=False))))

    assert found["amount", "greater_than_or_equal_to"] == 7
    assert found["amount", "less_than_or_equal_to"] > 1000


def test_the_digest_of_the_file_is_kept_as_evidence(bad: pa.Table, tmp_path: Path) -> None:
    first = measure(schema, bad, file=str(written(tmp_path, GOOD)))[0].evidence["schema"]
    second = measure(schema, bad, file=str(written(tmp_path, GOOD + "\n")))[0].evidence["schema"]

    assert first.startswith("sha256:")
    assert first != second


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "columns: {amount: {dtype: float64, greater_then: 0}}",
            r"no key 'greater_then'; did you mean 'greater_than'\?",
        ),
        ("columns: {amount: {checks: {greater_then: 0}}}", r"no check 'greater_then'; did you mean 'greater_than'\?"),
        ("columns: {amount: {checks: [{value: 0}]}}", r"no check None"),
        ("columns: {amount: {checks: {isin: [1]}, greater_than: 0}}", "no key 'greater_than'"),
        ("columns: {amount: {greater_than: {min_value: 0, raise_warning: true}}}", "`raise_warning` is not applied"),
        ("columns: {amount: {greater_than: {value: 0, other: 1}}}", "is not a Pandera schema"),
        ("columns: {amount: {coerce: true}}", "`coerce: True` is not applied to data that is only looked at"),
        ("columns: {'^a.*$': {regex: 'no'}}", "`regex: 'no'` is neither true nor false"),
        ("columns: {amount: {}}\nordered: 'no'", "ordered: 'no' is neither true nor false"),
        ("columns: {amount: {dtype: flaot64}}", "type 'flaot64' is not an Ibis type"),
        ("columns: {amount: 3}", "column 'amount' should hold keys and values; found 3"),
        ("columns: {amount: {}}\nchecks: {greater_than: 0}", "`checks: .*` is not applied"),
        ("columns: {}\nreport_duplicates: exclude_first", "`report_duplicates: exclude_first` is not applied"),
        ("columns: {amount: {report_duplicates: exclude_last}}", "all duplicates are counted; write all"),
        (
            "columns: {amount: {}}\nstrict: filter",
            "strict: 'filter' is neither true nor false",
        ),
        ("columns: {amount: {}}\nstrcit: true", r"no key 'strcit'; did you mean 'strict'\?"),
        ("columns: {amount: {unique: true}, amount: {}}", "key 'amount' is given twice"),
        ("columns: {}", "declares no columns"),
        ("- 1", "should hold keys and values; found a list"),
        ("columns: {", "is not YAML"),
    ],
)
def test_what_would_be_passed_over_is_refused(bad: pa.Table, tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        measure(schema, bad, file=str(written(tmp_path, text)))


def test_a_file_that_is_not_there_says_where_paths_start(bad: pa.Table) -> None:
    with pytest.raises(UsageError, match=r"no schema file 'gone.yaml'; a relative path starts at the suite's folder"):
        measure(schema, bad, file="gone.yaml")


def test_missing_values_break_a_check_that_does_not_ignore_them(bad: pa.Table, tmp_path: Path) -> None:
    text = "columns: {amount: {nullable: true, greater_than_or_equal_to: {min_value: 0, ignore_na: false}}}"

    found = counted(bad, written(tmp_path, text))

    assert found["amount", "greater_than_or_equal_to"] == 7 + 5 + 4


@pytest.mark.parametrize("flag", ["nullable", "unique", "required"])
def test_a_flag_in_quotes_is_refused_as_any_text_counts_as_true(flag: str, bad: pa.Table, tmp_path: Path) -> None:
    file = written(tmp_path, f"columns: {{amount: {{{flag}: 'no'}}}}")

    with pytest.raises(UsageError, match=f"`{flag}: 'no'` is neither true nor false"):
        counted(bad, file)


def test_a_pattern_that_is_none_is_refused(bad: pa.Table, tmp_path: Path) -> None:
    file = written(tmp_path, "columns: {country: {nullable: true, str_matches: '('}}")

    with pytest.raises(UsageError, match="is not a Pandera schema: missing"):
        counted(bad, file)


@pytest.mark.parametrize("rule", ["notin: ['-1']", "notin: [3, '-1']", "not_equal_to: '-1'"])
def test_a_forbidden_value_of_another_kind_than_the_columns_passes_nothing(tmp_path: Path, rule: str) -> None:
    rows = pa.table({"code": [1, 2, -1]})

    found = counted(rows, written(tmp_path, f"columns: {{code: {{{rule}}}}}"))

    assert 3 == found["code", rule.partition(":")[0]]


def test_two_rules_of_one_kind_on_one_column_are_both_measured(tmp_path: Path) -> None:
    rows = pa.table({"amount": [0.0, 1.0, 99.0, 99.0]})
    checks = "[{value: 0.0, options: {check_name: not_equal_to}}, {value: 99.0, options: {check_name: not_equal_to}}]"

    found = counted(rows, written(tmp_path, f"columns: {{amount: {{checks: {checks}}}}}"))

    assert (1, 2) == (found["amount", "not_equal_to"], found["amount", "not_equal_to 2"])


@pytest.mark.parametrize(
    ("written_type", "column"),
    [
        ("string[pyarrow]", pa.array(["a"])),
        ("string[python]", pa.array(["a"])),
        ("object", pa.array(["a"])),
        ("Int64", pa.array([1])),
        ("UInt8", pa.array([1], pa.uint8())),
        ("Float64", pa.array([1.0])),
        ("double[pyarrow]", pa.array([1.0])),
        ("boolean", pa.array([True])),
        ("bool[pyarrow]", pa.array([True])),
        ("datetime64[ns]", pa.array([1], pa.timestamp("us"))),
        ("datetime64[us]", pa.array([1], pa.timestamp("us"))),
        ("datetime64[ns, UTC]", pa.array([1], pa.timestamp("us", "UTC"))),
        ("timestamp[us, tz=UTC][pyarrow]", pa.array([1], pa.timestamp("us", "UTC"))),
    ],
)
def test_the_names_that_pandas_gives_a_type_are_read(tmp_path: Path, written_type: str, column: pa.Array) -> None:
    found = counted(pa.table({"x": column}), written(tmp_path, f'columns: {{x: {{dtype: "{written_type}"}}}}'))

    assert 0 == found["x", "type"]


def test_schemas_that_pandera_writes_of_a_pandas_table_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"country": ["de", "fr"], "at": pd.to_datetime(["2026-01-01"] * 2, utc=True), "ok": [True, False]}
    )
    rules = {"country": pandas.Check.isin(["de"]), "at": None, "ok": None}
    asked = pandas.DataFrameSchema({name: pandas.Column(frame[name].dtype, check) for name, check in rules.items()})

    found = counted(pa.Table.from_pandas(frame), written(tmp_path, pandas_io.to_yaml(asked)))

    assert {("country", "isin"): 1} == {key: count for key, count in found.items() if count}


def test_columns_of_a_pattern_and_their_order_are_held_to_a_file(tmp_path: Path) -> None:
    rows = pa.table({"f_2": [1.0, -1.0], "f_1": [-1.0, -1.0], "key": [1, 2]})
    text = "{columns: {key: {}, f_: {regex: true, greater_than: 0}, g_: {regex: true}}, ordered: true}"

    found = counted(rows, written(tmp_path, text))

    broken = {key: count for key, count in found.items() if count}
    assert {("f_2", "greater_than"): 1, ("f_1", "greater_than"): 2, ("g_", "present"): 2, ("", "ordered"): 3} == broken
