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


@pytest.mark.parametrize("text", ['id,name,v\n1,"m,2\n2,b,3\n', "id,name,v\n1,m,2\n2,b\n3,c,4\n"])
def test_a_stray_quote_or_a_short_line_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(HarnessError):
        read(tmp_path, text)


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
