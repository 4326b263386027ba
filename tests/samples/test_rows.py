"""How samples of rows are built."""

import pandas as pd
import pyarrow as pa
import pytest

from harness import samples
from harness.errors import HarnessError
from harness.values.statistics import STATISTICS

OF_ROWS = [name for name in STATISTICS if STATISTICS[name].keeps]


def table(*names: str) -> pa.Table:
    return pa.table({name: [0.0, 1.0] for name in names})


@pytest.mark.parametrize("name", OF_ROWS)
def test_the_columns_a_statistic_reads_are_enough(name: str) -> None:
    rows = table(*STATISTICS[name].keeps)

    sample = getattr(samples.rows, name)(rows)

    assert (name, rows, {}) == (sample.statistic, sample.rows, sample.counts)


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name in OF_ROWS for column in sorted(STATISTICS[name].keeps - {"time"})]
)
def test_a_column_that_is_read_and_missing_is_refused(name: str, column: str) -> None:
    rows = table("id", *(STATISTICS[name].keeps - {column}))

    with pytest.raises(HarnessError, match=f"statistic '{name}' reads columns .*; found no '{column}'"):
        getattr(samples.rows, name)(rows)


def test_a_column_that_is_nearly_there_is_named() -> None:
    with pytest.raises(HarnessError, match=r"found no 'score'; did you mean 'scores'\? \(they have y, scores\)"):
        samples.rows.auc(table("y", "scores"))


def test_rows_that_are_no_arrow_table_are_refused() -> None:
    with pytest.raises(
        HarnessError, match=r"takes a pyarrow.Table, as data.observations\(...\) returns; found DataFrame"
    ):
        samples.rows.mean(pd.DataFrame({"y": [1.0]}))  # type: ignore[arg-type]


def test_no_row_at_all_is_left_to_the_judge() -> None:
    assert 0 == samples.rows.proportion(table("y").slice(0, 0)).rows.num_rows
