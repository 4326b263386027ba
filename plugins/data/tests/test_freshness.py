"""How old the newest row is; rows from the future make no table fresh."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from harness_data import freshness_check

from harness import HarnessError, UsageError
from harness.testing import FakeTarget, dataset, measure

AS_OF = datetime(2026, 1, 10, tzinfo=UTC)
DAYS = [datetime(2026, 1, day) for day in (1, 8, 9)]


def measured(moments: list[datetime | None], as_of: datetime | None = AS_OF, **params: Any) -> dict[str, float]:
    data = replace(dataset({"time": moments}), as_of=as_of)
    return {found.metric: found.sample.counts["value"] for found in measure(freshness_check, data, **params)}


def test_the_age_is_that_of_the_newest_row_in_hours() -> None:
    assert measured(DAYS) == {"age": 24, "future": 0}


def test_an_age_is_counted_over_rows_and_says_when_the_newest_was() -> None:
    age, future = measure(freshness_check, replace(dataset({"time": DAYS}), as_of=AS_OF))

    assert (age.unit, future.unit) == ("rows", "rows")
    assert age.evidence["note"] == ("the newest row is of 2026-01-09 00:00 UTC, 24 hours before 2026-01-10 00:00 UTC")


def test_rows_from_the_future_are_counted_and_make_no_table_fresh() -> None:
    assert measured([*DAYS, datetime(2027, 1, 1)]) == {"age": 24, "future": 1}


def test_a_table_with_rows_from_the_future_only_is_an_error() -> None:
    with pytest.raises(HarnessError, match="no row of 'time' is from before 2026-01-10 00:00 UTC"):
        measured([datetime(2027, 1, 1)])


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="has no column 'tiem'; did you mean 'time'"):
        measured(DAYS, column="tiem")


def test_without_a_clock_nothing_has_an_age() -> None:
    with pytest.raises(UsageError, match="was opened without a clock"):
        measured(DAYS, as_of=None)
    assert FakeTarget(rows={"time": DAYS}).dataset("data").as_of is None


def test_a_column_of_numbers_has_no_age() -> None:
    data = replace(dataset({"time": [1, 2]}), as_of=AS_OF)

    with pytest.raises(HarnessError, match="column 'time' of dataset .* is BIGINT and no time"):
        list(measure(freshness_check, data))
