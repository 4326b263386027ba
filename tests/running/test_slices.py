"""A measurement is split by the values of columns, each with one spelling."""

import pyarrow as pa
import pytest

from harness.errors import HarnessError
from harness.records.contract import keep_declared
from harness.running.slices import By, slice_measurements
from harness.testing import dataset
from harness.values.measurements import Measurement
from harness.values.samples import Sample


def sliced(
    by: By, ids: list[int] | None = None, statistic: str = "proportion", **columns: list[object]
) -> list[Measurement]:
    size = len(next(iter(columns.values())))
    kept = list(range(size)) if ids is None else ids
    rows = pa.table({"id": kept, "y": pa.array([1.0] * len(kept), pa.float64())})
    whole = keep_declared(Measurement(metric="m", sample=Sample(statistic=statistic, rows=rows)))
    return list(slice_measurements([whole], by, dataset({"id": list(range(size)), **columns}, id="id"), {"m"}))


def sizes(measurements: list[Measurement]) -> dict[tuple[str, ...], int]:
    return {tuple(m.labels.values()): m.sample.rows.num_rows for m in measurements if m.sample.rows is not None}


def test_a_missing_value_is_no_word() -> None:
    found = sizes(sliced(["who"], who=["None", None, "none", None]))

    assert {(): 4, ("None",): 1, ("none",): 1, ("(missing)",): 2} == found


def test_a_boolean_is_written_in_small_letters() -> None:
    assert {(): 3, ("false",): 1, ("true",): 2} == sizes(sliced(["ok"], ok=[True, False, True]))


def test_a_word_that_reads_as_a_missing_value_beside_one_is_refused() -> None:
    with pytest.raises(HarnessError, match="would be one slice"):
        sliced(["who"], who=["(missing)", None])


def test_slices_come_in_the_order_of_their_values() -> None:
    found = sliced(["size"], size=[10, 9, None, 100])

    assert ["9", "10", "100", "(missing)"] == [m.labels["size"] for m in found[1:]]


def test_several_columns_make_a_slice_of_each_combination_there_is() -> None:
    found = sizes(sliced([["a", "b"], "a"], a=["x", "x", "y"], b=[1, 2, 1]))

    assert {(): 3, ("x", "1"): 1, ("x", "2"): 1, ("y", "1"): 1, ("x",): 2, ("y",): 1} == found


def test_a_missing_value_makes_combinations_like_any_other() -> None:
    found = sizes(sliced([["a", "b"]], a=["x", None, "x", None], b=[1, None, None, None]))

    assert {(): 4, ("x", "1"): 1, ("x", "(missing)"): 1, ("(missing)", "(missing)"): 2} == found


def test_a_slice_without_rows_that_count_is_there_and_empty() -> None:
    assert {(): 1, ("x",): 1, ("y",): 0} == sizes(sliced(["a"], ids=[0], a=["x", "y"]))


def test_too_many_slices_are_refused_with_their_number() -> None:
    with pytest.raises(HarnessError, match=r"`by` who makes 5,001 slices, and at most 5,000"):
        sliced(["who"], who=[f"user {number}" for number in range(5_001)])


def test_too_many_slices_by_two_columns_are_refused() -> None:
    rows = [(a, b) for a in range(80) for b in range(80)]

    with pytest.raises(HarnessError, match="`by` a and b makes 6,400 slices"):
        sliced([["a", "b"]], a=[a for a, _ in rows], b=[b for _, b in rows])


def test_a_count_of_everything_cannot_be_split_by_its_examples() -> None:
    with pytest.raises(HarnessError, match="its sample keeps no rows with ids"):
        sliced(["a"], statistic="exact", a=["x", "y"])


def test_what_cannot_be_split_is_said_of_the_first_column() -> None:
    with pytest.raises(HarnessError, match="'m' cannot be split by 'b'"):
        sliced([["b", "a"], "c"], statistic="exact", a=["x"], b=["y"], c=["z"])


def test_ids_that_are_not_in_the_dataset_are_refused() -> None:
    with pytest.raises(HarnessError, match="1 ids of 'm' are not in the dataset"):
        sliced(["a"], ids=[0, 7], a=["x", "y"])


@pytest.mark.parametrize("value", [["a"], {"b": 1}])
def test_a_column_of_lists_or_records_splits_nothing_and_is_named(value: object) -> None:
    with pytest.raises(HarnessError, match="`by` 'tags' is .*, and rows are split by plain values"):
        sliced(["tags"], tags=[value, value])
