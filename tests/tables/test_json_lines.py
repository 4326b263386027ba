"""Files of one JSON object a line are read as one table, and no line is passed over."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError, UsageError
from harness.tables import scan


def read(folder: Path, text: str, types: dict[str, str] | None = None, name: str = "t.jsonl") -> list[dict[str, Any]]:
    (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    return scan.table(scan.rows_of(str(folder / name), types)).to_pylist()


def test_each_value_keeps_its_kind(tmp_path: Path) -> None:
    text = '{"id": "01", "n": 3, "x": 1, "ok": true, "c": ["a", "b"], "o": {"k": 1}}\n{"id": "1E5", "x": 2.5, "c": []}'

    assert [
        {"id": "01", "n": 3, "x": 1.0, "ok": True, "c": ["a", "b"], "o": '{"k":1}'},
        {"id": "1E5", "n": None, "x": 2.5, "ok": None, "c": [], "o": None},
    ] == read(tmp_path, text)


@pytest.mark.parametrize("text", ['{"a": 1}\r\n\r\n{"a": 2}', '{"a": 1}\n\n{"a": 2}\n\n'])
def test_ends_of_lines_and_empty_ones_are_no_rows(tmp_path: Path, text: str) -> None:
    assert [{"a": 1}, {"a": 2}] == read(tmp_path, text)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-02-28", date(2026, 2, 28)),
        ("2026-02-28T10:00:00", datetime(2026, 2, 28, 10)),
        ("2026-02-28T10:00:00+02:00", datetime(2026, 2, 28, 8, tzinfo=UTC)),
        ("02/01/2026", "02/01/2026"),
        ("12", "12"),
        ("true", "true"),
        ("", ""),
    ],
)
def test_text_is_read_as_days_and_moments_and_nothing_else(tmp_path: Path, value: str, found: object) -> None:
    assert [{"t": found}, {"t": None}] == read(tmp_path, f'{{"t": "{value}"}}\n{{"t": null}}\n')


def test_text_stays_text_where_one_value_is_no_moment(tmp_path: Path) -> None:
    assert [{"t": "2026-02-28"}, {"t": "soon"}] == read(tmp_path, '{"t": "2026-02-28"}\n{"t": "soon"}\n')


def test_declared_types_are_read_from_text_and_from_numbers(tmp_path: Path) -> None:
    text = '{"a": "0.5", "b": 1, "c": 7, "d": "28.02.2026"}\n{"a": ".7", "b": 2, "c": "x", "d": null}'
    types = {"a": "float64", "b": "float64", "c": "string", "d": "%d.%m.%Y"}

    first, second = read(tmp_path, text, types)

    assert {"a": 0.5, "b": 1.0, "c": "7", "d": datetime(2026, 2, 28)} == first
    assert {"a": 0.7, "b": 2.0, "c": "x", "d": None} == second


BROKEN = {
    "a byte-order mark": ('\ufeff{"a": 1}\n', "line 1 is no JSON object: Unexpected UTF-8 BOM"),
    "text": ('{"a": 1}\nhello\n', "line 2 is no JSON object"),
    "two on a line": ('{"a": 1} {"a": 2}\n', "line 1 is no JSON object: Extra data"),
    "cut off": ('{"a": 1}\n{"a": ', "line 2 is no JSON object"),
    "a list": ('{"a": 1}\n[1]\n', "line 2 is list and no object"),
    "an array of objects": ('[{"a": 1}]', "line 1 is list and no object"),
    "spread over lines": ('{\n"a": 1\n}\n', "line 1 is no JSON object"),
    "a name twice": ('{"a": 1, "a": 2}\n', "names 'a' twice"),
    "NaN": ('{"a": NaN}\n', "line 1 is no JSON object: NaN is no number of JSON"),
    "infinite": ('{"a": 1}\n{"a": -1e999}\n', "line 2 is no JSON object: -1e999"),
    "half a character": ('{"a": "\\ud800"}\n', "line 1 holds half of a character"),
    "not UTF-8": ('{"a": "\udcff"}\n', "line 1 is not UTF-8"),
    "deep": ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}\n", "line 1 is no JSON object"),
    "too many digits": ('{"a": ' + "1" * 5_000 + "}\n", "line 1 is no JSON object"),
    "numbers and text": ('{"a": 1}\n{"a": "x"}\n', r"'a' holds a whole number \(.*line 1\), text \(.*line 2\)"),
    "truth and numbers": ('{"a": true}\n{"a": 1}\n', "'a' holds true or false"),
    "no double": ('{"a": 0.5}\n{"a": 9007199254740993}\n', r"a whole number from 2\^53 up \(.*line 2\)"),
    "beyond 64 bits": ('{"a": 18446744073709551616}\n', r"more than 64 bits \(.*line 1\)"),
    "texts and numbers": ('{"a": ["x"]}\n{"a": "x"}\n', "'a' holds a list of texts"),
    "no line": ("\n", "has no line with a value"),
    "no names": ("{}\n", "has no line with a value"),
    "cases": ('{"a": 1, "A": 2}\n', "'a'.*'A'|'A'.*'a'"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_row_of_one_table_is_an_error_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("int64", '{"a": 1.5}', "line 1: column 'a' is declared int64 and holds a number"),
        ("float64", '{"a": "0.5"}\n{"a": "0,9"}', "line 2: column 'a' is declared float64 and holds '0,9'"),
        ("timestamp", '{"a": 17}', "line 1: column 'a' is declared timestamp and holds a whole number"),
        ("string", '{"a": ["x"]}', "line 1: column 'a' is declared string and holds a list of texts"),
    ],
)
def test_a_value_that_is_not_of_the_declared_type_is_named(tmp_path: Path, kind: str, text: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        read(tmp_path, text, {"a": kind})


def test_a_declared_column_that_no_line_names_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'scor'.*score"):
        read(tmp_path, '{"score": 1}', {"scor": "float64"})


def test_files_of_a_glob_are_one_table_and_their_folders_columns(tmp_path: Path) -> None:
    for day, value in (("2026-01-01", 1), ("2026-01-02", 2.5)):
        (tmp_path / f"dt={day}").mkdir()
        (tmp_path / f"dt={day}" / "a.ndjson").write_text(f'{{"a": {value}}}\n')

    found = scan.table(scan.rows_of(str(tmp_path / "*" / "*.ndjson"))).to_pylist()

    assert [{"a": 1.0, "dt": date(2026, 1, 1)}, {"a": 2.5, "dt": date(2026, 1, 2)}] == found


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_every_text_is_read_as_it_is_written(tmp_path: Path, texts: list[str]) -> None:
    lines = [json.dumps({"t": text, "mark": "x"}, ensure_ascii=len(texts) % 2 == 0) for text in texts]

    found = read(tmp_path, "\n".join(lines), {"t": "string"})

    assert texts == [row["t"] for row in found]
