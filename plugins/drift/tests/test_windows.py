"""The current window is ranked among past ones, whatever their season, and few windows are refused."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_drift import windows
from harness_drift.window_rank import effects, standard_scores

from harness import HarnessError, Measurement, UsageError, open_table, save_profile
from harness.testing import dataset, measure

START = datetime(2026, 1, 5)


def weeks(count: int, *, last: float = 0.0, seed: int = 0, a_day: int = 60) -> dict[str, Any]:
    """Rows whose amounts follow the day of the week and wobble from week to week; the last week is moved."""
    chance = np.random.default_rng(seed)
    day = np.repeat(np.arange(count * 7), a_day)
    wobble = chance.normal(0, 0.2, count)
    moved = np.where(day // 7 == count - 1, last, 0.0)
    return {
        "time": [START + timedelta(days=int(each), hours=5) for each in day],
        "amount": chance.normal(np.sin(day % 7) + wobble[day // 7] + moved, 1.0),
        "channel": chance.choice(["web", "pos"], day.size),
    }


def found(rows: Any, **params: Any) -> dict[tuple[str, str], Measurement]:
    seen = measure(windows, rows, **params)
    return {(each.metric, each.labels.get("column", "")): each for each in seen}


def test_a_week_like_no_other_is_more_unusual_than_all() -> None:
    seen = found(weeks(21, last=3.0), days=7)

    assert {"value": 0, "n": 20} == seen["windows_as_extreme", ""].sample.counts
    assert ("1 of 21", "amount") == tuple(seen["windows_as_extreme", ""].evidence[key] for key in ("rank", "column"))
    assert 0 == seen["column_windows_as_extreme", "amount"].sample.counts["value"]
    assert 0 < seen["column_windows_as_extreme", "channel"].sample.counts["value"]


def test_only_the_last_windows_count() -> None:
    assert 22 == found(weeks(30), days=7, last=22)["windows_as_extreme", ""].sample.counts["n"]


def test_weeks_that_wobble_rarely_are_more_unusual_than_all_others() -> None:
    chance = np.random.default_rng(0)
    runs, past, columns = 400, 19, 10
    alarms = 0
    for _ in range(runs):
        means = chance.normal(0, 0.2, (columns, past + 1))
        shares = 1 / (1 + np.exp(-means))
        counts = [np.stack([k := chance.binomial(500, share), 500 - k], axis=1) for share in shares]
        scores = np.max([standard_scores(effects(each)) for each in counts], axis=0)
        alarms += int((scores[:-1] >= scores[-1]).sum() == 0)

    assert 0.02 < alarms / runs < 0.085


def test_a_new_value_and_a_missing_one_are_unusual() -> None:
    rows = weeks(20)
    last = np.arange(len(rows["time"])) >= 19 * 7 * 60
    rows["channel"] = np.where(last, "app", rows["channel"])
    rows["amount"] = pa.array(rows["amount"], mask=last)

    seen = found(rows, days=7)

    assert [0, 0] == [seen["column_windows_as_extreme", name].sample.counts["value"] for name in ("amount", "channel")]


@pytest.mark.parametrize(("count", "missing"), [(19, 1), (3, 17), (1, 19)])
def test_too_few_windows_say_how_many_are_missing(count: int, missing: int) -> None:
    with pytest.raises(
        HarnessError, match=f"at least 19 past ones; found {count - 1} whole windows .* so {missing} are missing"
    ):
        found(weeks(count), days=7)


def test_days_without_rows_are_no_windows() -> None:
    rows = weeks(24)
    kept = [place for place, at in enumerate(rows["time"]) if not timedelta(weeks=3) < at - START < timedelta(weeks=9)]

    with pytest.raises(HarnessError, match="found 17 whole windows of 7 days with rows, so 2 are missing"):
        found({name: [values[place] for place in kept] for name, values in rows.items()}, days=7)


def folder(root: Path, count: int, form: str) -> Path:
    """A file for each week."""
    rows = pa.table(weeks(count))
    for week in range(count):
        part = rows.slice(week * 420, 420)
        path = root / f"week{week:02d}.{form}"
        pq.write_table(part, path) if form == "parquet" else save_profile(dataset(part).profile(), path)
    return root


@pytest.mark.parametrize("form", ["parquet", "profile"])
def test_windows_may_be_files_and_saved_profiles(tmp_path: Path, form: str) -> None:
    now = datetime(2026, 9, 1)
    past = open_table(f"*.{form}", folder(tmp_path, 20, form), now)

    seen = list(windows.measure(data=dataset(weeks(1, last=3.0)), past=past, columns=["amount"]))

    assert {"value": 0, "n": 20} == seen[0].sample.counts


def test_files_are_counted_too(tmp_path: Path) -> None:
    past = open_table("*.parquet", folder(tmp_path, 4, "parquet"), datetime(2026, 9, 1))

    with pytest.raises(HarnessError, match=r"found 4 files in \*.parquet, so 15 are missing"):
        list(windows.measure(data=dataset(weeks(1)), past=past))


def test_a_column_that_changes_its_kind_is_an_error_of_its_own(tmp_path: Path) -> None:
    root = folder(tmp_path, 20, "parquet")
    changed = pq.read_table(root / "week03.parquet").drop(["channel"]).append_column("channel", pa.array([1.0] * 420))
    pq.write_table(changed, root / "week03.parquet")
    past = open_table("*.parquet", root, datetime(2026, 9, 1))

    seen = {
        (each.metric, each.labels.get("column")): each for each in windows.measure(data=dataset(weeks(1)), past=past)
    }

    assert "is number in some windows and text in others" in seen["column_windows_as_extreme", "channel"].failure
    assert "not every column can be compared: column 'channel'" in seen["windows_as_extreme", None].failure
    assert not seen["column_windows_as_extreme", "amount"].failure


def test_whole_numbers_that_doubles_cannot_tell_apart_are_an_error_of_their_own() -> None:
    rows = weeks(20)
    at = np.arange(len(rows["amount"]))

    seen = found({**rows, "n": 2**61 + at % 50 + np.where(at >= at.size - 400, 60, 0)}, days=7)

    assert "values beyond 2^53 may only seem to equal others" in seen["column_windows_as_extreme", "n"].failure
    assert not seen["column_windows_as_extreme", "amount"].failure


@pytest.mark.parametrize("params", [{}, {"days": 7, "past": {"x": [1]}}])
def test_windows_are_given_one_way(params: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="takes `days`, .* or `past`, a glob with a file .*; give one of them"):
        found(weeks(20), **params)


def test_files_with_filters_cannot_be_told_apart() -> None:
    some = dataset({"x": [1, 2]}).where("{x} > 1", x="x")

    with pytest.raises(UsageError, match="only files that are read whole can be told apart"):
        some.by_file()
