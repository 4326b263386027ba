"""CSV files are read by one strict dialect."""

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.tables import scan

SOUND = {
    "comma": "id,name\n1,a\n2,b\n",
    "semicolon": "id;name\n1;a\n2;b\n",
    "windows": "id,name\r\n1,a\r\n2,b\r\n",
    "marked": "\ufeffid,name\n1,a\n2,b\n",
    "quoted": '"id","name"\n1,"a"\n2,b\n',
}


def read(folder: Path, text: str, name: str = "t.csv") -> list[dict[str, object]]:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return scan.table(scan.rows_of(str(folder / name))).to_pylist()


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_usual_dialects_are_one_table(tmp_path: Path, text: str) -> None:
    assert [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}] == read(tmp_path, text)


def test_a_tsv_has_tabs(tmp_path: Path) -> None:
    assert [{"id": 1, "a,b;c": "x, y"}] == read(tmp_path, "id\ta,b;c\n1\tx, y\n", "t.tsv")


def test_quotes_are_doubled_and_may_hold_lines(tmp_path: Path) -> None:
    assert [{"id": 1, "t": 'a "q" b'}, {"id": 2, "t": "x\ny"}] == read(tmp_path, 'id,t\n1,"a ""q"" b"\n2,"x\ny"\n')


BROKEN = {
    "unclosed quote": ('a,b\n1,2\n3,"4\n5,6\n', "line 3 or after it"),
    "text after a quote": ('a,b\n1,"2"3\n', "line 2 or after it"),
    "short": ("a,b\n1,2\n3\n", "line 3 has 1 value and the header names 2"),
    "long": ("a,b\n1,2\n1,2,3\n", "line 3 has 3 values and the header names 2"),
    "delimiter at the end": ("a,b\n1,2\n3,4,\n", "line 3 has 3 values and the header names 2"),
    "row names of R": ("a,b\nr1,1,2\n", "line 2 has 3 values"),
    "short after a quoted line end": ('a,b\n1,"x\ny"\n2\n', "line 4 has 1 value"),
    "two kinds of line ends": ("a,b\r\n1,2\r\n3,4\n", "line 3 ends with LF and the header with CRLF"),
    "short in the last of many": ("a,b\n" + "1,2\n" * 30_000 + "3\n", "line 30002 has 1 value"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_a_line_that_is_no_row_is_an_error_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        read(tmp_path, text)


def test_no_line_is_a_comment_and_none_is_skipped(tmp_path: Path) -> None:
    found = read(tmp_path, "id,y\n#1,1\n# not this,0\n//,1\n#N/A,1\n")

    assert ["#1", "# not this", "//", "#N/A"] == [row["id"] for row in found]


def test_the_first_line_is_the_header_whatever_it_holds(tmp_path: Path) -> None:
    assert [{"7": 1, "8": 2}, {"7": 3, "8": 4}] == read(tmp_path, "7,8\n1,2\n3,4\n")


def test_a_delimiter_within_quotes_is_none(tmp_path: Path) -> None:
    assert [{"a;b;c": 1, "d": 2}] == read(tmp_path, '"a;b;c",d\n1,2\n')


def test_an_empty_value_is_missing_quoted_or_not(tmp_path: Path) -> None:
    assert [{"a": 1, "b": None}, {"a": 2, "b": None}] == read(tmp_path, 'a,b\n1,\n2,""\n')


def test_a_windows_file_may_hold_lines_of_its_own_in_quotes(tmp_path: Path) -> None:
    assert [{"a": 1, "b": "x\ny"}] == read(tmp_path, 'a,b\r\n1,"x\ny"\r\n')


def test_a_row_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a,b\n1,x\n2,J\xe4ger\n".encode("latin-1"))

    with pytest.raises(HarnessError, match="line 3 is not UTF-8"):
        scan.rows_of(str(tmp_path / "t.csv"))


@pytest.mark.parametrize("text", ["id,id\n1,2\n", "id,\n1,2\n", ""])
def test_each_column_has_a_name_of_its_own(tmp_path: Path, text: str) -> None:
    with pytest.raises(HarnessError, match="starts with one name for each column"):
        read(tmp_path, text)


def test_files_of_one_table_have_the_same_columns(tmp_path: Path) -> None:
    read(tmp_path, "id,a\n1,2\n", "1.csv")
    read(tmp_path, "a,id\n1,2\n", "2.csv")

    with pytest.raises(HarnessError, match="start with the same line"):
        scan.rows_of(str(tmp_path / "*.csv"))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id,n\xe4me\n1,a\n".encode("latin-1"))

    with pytest.raises(HarnessError, match="save it as UTF-8"):
        scan.rows_of(str(tmp_path / "t.csv"))


def test_a_column_may_have_any_name(tmp_path: Path) -> None:
    names = ['a"b', "it's", "read_csv('x')", "{rows}", "SELECT * FROM t; --", "v::INT", "%s", "日付", " padded "]
    head = ",".join('"' + name.replace('"', '""') + '"' for name in names)

    (found,) = read(tmp_path, f"{head}\n1,2,3,4,5,6,7,8,9\n")

    assert dict(zip(names, range(1, 10), strict=True)) == found
