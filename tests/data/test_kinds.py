"""Columns are compared and joined only if they hold values of one kind."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.datasets import Dataset, verify
from harness.data.declarations import Source
from harness.data.row_filters import Clock
from harness.data.sources import open_dataset
from harness.errors import HarnessError

NOW = datetime(2026, 1, 31, tzinfo=UTC)
UNLIKE: dict[str, tuple[pa.Array, pa.Array]] = {
    "text and whole numbers": (pa.array(["01", "2"]), pa.array([1, 2])),
    "words and whole numbers": (pa.array(["abc"]), pa.array([1])),
    "text and doubles": (pa.array(["1.0"]), pa.array([1.0])),
    "truth and whole numbers": (pa.array([True]), pa.array([1])),
    "days and moments": (pa.array([date(2026, 1, 1)]), pa.array([datetime(2026, 1, 1)])),
    "text and days": (pa.array(["2026-01-01"]), pa.array([date(2026, 1, 1)])),
    "bytes and text": (pa.array([b"a"]), pa.array(["a"])),
}
ALIKE: dict[str, tuple[pa.Array, pa.Array]] = {
    "narrow and wide": (pa.array([1], pa.int8()), pa.array([1], pa.uint64())),
    "doubles that are exact": (pa.array([1, 2**53 - 1]), pa.array([1.0, 2.0**53 - 1])),
    "decimals": (pa.array([Decimal(1)]), pa.array([1])),
    "categories": (pa.array(["a"]).dictionary_encode(), pa.array(["a"])),
    "moments in UTC": (pa.array([NOW], pa.timestamp("us", "UTC")), pa.array([NOW.replace(tzinfo=None)])),
}
INEXACT: dict[str, tuple[pa.Array, pa.Array]] = {
    "labels as doubles": (pa.array([2**53 + 1]), pa.array([2.0**53])),
    "rows as doubles": (pa.array([2.0**53]), pa.array([2**53 + 1])),
    "both as doubles": (pa.array([-(2.0**60)]), pa.array([-(2.0**60)])),
    "singles": (pa.array([2**24 + 1]), pa.array([2.0**24], pa.float32())),
}


def tables(folder: Path, own: pa.Array, other: pa.Array) -> tuple[Dataset, Dataset]:
    found = []
    for name, values in (("own", own), ("other", other)):
        pq.write_table(pa.table({"key": values, "y": [1] * len(values)}), folder / f"{name}.parquet")
        found.append(open_dataset(name, Source(source=f"{name}.parquet"), folder, Clock(as_of=NOW)))
    return found[0], found[1]


@pytest.mark.parametrize(("own", "other"), UNLIKE.values(), ids=UNLIKE)
def test_keys_of_different_kinds_are_refused_by_both_kinds(tmp_path: Path, own: pa.Array, other: pa.Array) -> None:
    one, two = tables(tmp_path, own, other)

    with pytest.raises(HarnessError, match="of different kinds") as error:
        one.must_join(two, {"key": "key"})

    assert f"'key' of 'own' ({one.columns['key']})" in str(error.value)
    assert f"'key' of 'other' ({two.columns['key']})" in str(error.value)


@pytest.mark.parametrize(("own", "other"), ALIKE.values(), ids=ALIKE)
def test_keys_of_one_kind_are_joined_whatever_their_width(tmp_path: Path, own: pa.Array, other: pa.Array) -> None:
    one, two = tables(tmp_path, own, other)

    one.must_join(two, {"key": "key"})

    joined = one.query("SELECT count(*) AS n FROM {rows} l JOIN {other} r ON l.key = r.key", other=two).one()
    assert {"n": len(own)} == joined


@pytest.mark.parametrize(("own", "other"), INEXACT.values(), ids=INEXACT)
def test_doubles_that_stand_for_several_numbers_are_no_keys(tmp_path: Path, own: pa.Array, other: pa.Array) -> None:
    one, two = tables(tmp_path, own, other)

    with pytest.raises(HarnessError, match="holds 1 key from 2.(53|24) up"):
        one.must_join(two, {"key": "key"})


@pytest.mark.parametrize("change", [lambda keys: keys.cast(pa.float64(), safe=False), lambda keys: keys.cast("string")])
def test_labels_are_joined_by_keys_of_one_kind(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    keys = pa.array([2**53 + at for at in range(10)])
    pq.write_table(pa.table({"id": keys}), tmp_path / "rows.parquet")
    pq.write_table(pa.table({"id": change(keys), "y": [1] * 10}), tmp_path / "late.parquet")
    labels = {"source": "late.parquet", "on": "id", "column": "y", "absent_is": 0}

    with pytest.raises(HarnessError, match="of different kinds|keys from 2"):
        open_dataset(
            "d", Source.model_validate({"source": "rows.parquet", "labels": labels}), tmp_path, Clock(as_of=NOW)
        )


def test_an_id_that_is_a_double_names_one_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1.0, 2.0**53]}), tmp_path / "rows.parquet")
    data = open_dataset("d", Source(source="rows.parquet", id="id"), tmp_path, Clock(as_of=NOW))

    with pytest.raises(HarnessError, match="1 of 2 rows have no usable id"):
        verify(data)


def labelled(folder: Path, values: list[object]) -> Dataset:
    pq.write_table(pa.table({"id": range(len(values)), "y": values}), folder / "rows.parquet")
    return open_dataset("d", Source(source="rows.parquet", id="id", label="y"), folder, Clock(as_of=NOW))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["legit", "fraud", None], "found 'fraud', 'legit'; name a 0/1 column as its label, or say what its values"),
        ([1, -1, 1], "found -1, 1; name"),
        ([0.0, 0.5, 1.0], "found 0.0, 0.5, 1.0; name"),
        (["0", "1", "0"], "found '0', '1'; name"),
        ([7, 7, 7], "found 7; name"),
    ],
)
def test_a_label_that_is_not_0_or_1_is_named_with_what_it_holds(
    tmp_path: Path, values: list[object], found: str
) -> None:
    data = labelled(tmp_path, values)

    with pytest.raises(HarnessError, match=f"dataset 'd': label 'y' must hold 0 and 1; {found}"):
        data.must_be_binary("label")


@pytest.mark.parametrize("values", [[0, 1, None], [True, False, True], [1.0, 0.0, 1.0], [1, 1, 1]])
def test_a_label_of_zeros_and_ones_is_binary_whatever_its_type(tmp_path: Path, values: list[object]) -> None:
    labelled(tmp_path, values).must_be_binary("label")
