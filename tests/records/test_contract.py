"""What of a check's rows is judged and may be stored."""

import pyarrow as pa
import pytest

from harness.errors import HarnessError
from harness.records.contract import keep_declared
from harness.values.measurements import Measurement
from harness.values.samples import Sample

ROWS = pa.table(
    {
        "id": [2, 1],
        "y": [1, 0],
        "score": [0.5, 0.25],
        "weight": [1.0, 2.0],
        "cluster.card": ["a", "b"],
        "slice.shop": ["x", "y"],
        "prompt": ["hello", "good bye"],
    }
)


def measured(rows: pa.Table, statistic: str = "proportion", text: tuple[str, ...] = ()) -> Measurement:
    return Measurement(metric="m", sample=Sample(statistic=statistic, rows=rows), text=text)


def columns_of(found: Measurement) -> list[str]:
    assert found.sample.rows is not None
    return found.sample.rows.column_names


def test_only_what_the_statistic_reads_is_kept_with_ids_weights_and_clusters() -> None:
    assert ["id", "y", "weight", "cluster.card"] == columns_of(keep_declared(measured(ROWS)))
    assert ["id", "y", "score", "weight", "cluster.card"] == columns_of(keep_declared(measured(ROWS, "auc")))


def test_counts_of_a_whole_population_keep_the_ids_of_their_examples_only() -> None:
    assert ["id", "weight", "cluster.card"] == columns_of(keep_declared(measured(ROWS, "exact")))


def test_named_texts_are_kept_under_a_name_of_their_own() -> None:
    found = keep_declared(measured(ROWS, text=("prompt",)))

    assert found.sample.rows is not None
    assert ["good bye", "hello"] == found.sample.rows["text.prompt"].to_pylist()


@pytest.mark.parametrize(("name", "why"), [("question", "is not in its rows"), ("y", "is a column that is judged")])
def test_a_text_that_is_missing_or_judged_is_refused(name: str, why: str) -> None:
    with pytest.raises(HarnessError, match=why):
        keep_declared(measured(ROWS, text=(name,)))


def test_text_where_a_number_belongs_is_not_kept() -> None:
    rows = pa.table({"id": [1], "y": ["free text"]})

    found = keep_declared(measured(rows))

    assert (None, "column 'y' must hold numbers; found string; convert it first") == (found.sample.rows, found.failure)


def test_rows_of_other_types_and_another_order_are_the_same_rows() -> None:
    small = pa.table({"id": pa.array([1, 2], pa.int16()), "y": pa.array([0, 1], pa.int8())})
    large = pa.table({"id": [2, 1], "y": [1, 0]})

    assert keep_declared(measured(small)).sample.rows == keep_declared(measured(large)).sample.rows
