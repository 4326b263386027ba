"""Distances of columns are those of the values themselves, or lie within what they say."""

import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from harness_drift import DISTANCES, columns, distances, prediction
from harness_drift.column_pair import PLAIN
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from harness import ColumnProfile, HarnessError, Measurement, UsageError, save_profile
from harness.tables import bins
from harness.testing import FakeTarget, dataset, measure

Found = Mapping[tuple[str, str], Measurement]
Values = NDArray[Any]
SIZES = 40_000, 30_000


def sides(name: str, shift: float) -> tuple[Values, Values]:
    """Reference and current of one shape."""
    chance = np.random.default_rng(7)
    n, m = SIZES
    shapes: dict[str, Any] = {
        "normal": (chance.normal(0, 1, n), chance.normal(shift, 1 + shift, m)),
        "lognormal": (chance.lognormal(0, 1, n), chance.lognormal(shift, 1, m)),
        "far": (1e6 + chance.normal(0, 1, n), 1e6 + chance.normal(shift, 1, m)),
        "money": (np.round(chance.gamma(2, 50, n), 2), np.round(chance.gamma(2, 50 * (1 + shift), m), 2)),
        "counts": (chance.poisson(20, n), chance.poisson(20 * (1 + shift), m)),
        "zeros": (
            np.where(chance.random(n) < 0.4, 0, chance.normal(0, 1, n)),
            np.where(chance.random(m) < 0.4 + shift, 0, chance.normal(0, 1, m)),
        ),
    }
    return shapes[name]


SHAPES = [(name, shift) for name in ("normal", "lognormal", "far", "money", "counts", "zeros") for shift in (0.0, 0.1)]


def drift(reference: Any, current: Any, **params: Any) -> Found:
    found = measure(columns, current, reference=reference, **params)
    return {(each.metric, each.labels["column"]): each for each in found}


def values_of(found: Measurement) -> Mapping[str, float]:
    return found.sample.counts


def seen(found: Measurement) -> float:
    """Return a KS distance from its two counts a side."""
    counts = found.sample.counts
    one, other = (
        counts[f"{side}.0"] / (counts[f"{side}.0"] + counts[f"{side}.1"]) for side in ("reference", "current")
    )
    return abs(one - other)


@pytest.mark.parametrize(("name", "shift"), SHAPES)
def test_ks_is_scipys_within_the_stated_bound(name: str, shift: float) -> None:
    reference, current = sides(name, shift)
    expected = stats.ks_2samp(reference, current, method="asymp").statistic

    found = drift({"x": reference}, {"x": current})["ks", "x"]

    within = float(found.evidence["within"])
    assert expected == pytest.approx(seen(found), abs=within * 1.05 + 1e-12)
    assert within < 0.002


@pytest.mark.parametrize(("name", "shift"), SHAPES)
def test_wasserstein_is_scipys_within_the_stated_bound(name: str, shift: float) -> None:
    reference, current = sides(name, shift)
    expected = stats.wasserstein_distance(reference, current)

    found = drift({"x": reference}, {"x": current})["wasserstein", "x"]

    within = float(found.evidence["within"])
    assert expected == pytest.approx(values_of(found)["value"], abs=within * 1.05 + 1e-9)
    assert values_of(found)["value"] == pytest.approx(expected, rel=0.02, abs=1e-6 * np.abs(reference).mean())


@pytest.mark.parametrize("place", [0.0, 100.0, 37.42, 1 / 3, -29.69911764705882])
@pytest.mark.parametrize("share", [0.002, 0.02, 0.3, 0.9])
def test_a_value_that_many_rows_share_makes_the_bound_of_ks_no_wider(place: float, share: float) -> None:
    chance = np.random.default_rng(1)
    reference, current = (
        np.where(chance.random(n) < share, place, chance.uniform(-150, 150, n)) for n in (80_000, 60_000)
    )

    found = drift({"x": reference}, {"x": current})["ks", "x"]

    within = float(found.evidence["within"])
    assert stats.ks_2samp(reference, current, method="asymp").statistic == pytest.approx(seen(found), abs=within + 1e-9)
    assert within < 0.001


def test_a_saved_reference_knows_the_values_that_many_rows_share(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    reference, current = (np.where(chance.random(n) < 0.3, 100.0, chance.uniform(0, 200, n)) for n in SIZES)
    save_profile(dataset({"x": reference}).profile(), tmp_path / "reference.profile")

    measured = measure(columns, {"x": current}, reference=opened(tmp_path / "reference.profile"))

    found = next(each for each in measured if each.metric == "ks")
    exact = stats.ks_2samp(reference, current, method="asymp").statistic
    assert exact == pytest.approx(seen(found), abs=float(found.evidence["within"]))
    assert float(found.evidence["within"]) < 0.01


VALUES = st.lists(st.sampled_from([0.0, 1.0, 1.0, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0]), min_size=1)


@settings(max_examples=150, deadline=None)
@given(reference=VALUES, current=VALUES, most=st.integers(2, 4), known=st.tuples(st.booleans(), st.booleans()))
def test_ks_lies_within_its_bound_whatever_is_known_of_frequent_values(
    reference: list[float], current: list[float], most: int, known: tuple[bool, bool]
) -> None:
    exact = stats.ks_2samp(reference, current, method="asymp").statistic

    pair = distances.common_bins(*(coarse(*side, most) for side in zip((reference, current), known, strict=True)))
    found, _ = distances.kolmogorov_smirnov(pair)

    assert found.value - 1e-12 <= exact <= found.value + found.within + 1e-12


def coarse(values: list[float], is_known: bool, most: int) -> ColumnProfile:
    """The profile of values in few bins, in which those that a third of the rows share are counted apart or not."""
    keys, counts = np.unique(np.array(values), return_counts=True)
    exact = bins.from_counts(bins.keys_of(keys), counts)
    spikes = {key: n for key, n in zip(exact.low.tolist(), counts.tolist(), strict=True) if 3 * n >= len(values)}
    found = exact.limit_bins(most)
    return ColumnProfile(name="x", kind="number", rows=len(values), bins=found, spikes=spikes if is_known else {})


@pytest.mark.parametrize("n", [50, 5_000, 300_000])
def test_distances_of_few_and_of_many_rows_are_scipys(n: int) -> None:
    chance = np.random.default_rng(n)
    reference, current = chance.gamma(2, 3, n), chance.gamma(2.2, 3, n // 2)

    found = drift({"x": reference}, {"x": current})

    exact = stats.ks_2samp(reference, current, method="asymp").statistic
    far = stats.wasserstein_distance(reference, current)
    ks, wasserstein = found["ks", "x"], found["wasserstein", "x"]
    assert exact == pytest.approx(seen(ks), abs=values_of(ks).get("within", 0.0) * 1.001 + 1e-12)
    assert far == pytest.approx(
        values_of(wasserstein)["value"], abs=float(wasserstein.evidence["within"]) * 1.05 + 1e-9
    )
    assert ("within" in values_of(ks)) == (n > 16_384)


@pytest.mark.parametrize("name", ["counts", "money"])
def test_few_values_give_the_exact_distances(name: str) -> None:
    reference, current = (np.round(side / 10) for side in sides(name, 0.1))

    found = drift({"x": reference}, {"x": current})

    assert "0" == found["ks", "x"].evidence["within"]
    assert stats.ks_2samp(reference, current, method="asymp").statistic == pytest.approx(seen(found["ks", "x"]), 1e-12)
    exact = stats.wasserstein_distance(reference, current)
    assert exact == pytest.approx(values_of(found["wasserstein", "x"])["value"], 1e-9)


@pytest.mark.shared
def test_distances_of_public_data_are_scipys(shared: Path) -> None:
    folder = shared / "data" / "drift_california_housing"
    paths = [str(folder / f"california_housing_{part}.parquet") for part in ("reference", "analysis")]
    tables = [pa.parquet.read_table(path) for path in paths]
    names = [name for name in tables[0].column_names if pa.types.is_floating(tables[0][name].type)]

    found = drift(tables[0].select(names), tables[1].select(names))

    for name in names:
        values = [table[name].drop_null().to_numpy() for table in tables]
        exact = stats.ks_2samp(*values, method="asymp").statistic, stats.wasserstein_distance(*values)
        assert exact[0] == pytest.approx(seen(found["ks", name]), abs=1e-9)
        assert exact[1] == pytest.approx(values_of(found["wasserstein", name])["value"], rel=1e-9)


def test_psi_bins_are_the_deciles_of_the_reference() -> None:
    reference, current = sides("normal", 0.1)
    edges = np.quantile(reference, np.arange(1, 10) / 10)

    found = values_of(drift({"x": reference}, {"x": current})["psi", "x"])

    for side, values in (("reference", reference), ("current", current)):
        expected = np.bincount(np.searchsorted(edges, values), minlength=10) / len(values)
        counted = np.array([found[f"{side}.{place}"] for place in range(10)]) / len(values)
        assert expected.tolist() == pytest.approx(counted.tolist(), abs=0.002)


def test_names_lie_apart_alike_in_whatever_order_they_come() -> None:
    one = {f"name {place}": place + 1 for place in range(300)}
    other = {f"name {place}": 3 * place % 271 + 1 for place in range(40, 340)}

    program = f"from harness_drift import categories as c; print(c.total_variation({one}, {other}))"

    found = {
        subprocess.check_output(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2", "3", "4")
    }

    assert 1 == len(found)


def test_categories_are_compared_by_name() -> None:
    chance = np.random.default_rng(2)
    reference, current = chance.choice(list("abcd"), 5000, p=[0.4, 0.3, 0.2, 0.1]), chance.choice(list("abce"), 4000)
    shares = [np.array([(side == name).mean() for name in "abcde"]) for side in (reference, current)]

    found = drift({"c": reference}, {"c": current})

    counts = values_of(found["js", "c"])
    binned = [[counts.get(f"{side}.{place}", 0) for place in range(5)] for side in ("reference", "current")]
    assert jensenshannon(*shares, base=2) == pytest.approx(jensenshannon(*binned, base=2), 1e-12)
    assert np.abs(shares[0] - shares[1]).sum() / 2 == pytest.approx(values_of(found["total_variation", "c"])["value"])
    table = [[(side == name).sum() for name in "abcde"] for side in (reference, current)]
    assert stats.chi2_contingency(table).statistic == pytest.approx(values_of(found["chi_square", "c"])["value"])
    assert {"k": (current == "e").sum(), "n": 4000} == values_of(found["new_categories", "c"])
    assert {"new": "e"} == found["new_categories", "c"].evidence


def test_every_kind_of_column_is_compared() -> None:
    chance = np.random.default_rng(0)
    rows = {
        "flag": chance.random(500) < 0.5,
        "at": pa.array(chance.integers(0, 10**12, 500), pa.timestamp("us")),
        "n": chance.integers(0, 9, 500),
    }

    found = drift(rows, rows)

    assert {("psi", "flag"), ("ks", "at"), ("wasserstein", "n"), ("missing", "at")} <= set(found)
    assert "seconds" == found["wasserstein", "at"].evidence["unit"]
    assert 0 == values_of(found["wasserstein", "at"])["value"] == seen(found["ks", "n"])


def test_missing_is_the_shift_of_the_missing_rate() -> None:
    reference, current = [1.0, 2.0, None, 4.0], [1.0, math.nan, None]

    found = drift({"x": pa.array(reference)}, {"x": pa.array(current)})["missing", "x"]

    assert ("gap", {"k": 2, "n": 3, "k_ref": 1, "n_ref": 4}) == (found.sample.statistic, found.sample.counts)


@pytest.mark.shared
def test_missing_values_of_public_data_are_the_published_ones(shared: Path) -> None:
    folder = shared / "data" / "validation_titanic"
    paths = [folder / f"titanic_{part}.csv.gz" for part in ("reference", "analysis")]
    names = ["Age", "Cabin", "Embarked"]
    reference, current = (duckdb.sql(f"SELECT {', '.join(names)} FROM '{path}'").to_arrow_table() for path in paths)

    found = drift(reference, current)

    assert [177, 687, 2] == [values_of(found["missing", name])["k_ref"] for name in names]


def test_a_saved_profile_stands_for_its_table(tmp_path: Path) -> None:
    reference, current = sides("lognormal", 0.1)
    save_profile(dataset({"x": reference}).profile(), tmp_path / "train.profile")
    whole = drift({"x": reference}, {"x": current})

    found = measure(columns, {"x": current}, reference=opened(tmp_path / "train.profile"))

    by_metric = {each.metric: each for each in found}
    within = float(by_metric["ks"].evidence["within"])
    assert seen(whole["ks", "x"]) == pytest.approx(seen(by_metric["ks"]), abs=within)
    exact = stats.wasserstein_distance(reference, current)
    assert exact == pytest.approx(values_of(by_metric["wasserstein"])["value"], rel=0.05)


def opened(path: Path) -> Any:
    return pa.parquet.read_table(path)


def test_text_of_which_each_is_its_own_is_compared_by_length() -> None:
    reference = {"c": [f"customer {number}" for number in range(60_000)]}

    found = drift(reference, {"c": [text + "0" for text in reference["c"]]})

    assert {"column": "c", "of": "length"} == found["wasserstein", "c"].labels
    assert 1.0 == pytest.approx(values_of(found["wasserstein", "c"])["value"])


def test_one_value_on_both_sides_has_not_moved() -> None:
    found = drift({"x": [5.0] * 9}, {"x": [5.0] * 7})

    message = {metric: (each.sample.statistic, each.sample.counts.get("value")) for (metric, _), each in found.items()}
    assert ("exact", 0.0) == message["psi"] == message["js"] == message["ks"]


def test_rows_that_belong_together_give_points() -> None:
    rows = {"x": np.arange(50.0), "terminal": np.arange(50) % 5}

    found = measure(
        columns, target=FakeTarget(rows=rows, cluster="terminal", datasets={"before": rows}), reference="before"
    )

    assert {"point"} == {each.sample.statistic for each in found}
    assert {"x"} == {each.labels["column"] for each in found}


def test_columns_that_play_a_role_are_left_out() -> None:
    rows = {"id": [1, 2, 3], "label": [0, 1, 0], "x": [1.0, 2.0, 3.0]}

    found = drift({"x": [1.0, 2.0]}, rows)

    assert {"x"} == {column for _, column in found}


@pytest.mark.parametrize(
    ("reference", "current", "words"),
    [
        (["a"], [1.0], "column 'x' is text in the reference table and number in the current one; convert one"),
        (pa.array([None], pa.float64()), [1.0], "'x' has no value in any of the 1 rows of the reference table"),
        ([1.0], pa.array([None], pa.string()), "'x' has no value in any of the 1 rows of the current table"),
        ([1.0, 2.0], [1.0, math.inf], "'x' holds 1 infinite values, from which nothing has a distance; repair them"),
        ([-math.inf], [1.0, 2.0], "'x' holds 1 infinite values"),
    ],
)
def test_a_column_that_cannot_be_compared_says_why_and_the_others_are_measured(
    reference: Any, current: Any, words: str
) -> None:
    fine = {"y": [1.0, 2.0, 3.0]}

    found = drift({"x": reference, "y": fine["y"][: len(reference)]}, {"x": current, "y": fine["y"][: len(current)]})

    assert all(words in each.failure for (metric, name), each in found.items() if name == "x" and metric != "missing")
    assert not found["missing", "x"].failure
    assert {"psi", "js"} <= {metric for metric, name in found if name == "x"}
    assert {""} == {each.failure for (_, name), each in found.items() if name == "y"}


def test_columns_of_one_side_only_say_so_for_every_metric() -> None:
    found = drift({"x": [1.0, 2.0], "y": ["a", "b"]}, {"x": [1.0, 2.0], "z": [1.0, 2.0]})

    assert "column 'y' is only in 'reference'" in found["psi", "y"].failure
    assert "column 'z' is only in 'data'" in found["missing", "z"].failure
    assert "" == found["psi", "x"].failure
    assert set(DISTANCES) == {metric for metric, name in found if name == "y"}


def test_new_values_beside_a_constant_are_seen() -> None:
    found = drift({"x": [5.0] * 100, "y": [0.0] * 60 + [1.0, 2.0] * 20}, {"x": [3.0] * 50, "y": [-1.0] * 50})

    for name in "xy":
        assert "psi" == found["psi", name].sample.statistic
    assert {"reference.0": 0, "reference.1": 100, "current.0": 50, "current.1": 0} == values_of(found["psi", "x"])
    assert 50 == values_of(found["psi", "y"])["current.0"]
    assert 0 == values_of(found["psi", "y"])["reference.0"]


@pytest.mark.parametrize(
    ("reference", "current", "params", "words"),
    [
        ({"y": [1.0]}, {"z": [1.0]}, {}, "no column in common to compare: y in 'reference', z in 'data'"),
        ({"x": [1.0]}, {"x": [1.0]}, {"columns": ["z"]}, "dataset 'reference' .* has no column 'z'"),
        ({"x": [1.0]}, {"x": [1.0]}, {"columns": []}, "should have at least 1 item"),
        ({"x": [[1]]}, {"x": [[1]]}, {"columns": ["x"]}, r"column 'x' is BIGINT\[\] and cannot be profiled"),
    ],
)
def test_what_cannot_be_compared_is_refused(reference: Any, current: Any, params: dict[str, Any], words: str) -> None:
    with pytest.raises((HarnessError, UsageError), match=words):
        drift(reference, current, **params)


def frequent(n: int, share: float, seed: int) -> Values:
    """Texts of which two are frequent, and the rest are nearly each their own."""
    chance = np.random.default_rng(seed)
    draw = chance.random(n)
    others = np.char.add("id", chance.integers(0, 10**9, n).astype(str))
    return np.where(draw < share, "web", np.where(draw < 0.6, "pos", others))


@pytest.mark.parametrize("share", [0.3, 0.4])
def test_frequent_ones_of_more_categories_than_are_counted_are_compared_within_a_bound(share: float) -> None:
    reference, current = frequent(300_000, 0.3, 1), frequent(200_000, share, 2)
    shares = [[(side == "web").mean(), (side == "pos").mean()] for side in (reference, current)]
    p, q = (np.array([*side, 1 - sum(side)]) for side in shares)

    measured = measure(columns, {"c": current}, reference={"c": reference})

    found = {each.metric: each for each in measured if each.labels == {"column": "c"}}
    exact = {"psi": float((p - q) @ np.log(p / q)), "js": float(jensenshannon(p, q, base=2))}
    for metric, value in exact.items():
        counts = values_of(found[metric])
        sides = [[counts[f"{side}.{place}"] for place in range(3)] for side in ("reference", "current")]
        assert value == pytest.approx(PLAIN[metric](*sides), abs=counts["within"] + 1e-5)
        assert counts["within"] < 0.02
    assert "more than 50,000 different texts" in found["new_categories"].failure
    assert {"column": "c", "of": "length"} in [each.labels for each in measured if each.metric == "wasserstein"]


def test_prediction_compares_the_scores_alone() -> None:
    rows = {"id": [1, 2, 3], "score": [0.1, 0.5, 0.9], "x": [1.0, 2.0, 3.0]}

    found = measure(prediction, rows, reference={"score": [0.2, 0.4]})

    assert {"score"} == {each.labels["column"] for each in found}
    assert {"psi", "js", "ks", "wasserstein", "missing"} == {each.metric for each in found}


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.decimal128(38)])
def test_whole_numbers_that_doubles_cannot_tell_apart_are_no_equal_columns(kind: pa.DataType) -> None:
    here, there = ([2**62, *(2**61 + at + shift for at in range(199))] for shift in (0, 260))

    small = range(200)

    found = drift({"n": pa.array(here, kind), "x": small}, {"n": pa.array(there, kind), "x": small})

    assert "398 of 400 values beyond 2^53 may only seem to equal" in found["psi", "n"].failure
    assert "" == found["psi", "x"].failure


def test_ids_spread_over_all_64_bits_are_measured() -> None:
    chance = np.random.default_rng(3)
    here, there = ({"n": chance.integers(2**55, 2**63 - 1, 400)} for _ in range(2))

    found = drift(here, there)

    assert "" == found["psi", "n"].failure
