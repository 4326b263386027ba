"""A saved profile is read whole or not at all."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from harness.errors import HarnessError
from harness.tables import profile_files
from harness.tables.profiles import profile_batches


def written(folder: Path) -> pa.Table:
    rows = pa.table({"x": [1.0, 2.0, None], "t": ["a", None, "bb"]})
    profile_files.save_profile(profile_batches(rows.to_batches(), {"x": "number", "t": "text"}), folder / "t.profile")
    return pq.read_table(folder / "t.profile")


def test_a_profile_that_lost_rows_is_refused(tmp_path: Path) -> None:
    found = written(tmp_path)
    cut = found.filter(pc.not_equal(found["what"].cast(pa.string()), "single"))

    with pytest.raises(HarnessError, match="does not count all rows of column 'x'; it is damaged"):
        profile_files.load(cut)


def test_a_profile_that_lost_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="lacks its columns shift; it is damaged"):
        profile_files.load(written(tmp_path).drop(["shift"]))


def test_every_kind_is_read_as_it_was_saved(tmp_path: Path) -> None:
    found = profile_files.load(written(tmp_path))

    assert {"x": (3, 1, "number"), "t": (3, 1, "text")} == {
        name: (column.rows, column.missing, column.kind) for name, column in found.columns.items()
    }
