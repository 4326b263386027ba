"""A column of a CSV file is converted only if each of its values could be written back as it was."""

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import inf
from pathlib import Path

import pytest

from harness.errors import HarnessError, UsageError
from harness.tables import scan

NUMBERS: dict[str, Sequence[str]] = {
    "prices": ["0.10", "9.95", "12.00"],
    "shortest": ["0.1", "12.0", "1e-05", "0.12345678901234566", "1e+16"],
    "javascript": ["2", "2.5", "1e-7"],
    "java": ["2.0", "1.0E-5", "1.25E7"],
    "r": ["1e+05", "2.5", "99999"],
    "c": ["0.10000000000000001", "0.5"],
    "zero": ["0.0e+00", "-1.5e-01", "-0.0e+00"],
}
TEXTS: dict[str, Sequence[str]] = {
    "zip": ["10000", "01234"],
    "words of truth": ["NO", "yes"],
    "one letter": ["T", "T"],
    "two spellings": ["True", "true"],
    "sku": ["1E5", "10E4"],
    "version": ["1.1", "1.10"],
    "long ids": ["9007199254740993", "100000000000000000000"],
    "too many digits": ["0.12345678901234567890", "0.1"],
    "decimal comma": ["0,9", "0,1"],
    "thousands": ["1,000", "2,000"],
    "underscore": ["1_000", "2"],
    "space": [" 1", "2"],
    "plus": ["+1", "2"],
    "error word": ["1", "#N/A"],
    "only nan": ["nan", "nan"],
    "hexadecimal": ["0x1F", "1"],
    "overflow": ["1.5e+999", "1.5"],
    "underflow": ["1e-999", "1.5"],
    "american": ["02/01/2026", "02/12/2026"],
    "excel": ["2/12/26 10:00"],
    "no such day": ["2026-02-28", "2026-02-30"],
    "year 10000": ["10000-01-01"],
    "hour 24": ["2026-01-01 24:00:00"],
    "some with a zone": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00"],
    "nanoseconds": ["2026-01-01 00:00:00.123456789"],
}


def read(folder: Path, values: Sequence[str], kind: str | None = None) -> list[object]:
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("v", "w"), *((value, "x") for value in values)])
    rows = scan.rows_of(str(folder / "t.csv"), {"v": kind} if kind else None)
    found: list[object] = scan.table(rows)["v"].to_pylist()
    return found


@pytest.mark.parametrize("values", TEXTS.values(), ids=TEXTS)
def test_what_would_not_survive_stays_text(tmp_path: Path, values: Sequence[str]) -> None:
    assert values == read(tmp_path, values)


@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_numbers_as_programs_print_them_are_numbers(tmp_path: Path, values: Sequence[str]) -> None:
    assert [*map(float, values)] == read(tmp_path, values)


def test_whole_numbers_keep_every_digit(tmp_path: Path) -> None:
    assert [2**53 + 1, -1, None] == read(tmp_path, ["9007199254740993", "-1", ""])


def test_infinities_are_numbers_beside_a_number(tmp_path: Path) -> None:
    assert [inf, -inf, 3.0] == read(tmp_path, ["inf", "-Infinity", "3"])


def test_truth_in_one_spelling_is_boolean(tmp_path: Path) -> None:
    assert [True, False, None] == read(tmp_path, ["True", "False", ""])


def test_days_and_moments_are_read_as_iso_writes_them(tmp_path: Path) -> None:
    assert [date(2026, 2, 28)] == read(tmp_path, ["2026-02-28"])
    assert [datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 3, 4, 5, 500_000)] == read(
        tmp_path, ["2026-01-02 03:04", "2026-01-02T03:04:05.5"]
    )
    assert [datetime(2026, 1, 2, 1, tzinfo=UTC)] == read(tmp_path, ["2026-01-02 03:00:00+02:00"])


@pytest.mark.parametrize("late", ["A12", "01234", "1.10", "x"])
def test_one_late_value_makes_text_of_all(tmp_path: Path, late: str) -> None:
    values = [*map(str, range(1, 30_001)), late]

    assert values == read(tmp_path, values)


def test_a_declared_type_is_what_is_read(tmp_path: Path) -> None:
    assert [1234, 5] == read(tmp_path, ["01234", "+5"], "int64")
    assert [0.5, 1e5] == read(tmp_path, [".5", "1E5"], "float64")
    assert ["1", "2"] == read(tmp_path, ["1", "2"], "string")
    assert [datetime(2026, 2, 13), datetime(2026, 2, 1)] == read(tmp_path, ["02/13/2026", "02/01/2026"], "%m/%d/%Y")
    assert [datetime(2026, 1, 1), None] == read(tmp_path, ["2026-01-01", ""], "timestamp")


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("int64", "1.5"),
        ("float64", "0,9"),
        ("boolean", "yes"),
        ("date", "2/12/26"),
        ("timestamp", "2026-01-01T00:00:00Z"),
        ("%m/%d/%Y", "02/31/2026"),
    ],
)
def test_a_value_that_is_not_of_the_declared_type_is_named_with_its_line(tmp_path: Path, kind: str, bad: str) -> None:
    with pytest.raises(HarnessError, match=r"t\.csv line 3: column 'v' is declared .* and holds '" + bad):
        read(tmp_path, ["", bad], kind)


def test_only_columns_that_are_there_can_be_declared(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("amount\n1\n")

    with pytest.raises(UsageError, match="no column 'amonut'; did you mean 'amount'"):
        scan.rows_of(str(tmp_path / "t.csv"), {"amonut": "int64"})


def test_files_of_a_glob_have_one_type_for_a_column(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("zip\n12345\n")
    (tmp_path / "2.csv").write_text("zip\n01234\n")

    assert ["01234", "12345"] == sorted(scan.table(scan.rows_of(str(tmp_path / "*.csv")))["zip"].to_pylist())


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    assert [1, 2] == read(tmp_path, ["1", "2"])
    assert ["1", "x2"] == read(tmp_path, ["1", "x2"])


@pytest.mark.parametrize("value", ["2026-02-28", "2026-02-28 10:00", "2026-02-28T10:00:00Z", "7", "0.5", "true"])
def test_a_column_keeps_its_type_where_values_are_missing(tmp_path: Path, value: str) -> None:
    (tmp_path / "whole.csv").write_text(f"v,id\n{value},1\n{value},2\n")
    (tmp_path / "gaps.csv").write_text(f"v,id\n{value},1\n,2\n")
    whole, gaps = (scan.columns(scan.rows_of(str(tmp_path / name))) for name in ("whole.csv", "gaps.csv"))

    assert whole == gaps
    assert "VARCHAR" != gaps["v"]
