"""Files that a glob names are one table, or refused."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, open_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def written(folder: Path, **second: pa.Array) -> str:
    pq.write_table(pa.table({"x": [1, 2], "c": ["a", "b"]}), folder / "p1.parquet")
    pq.write_table(pa.table(second), folder / "p2.parquet")
    return str(folder / "*.parquet")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"x": [1], "c": ["a"], "new": [1]}, "column 'new' is absent in p1.parquet and int64 in p2.parquet"),
        ({"x": [1]}, "column 'c' is string in p1.parquet and absent in p2.parquet"),
        ({"x": [1.5], "c": ["a"]}, "column 'x' is int64 in p1.parquet and double in p2.parquet"),
        ({"x": pa.array([1], pa.int32()), "c": ["a"]}, "column 'x' is int64 in p1.parquet and int32 in p2.parquet"),
    ],
)
def test_files_with_other_columns_are_not_one_table(tmp_path: Path, second: dict[str, pa.Array], message: str) -> None:
    source = written(tmp_path, **second)

    data = open_table(source, tmp_path, NOW)

    with pytest.raises(HarnessError, match=f"are not one table: {message}; write them alike"):
        data.rows()
    with pytest.raises(HarnessError, match="are not one table"):
        data.profile()
    with pytest.raises(HarnessError, match="are not one table"):
        data.ibis()


def test_a_later_file_in_which_a_column_has_no_value_fits(tmp_path: Path) -> None:
    source = written(tmp_path, x=[3], c=pa.nulls(1))

    assert ["a", "b", None] == open_table(source, tmp_path, NOW).rows(["c"])["c"].to_pylist()


def test_the_order_and_the_encoding_of_columns_do_not_matter(tmp_path: Path) -> None:
    source = written(tmp_path, c=pa.array(["a", "b"]).dictionary_encode(), x=[3, 4])

    data = open_table(source, tmp_path, NOW)

    assert (4, ["a", "a", "b", "b"]) == (data.size, sorted(data.rows(["c"])["c"].to_pylist()))


def test_a_file_that_was_mended_is_looked_at_again(tmp_path: Path) -> None:
    source = written(tmp_path, x=[1.5], c=["a"])
    with pytest.raises(HarnessError):
        open_table(source, tmp_path, NOW).rows()

    pq.write_table(pa.table({"x": [15], "c": ["aa"]}), tmp_path / "p2.parquet")

    assert 3 == open_table(source, tmp_path, NOW).rows().num_rows
