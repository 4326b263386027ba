"""What a check hands over: counts of whole numbers, and rows as they stand at that moment."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from harness import Check, Dataset, HarnessError, Measurement, Sample, check
from harness.testing import measure

ROWS = {"id": [1, 2, 3]}


def counting(k: object, n: object = 10) -> Check:
    @check("odd.counts")
    def counts(data: Dataset) -> list[Measurement]:
        return [Measurement(metric="m", sample=Sample(statistic="proportion", counts={"k": k, "n": n}))]

    return counts


@pytest.mark.parametrize("count", [True, np.True_, "9", b"9", Decimal(9), Fraction(9), 9 + 0j, None, [9]])
def test_counts_of_another_type_are_an_error_that_names_what_was_given(count: object) -> None:
    with pytest.raises(HarnessError, match=f"the count 'k' as {type(count).__name__}: .*give an int"):
        measure(counting(count), ROWS)


@pytest.mark.parametrize("count", [9, 9.0, np.int64(9), np.uint8(9), np.float32(9)])
def test_numbers_of_numpy_are_counts(count: object) -> None:
    (found,) = measure(counting(count), ROWS)

    assert {"k": 9.0, "n": 10.0} == found.sample.counts


def test_counts_that_change_after_they_were_handed_over_are_not_what_is_judged() -> None:
    @check("odd.counts")
    def counts(data: Dataset) -> Iterator[Measurement]:
        given = {"k": 1, "n": 10}
        yield Measurement(metric="m", sample=Sample(statistic="proportion", counts=given))
        given["k"] = 10

    (found,) = measure(counts, ROWS)

    assert {"k": 1.0, "n": 10.0} == found.sample.counts


def test_rows_in_memory_that_is_used_again_stay_as_they_were_handed_over() -> None:
    memory = np.zeros(3)
    names = pa.array(["a", "b", "a"]).dictionary_encode()

    @check("odd.rows")
    def rows(data: Dataset) -> Iterator[Measurement]:
        for value in (1.0, 2.0):
            memory[:] = value
            table = pa.table({"y": memory, "slice.x": names})
            yield Measurement(metric="m", labels={"v": str(value)}, sample=Sample(statistic="mean", rows=table))

    found = measure(rows, ROWS)
    memory[:] = 9.0

    assert [[1.0] * 3, [2.0] * 3] == [each.sample.rows["y"].to_pylist() for each in found]
    assert ["a", "b", "a"] == found[0].sample.rows["slice.x"].to_pylist()


def test_measurements_that_share_a_column_share_its_copy() -> None:
    @check("odd.rows")
    def rows(data: Dataset) -> list[Measurement]:
        table = pa.table({"y": np.arange(1000.0)})
        return [Measurement(metric=name, sample=Sample(statistic="mean", rows=table)) for name in ("m", "n")]

    one, other = (each.sample.rows["y"].chunks[0].buffers()[1] for each in measure(rows, ROWS))

    assert one.address == other.address
