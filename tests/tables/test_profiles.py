"""A profile is the same however its rows were divided, and says no more than it knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness import Dataset, HarnessError, UsageError, save_profile
from harness.tables import bins, profiling, scan
from harness.tables.profiles import MOST_CATEGORIES, Kind, merge_profiles, profile_batches
from harness.testing import dataset

KINDS: dict[str, Kind] = {"x": "number", "t": "time", "c": "text"}
FLOATS = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -0.0, 1.5]))
ROWS = st.lists(
    st.tuples(FLOATS, st.one_of(st.none(), st.integers(-(2**60), 2**60)), st.one_of(st.none(), st.text(max_size=3))),
    min_size=1,
    max_size=80,
)


def batch(rows: list[tuple[float | None, int | None, str | None]]) -> pa.RecordBatch:
    x, t, c = zip(*rows, strict=True) if rows else ((), (), ())
    arrays = [pa.array(x, pa.float64()), pa.array(t, pa.int64()), pa.array(c, pa.string())]
    return pa.record_batch(arrays, names=list(KINDS))


def drawn(n: int = 200_000) -> pa.RecordBatch:
    """Rows with more different values than bins, many zeros, money, counts, infinities and nothing."""
    chance = np.random.default_rng(3)
    x = np.where(chance.random(n) < 0.3, 0.0, chance.normal(0, 1, n))
    x[:5], x[5:7] = np.inf, -np.inf
    c = np.array(["a", "b", "c"])[chance.integers(0, 3, n)]
    missing = chance.random(n) < 0.1
    arrays = [pa.array(x, mask=missing), pa.array(chance.integers(0, 10**15, n)), pa.array(c)]
    return pa.record_batch(arrays, names=list(KINDS))


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, parts=st.integers(1, 9), most=st.integers(2, 12))
def test_a_profile_does_not_depend_on_how_the_rows_are_divided(
    rows: list[tuple[float | None, int | None, str | None]], parts: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bins.Bins.limit_bins, "__defaults__", (most,))
        whole = profile_batches([batch(rows)], KINDS)

        found = merge_profiles([profile_batches([batch(rows[start::parts])], KINDS) for start in range(parts)])

    assert whole == found


@pytest.mark.parametrize("parts", [2, 64])
def test_many_values_give_the_same_bins_from_one_and_from_many_parts(parts: int) -> None:
    rows = drawn()
    size = -(-len(rows) // parts)
    pieces = [rows.slice(start, size) for start in range(0, len(rows), size)]

    one_pass, by_parts = (
        profile_batches(pieces, KINDS),
        merge_profiles([profile_batches([piece], KINDS) for piece in reversed(pieces)]),
    )

    assert profile_batches([rows], KINDS) == one_pass == by_parts
    assert bins.MOST >= one_pass["x"].bins.bin.size > bins.MOST / 4


def test_counts_hold_every_value_once() -> None:
    rows = drawn()

    found = profile_batches([rows], KINDS)["x"]

    infinite = rows["x"].drop_null().to_numpy()
    assert (int((infinite == -np.inf).sum()), int((infinite == np.inf).sum())) == (found.below, found.above)
    assert rows["x"].null_count == found.missing
    assert len(rows) == found.missing + found.below + found.above + found.bins.total


def test_few_different_values_are_counted_exactly() -> None:
    values = np.round(np.random.default_rng(0).gamma(2, 20, 50_000), 1)

    found = profile_batches([pa.record_batch({"x": values})], {"x": "number"})["x"]

    names, counts = np.unique(values, return_counts=True)
    assert names.tolist() == found.values(found.bins.low).tolist()
    assert counts.tolist() == found.bins.count.tolist()


def test_a_value_that_stands_alone_is_known_however_wide_the_bins_are() -> None:
    found = profile_batches([drawn()], KINDS)["x"]

    zero = found.bins.count[(found.values(found.bins.low) == 0) & found.bins.single]
    assert 1 == zero.size
    assert 0.26 < zero[0] / found.rows < 0.28


def test_mean_and_deviation_are_as_exact_as_the_bins() -> None:
    values = np.random.default_rng(0).lognormal(0, 1, 200_000)

    found = profile_batches([pa.record_batch({"x": values})], {"x": "number"})["x"]

    assert values.mean() == pytest.approx(found.mean, rel=1e-4)
    assert values.std() == pytest.approx(found.deviation, rel=1e-3)


def test_nan_is_missing_and_minus_zero_is_zero() -> None:
    found = profile_batches([pa.record_batch({"x": [float("nan"), None, -0.0, 0.0]})], {"x": "number"})["x"]

    assert (2, [2]) == (found.missing, found.bins.count.tolist())


@pytest.mark.parametrize("parts", [1, 7])
def test_of_too_many_categories_the_frequent_are_counted_within_a_bound(parts: int) -> None:
    texts = pa.array([f"id{number}" for number in range(MOST_CATEGORIES + 1)] + ["web"] * 900 + ["pos"] * 300)
    order = pa.array(np.random.default_rng(0).permutation(len(texts)))
    batch = pa.record_batch({"c": texts.take(order)})
    size = -(-len(texts) // parts)

    found = profile_batches([batch.slice(start, size) for start in range(0, len(texts), size)], {"c": "text"})["c"]

    assert 0 < found.uncounted <= len(texts) / (MOST_CATEGORIES + 1)
    assert MOST_CATEGORIES >= len(found.categories)
    for name, count in (("web", 900), ("pos", 300)):
        assert count - found.uncounted <= found.categories[name] <= count
    assert [1210, 90, 900, 9000, 40001] == found.bins.count.tolist()


@pytest.fixture
def table() -> Dataset:
    chance = np.random.default_rng(1)
    return dataset(
        {
            "amount": np.round(chance.gamma(2, 50, 30_000), 2),
            "x": chance.normal(0, 1, 30_000),
            "at": pa.array(chance.integers(0, 10**15, 30_000), pa.timestamp("us")),
            "day": pa.array(chance.integers(0, 900, 30_000).astype(np.int32), pa.date32()),
            "web": chance.random(30_000) < 0.5,
            "channel": np.array(["pos", "web"])[chance.integers(0, 2, 30_000)],
            "tags": [["a"]] * 30_000,
        }
    )


def test_every_kind_of_column_is_profiled_and_lists_are_left_out(table: Dataset) -> None:
    found = table.profile()

    kinds = {name: column.kind for name, column in found.columns.items()}
    assert kinds == {
        "amount": "number",
        "x": "number",
        "at": "time",
        "day": "time",
        "web": "text",
        "channel": "text",
    }


def test_columns_that_play_a_role_are_profiled_only_if_named(table: Dataset) -> None:
    scored = table.with_roles(score="x", cluster=("channel",))

    assert {"amount", "at", "day", "web"} == set(scored.profile().columns)
    assert {"x"} == set(scored.profile(["x"]).columns)


def test_a_list_that_is_asked_for_is_refused(table: Dataset) -> None:
    with pytest.raises(UsageError, match=r"column 'tags' is VARCHAR\[\] and cannot be profiled; profiled are TINYINT"):
        table.profile(["tags"])


def test_an_unknown_column_is_refused(table: Dataset) -> None:
    with pytest.raises(UsageError, match=r"has no column 'amonut'; did you mean 'amount'\?"):
        table.profile(["amonut"])


def test_each_column_is_read_once_however_often_it_is_asked_for(
    table: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = table.with_column("fresh", "1")
    read: list[str] = []
    batches = scan.batches
    monkeypatch.setattr(scan, "batches", lambda sql, rows: read.append(sql.text) or batches(sql, rows))

    fresh.profile(["amount"])
    fresh.profile(["amount", "x"])
    fresh.profile(["x", "amount"])

    assert [True, False] == ["amount" in text.partition(" FROM ")[0] for text in read]


def test_a_saved_profile_is_read_like_a_table(table: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "train.profile"
    save_profile(table.profile(), path)

    found = reopened(path).profile()

    assert {"amount", "x", "at", "day", "web", "channel"} == set(found.columns)
    assert table.profile()["web"] == found["web"]
    assert [c.bins.total for c in table.profile().columns.values()] == [c.bins.total for c in found.columns.values()]


def test_a_saved_profile_keeps_counts_and_single_values(table: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "train.profile"
    save_profile(table.profile(["x"]), path)

    found, whole = reopened(path).profile()["x"].bins, table.profile()["x"].bins.limit_bins(1024)

    assert whole.bin.tolist() == found.bin.tolist()
    assert whole.count.tolist() == found.count.tolist()
    assert (found.low <= whole.low).all()
    assert (found.high >= whole.high).all()


def test_a_saved_profile_is_small(table: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "train.profile"

    save_profile(table.profile(), path)

    assert path.stat().st_size < 40_000


def test_a_profile_of_another_version_is_refused(table: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "train.profile"
    save_profile(table.profile(["x"]), path)
    rows = pq.read_table(path)
    later = pa.array([3] * rows.num_rows, pa.int8())
    pq.write_table(rows.set_column(0, "profile_version", later), path)

    with pytest.raises(HarnessError, match=r"of version \[3\], and version 2 is read; profile the data anew"):
        reopened(path).profile()


def test_one_column_of_two_kinds_does_not_merge() -> None:
    numbers = profile_batches([pa.record_batch({"x": [1.0]})], {"x": "number"})
    texts = profile_batches([pa.record_batch({"x": ["1"]})], {"x": "text"})

    with pytest.raises(HarnessError, match="column 'x' is number in one part and text in another"):
        merge_profiles([numbers, texts])


def reopened(path: Path) -> Dataset:
    return Dataset(name="saved", uri=str(path), digest=scan.digest(str(path)), sql=scan.rows_of(str(path)))


def test_a_whole_file_and_a_query_of_it_have_one_profile(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    x = np.where(chance.random(300_000) < 0.1, np.nan, chance.normal(0, 1, 300_000))
    texts = chance.choice(["a", "bb", "ü"], 300_000)
    rows = pa.table({"x": pa.array(x, mask=chance.random(300_000) < 0.1), "c": pa.array(texts, mask=x > 1)})
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=70_000)
    whole = reopened(tmp_path / "rows.parquet")

    queried = whole.with_column("one", "1").profile(["x", "c"])

    assert queried == whole.profile(["x", "c"])


def test_bins_guessed_from_some_values_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.sort(bins.keys_of(np.random.default_rng(7).lognormal(0, 1, 200_000)))
    guessed = bins.bin_keys(keys)
    monkeypatch.setattr(bins, "SOME", len(keys))

    found = bins.bin_keys(keys)

    assert guessed == found


def test_columns_of_a_file_are_counted_across_its_row_groups(tmp_path: Path) -> None:
    rows = pa.Table.from_batches([drawn(700_000)]).select(["x", "c"])
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=300_000)

    found = reopened(tmp_path / "rows.parquet").profile()

    assert profile_batches(rows.to_batches(), {"x": "number", "c": "text"}) == found


def test_the_columns_of_a_wide_table_are_counted_as_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "WIDE", 3)
    path = tmp_path / "wide.parquet"
    pq.write_table(pa.table({f"c{number}": [float(number), 0.0] for number in range(10)}), path)
    narrow = {f"c{number}": reopened(path).profile([f"c{number}"])[f"c{number}"] for number in range(10)}

    wide = reopened(path).profile()

    assert narrow == dict(wide.columns)
    assert isinstance(wide.columns, profiling.ColumnsInTurn)
    assert 3 >= len(wide.columns.counted)


def spiky(place: float, share: float, n: int = 300_000) -> NDArray[np.float64]:
    """Numbers of which a share is one of many that would fall into its bin."""
    chance = np.random.default_rng(11)
    return np.where(chance.random(n) < share, place, chance.uniform(-200, 200, n))


def write_profile(values: NDArray[np.float64], path: Path) -> Dataset:
    pq.write_table(pa.table({"x": values}), path, row_group_size=70_000)
    return reopened(path)


@pytest.mark.parametrize("place", [100.0, 37.42, -29.69911764705882])
@pytest.mark.parametrize("share", [0.005, 0.3, 0.9])
def test_a_value_that_many_rows_share_is_counted_apart_in_whatever_order_they_come(
    tmp_path: Path, place: float, share: float
) -> None:
    values = spiky(place, share)
    mixed, ordered = (
        write_profile(each, tmp_path / f"{name}.parquet")
        for name, each in (("mixed", values), ("ordered", np.sort(values)))
    )

    found = mixed.profile()["x"]

    assert found == ordered.profile()["x"] == mixed.with_column("one", "1").profile(["x"])["x"]
    assert {int(bins.keys_of(np.array([place]))[0]): (values == place).sum()} == found.frequent
    assert len(values) == found.bins.total


def test_points_in_time_that_many_rows_share_are_counted_apart() -> None:
    times = np.where(np.arange(100_000) % 3, 86_400_000_000, np.random.default_rng(2).integers(0, 10**15, 100_000))

    found = dataset({"at": pa.array(times, pa.timestamp("us"))}).profile()["at"]

    assert {86_400_000_000: (times == 86_400_000_000).sum()} == found.frequent


def test_a_saved_profile_keeps_the_values_that_many_rows_share(tmp_path: Path) -> None:
    whole = dataset({"x": spiky(37.42, 0.2), "zero": spiky(0.0, 0.2)}).profile()
    save_profile(whole, tmp_path / "train.profile")

    found = reopened(tmp_path / "train.profile").profile()

    assert [{**whole[name].frequent} for name in ("x", "zero")] == [found[name].frequent for name in ("x", "zero")]


def test_a_profile_with_more_of_a_value_than_of_its_bin_is_refused() -> None:
    held = dataset({"x": spiky(37.42, 0.2)}).profile()["x"]
    more = {key: int(held.bins.total) for key in held.spikes}

    with pytest.raises(HarnessError, match="column 'x' has a value more often than its bin has values"):
        replace(held, spikes=more)


def test_values_that_many_rows_share_are_counted_for_all_columns_in_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = dataset({"n": spiky(37.42, 0.2), "spike 0": spiky(-1 / 3, 0.1), "all different": spiky(0.1, 0.0)})
    asked: list[str] = []
    table = scan.table
    monkeypatch.setattr(scan, "table", lambda query: asked.append(query.text) or table(query))  # type: ignore[func-returns-value]

    found = filled.profile()

    assert 1 == len(asked)
    assert [[37.42], [-1 / 3], []] == [
        bins.numbers_of(np.array([*column.spikes], np.int64)).tolist() for column in found.columns.values()
    ]
