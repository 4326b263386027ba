"""Folders that a glob's wildcards stand for are columns; all others are not."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, open_table
from harness.tables import scan

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def lake(folder: Path, *names: str, form: str = "parquet", **columns: list[object]) -> Path:
    for at, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        rows = pa.table(columns or {"v": [float(at), at + 0.5]})
        path = folder / name / f"part-0.{form}"
        pq.write_table(rows, path) if form == "parquet" else pc.write_csv(rows, path)
    return folder


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_folders_of_a_glob_are_columns_with_types_that_survive(tmp_path: Path, form: str) -> None:
    lake(tmp_path, "dt=2026-01-01/shop=01", "dt=2026-01-02/shop=2", form=form)

    data = open_table(f"*/*/*.{form}", tmp_path, NOW)

    assert [(0.0, date(2026, 1, 1), "01"), (1.0, date(2026, 1, 2), "2")] == sorted(
        (row["v"], row["dt"], row["shop"]) for row in data.rows().to_pylist() if row["v"] in (0, 1)
    )
    assert {"v", "dt", "shop"} == {*data.profile().columns}


def test_what_folders_say_may_be_encoded_or_missing(tmp_path: Path) -> None:
    lake(tmp_path, "k=__HIVE_DEFAULT_PARTITION__", "k=a%2Fb", "k=it's")

    found = open_table("**/*.parquet", tmp_path, NOW).rows(["k"])["k"].to_pylist()

    assert {None, "a/b", "it's"} == {*found}


@pytest.mark.parametrize("source", ["dt=2026-01-01/part-0.parquet", "dt=2026-01-01/*.parquet"])
def test_a_folder_that_is_named_is_where_the_table_lies(tmp_path: Path, source: str) -> None:
    lake(tmp_path, "dt=2026-01-01")

    data = open_table(source, tmp_path, NOW)

    assert ["v"] == [*data.columns] == [*data.profile().columns] == data.rows().column_names


def test_folders_above_the_suite_are_no_columns(tmp_path: Path) -> None:
    lake(tmp_path / "lr=0.1" / "seed=3", "dt=1")

    assert ["v", "dt"] == [*open_table("*/*.parquet", tmp_path / "lr=0.1" / "seed=3", NOW).columns]


@pytest.mark.parametrize("name", ["channel", "Channel"])
def test_a_column_of_files_and_folders_is_refused(tmp_path: Path, name: str) -> None:
    lake(tmp_path, f"{name}=web", channel=["pos", "atm"])

    with pytest.raises(HarnessError, match="'channel' is in the files and in the names of their folders"):
        open_table("*/*.parquet", tmp_path, NOW)


@pytest.mark.parametrize("other", ["plain", "month=1", "dt=1/dt=2"])
def test_folders_of_other_columns_are_not_one_table(tmp_path: Path, other: str) -> None:
    lake(tmp_path, "dt=1", other)

    with pytest.raises(HarnessError, match="not those of one table|name a column twice"):
        open_table("**/*.parquet", tmp_path, NOW)


def test_another_name_of_a_folder_is_another_digest(tmp_path: Path) -> None:
    lake(tmp_path, "dt=2026-01-01", "dt=2026-01-02")
    source = str(tmp_path / "*" / "*.parquet")
    before = scan.digest(source)

    (tmp_path / "dt=2026-01-02").rename(tmp_path / "dt=2026-02-02")

    assert before != scan.digest(source)


def test_each_file_of_a_glob_keeps_what_its_folder_says(tmp_path: Path) -> None:
    lake(tmp_path, "dt=2026-01-01", "dt=2026-01-02")

    found = open_table("*/*.parquet", tmp_path, NOW).by_file().values()

    assert [{date(2026, 1, 1)}, {date(2026, 1, 2)}] == [{*each.rows(["dt"])["dt"].to_pylist()} for each in found]
