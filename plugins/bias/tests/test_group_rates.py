"""Rates of groups are the counts by hand, and what cannot be compared is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from harness_bias import group_rates

from harness import HarnessError, Measurement, UsageError
from harness.testing import FakeTarget, measure

Found = Mapping[tuple[str, str], Measurement]
# tn, fp, fn, tp of two groups: ProPublica's published counts of COMPAS
COMPAS = {"Black": (990, 805, 532, 1369), "White": (1139, 349, 461, 505)}
CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


def compas() -> dict[str, Any]:
    rows = [
        (race, *cell)
        for race, counts in COMPAS.items()
        for cell, n in zip(CELLS, counts, strict=True)
        for _ in range(n)
    ]
    race, label, decision = zip(*rows, strict=True)
    return {"race": race, "label": label, "decision": decision}


def rates(rows: Any, **params: Any) -> Found:
    found = measure(group_rates, rows, **params)
    return {(each.metric, "/".join(each.labels.values())): each for each in found}


def share(found: Measurement) -> float:
    return found.sample.counts["k"] / found.sample.counts["n"]


def compared(found: Measurement) -> float:
    """Return a ratio or gap from its four counts."""
    counts = found.sample.counts
    own, other = counts["k"] / counts["n"], counts["k_ref"] / counts["n_ref"]
    return own / other if found.sample.statistic == "ratio" else own - other


def test_rates_are_the_published_ones() -> None:
    found = rates(compas(), groups=["race"], reference="White")

    assert (0.4485, 0.2799) == (round(share(found["fpr", "Black"]), 4), round(share(found["fnr", "Black"]), 4))
    assert (0.2345, 0.4772) == (round(share(found["fpr", "White"]), 4), round(share(found["fnr", "White"]), 4))
    assert 0.2139 == round(compared(found["fpr_gap", "Black"]), 4)
    assert 0.5230 == round(1 / compared(found["fpr_ratio", "Black"]), 4)


def test_every_rate_is_the_count_by_hand() -> None:
    found = rates(compas(), groups=["race"], reference="White")

    tn, fp, fn, tp = COMPAS["Black"]
    by_hand = {
        "selection_rate": (fp + tp, tn + fp + fn + tp),
        "tpr": (tp, tp + fn),
        "fpr": (fp, fp + tn),
        "fnr": (fn, tp + fn),
        "precision": (tp, tp + fp),
    }
    assert by_hand == {
        name: (int(found[name, "Black"].sample.counts["k"]), int(found[name, "Black"].sample.counts["n"]))
        for name in by_hand
    }


def test_the_reference_is_not_compared_with_itself() -> None:
    found = rates(compas(), groups=["race"], reference="White")

    assert {"Black"} == {group for metric, group in found if metric.endswith(("_ratio", "_gap"))}
    assert {"race"} == {name for each in found.values() for name in each.labels}


def test_equalized_odds_are_the_larger_gap_of_both_rates() -> None:
    found = rates(compas(), groups=["race"], reference="White")

    counts = found["equalized_odds", "Black"].sample.counts
    assert (1369, 1901, 805, 1795) == tuple(counts[name] for name in ("tpr.k", "tpr.n", "fpr.k", "fpr.n"))
    assert (505, 966, 349, 1488) == tuple(counts[f"{name}_ref"] for name in ("tpr.k", "tpr.n", "fpr.k", "fpr.n"))
    assert "odds" == found["equalized_odds", "Black"].sample.statistic


def test_odds_of_rows_that_belong_together_keep_both_labels() -> None:
    rows = {**compas(), "agency": np.arange(6150) % 60}

    found = rates_of(FakeTarget(rows=rows, cluster="agency"), groups=["race"], reference="White")

    sample = found["equalized_odds", "Black"].sample.rows
    assert sample is not None
    y, label, inside = (sample[name].to_numpy() for name in ("y", "score", "reference"))
    assert 1369 / 1901 == pytest.approx(y[(label == 1) & (inside == 0)].mean())
    assert 349 / 1488 == pytest.approx(y[(label == 0) & (inside == 1)].mean())


def test_calibration_is_of_each_groups_own_rows() -> None:
    chance = np.random.default_rng(0)
    score = chance.random(2000)
    group = np.where(np.arange(2000) % 4 == 0, "a", "b")
    label = (chance.random(2000) < np.where(group == "a", score**2, score)).astype(int)
    table = {"g": group, "score": score, "label": label, "decision": (score > 0.5).astype(int)}

    found = rates(table, groups=["g"], reference="b", rates=["calibration"])

    assert {("calibration", "a"), ("calibration", "b")} == set(found)
    for each in ("a", "b"):
        rows = found["calibration", each].sample.rows
        assert rows is not None
        assert sorted(score[group == each].tolist()) == sorted(rows["score"].to_pylist())


def test_calibration_needs_a_score() -> None:
    with pytest.raises(UsageError, match="declares no 'score' column"):
        rates(compas(), groups=["race"], reference="White", rates=["calibration"])


def test_without_labels_only_who_is_selected_is_measured() -> None:
    rows = compas()
    del rows["label"]

    found = rates(rows, groups=["race"], reference="White")

    assert {"selection_rate", "selection_rate_ratio", "selection_rate_gap"} == {metric for metric, _ in found}


def test_intersections_are_groups_of_their_own() -> None:
    rows = {"sex": ["f", "m"] * 4, "race": ["a", "a", "b", "b"] * 2, "decision": [1, 0, 1, 1, 0, 0, 1, 1]}

    found = rates(rows, groups=["sex", "race"], reference={"sex": "m", "race": "a"}, intersections=True)

    assert 1.0 == share(found["selection_rate", "f/b"])
    assert 1.0 == compared(found["selection_rate_gap", "f/b"])
    assert {"sex", "race"} == set(found["selection_rate", "f/b"].labels)
    assert ("selection_rate_gap", "m/a") not in found


def test_rows_without_a_group_are_a_group_of_their_own() -> None:
    found = rates({"sex": ["f", None, "m", None], "decision": [1, 1, 0, 0]}, groups=["sex"], reference="m")

    assert 0.5 == share(found["selection_rate", "(missing)"])


def test_groups_of_numbers_are_told_apart_by_their_words() -> None:
    found = rates({"x": [0.0, -0.0, 1.5, 1.5], "decision": [1, 0, 1, 0]}, groups=["x"], reference="1.5")

    assert {"0.0": 1.0, "-0.0": 0.0, "1.5": 0.5} == {
        group: share(each) for (metric, group), each in found.items() if metric == "selection_rate"
    }


def test_a_group_that_is_called_missing_is_one_with_the_rows_without_a_group() -> None:
    found = rates({"sex": ["(missing)", None, "m"], "decision": [1, 0, 0]}, groups=["sex"], reference="m")

    assert 2 == found["selection_rate", "(missing)"].sample.counts["n"]


def test_rows_that_belong_together_are_kept_with_their_clusters() -> None:
    rows = {**compas(), "agency": np.arange(6150) % 60}

    found = rates_of(FakeTarget(rows=rows, cluster="agency"), groups=["race"], reference="White")

    sample = found["fpr_ratio", "Black"].sample
    assert sample.rows is not None
    assert {"y", "reference", "cluster.agency"} == set(sample.rows.column_names)
    before = sample.rows["reference"].to_numpy() == 1
    y = sample.rows["y"].to_numpy()
    assert (805 / 1795, 349 / 1488) == pytest.approx((y[~before].mean(), y[before].mean()))


def rates_of(target: FakeTarget, **params: Any) -> Found:
    found = measure(group_rates, target=target, **params)
    return {(each.metric, "/".join(each.labels.values())): each for each in found}


@pytest.mark.shared
def test_income_by_sex_is_as_published(shared: Path) -> None:
    path = shared / "data" / "bias_adult" / "adult.parquet"
    rows = duckdb.sql(f"SELECT sex, starts_with(income, '>50K')::INT AS decision FROM '{path}'").to_arrow_table()

    by_sex = rates(rows, groups=["sex"], reference="Male")

    assert -0.194516 == pytest.approx(compared(by_sex["selection_rate_gap", "Female"]), abs=5e-7)
    assert 0.359655 == pytest.approx(compared(by_sex["selection_rate_ratio", "Female"]), abs=5e-7)


@pytest.mark.shared
def test_income_of_whites_and_all_others_is_as_published(shared: Path) -> None:
    path = shared / "data" / "bias_adult" / "adult.parquet"
    race = "CASE WHEN race = 'White' THEN 'White' ELSE 'other' END AS race"
    rows = duckdb.sql(f"SELECT {race}, starts_with(income, '>50K')::INT AS decision FROM '{path}'").to_arrow_table()

    found = rates(rows, groups=["race"], reference="White")

    assert -0.101445 == pytest.approx(compared(found["selection_rate_gap", "other"]), abs=5e-7)
    assert 0.600592 == pytest.approx(compared(found["selection_rate_ratio", "other"]), abs=5e-7)


@pytest.mark.shared
def test_credit_by_age_is_as_published(shared: Path) -> None:
    path = shared / "data" / "bias_german" / "german_credit.csv.gz"
    band = "CASE WHEN age <= 25 THEN 'young' ELSE 'older' END AS age_band"
    rows = duckdb.sql(f"SELECT {band}, \"default\" AS decision FROM '{path}'").to_arrow_table()

    found = rates(rows, groups=["age_band"], reference="older")

    assert (42.1, 27.2) == tuple(round(100 * share(found["selection_rate", each]), 1) for each in ("young", "older"))


@pytest.mark.parametrize(
    ("rows", "params", "words"),
    [
        ({"g": ["a"], "decision": [1]}, {"groups": ["h"], "reference": "a"}, "has no column 'h'; there is decision, g"),
        ({"g": ["a"], "decision": [1]}, {"groups": ["g"], "reference": "b"}, "'g' has no group 'b'; it has a"),
        ({"g": ["a"], "x": [1]}, {"groups": ["g"], "reference": "a"}, "declares no 'decision' column"),
        ({"g": ["a"], "decision": [3]}, {"groups": ["g"], "reference": "a"}, "must hold 0 and 1; found 3.0; name"),
        ({"g": ["a"], "decision": [1]}, {"groups": [], "reference": "a"}, "should have at least 1 item"),
        (
            {"g": list(range(60)), "decision": [1] * 60},
            {"groups": ["g"], "reference": "1"},
            "'g' has more than 50 groups, .* make bands of it",
        ),
        (
            {"g": ["a"], "h": ["b"], "decision": [1]},
            {"groups": ["g", "h"], "reference": "a"},
            "one reference group for each column; .* write `reference: {g: GROUP, h: GROUP}`",
        ),
        (
            {"g": ["a", "b"], "h": ["c", "d"], "decision": [1, 0]},
            {"groups": ["g", "h"], "reference": {"g": "a", "h": "d"}, "intersections": True},
            "no row is of the reference group g: a, h: d",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(rows: Any, params: dict[str, Any], words: str) -> None:
    with pytest.raises((HarnessError, UsageError), match=words):
        rates(pa.table(rows), **params)


def test_a_group_without_rows_to_take_a_rate_from_says_which() -> None:
    rows = {"sex": ["f", "f", "m", "m"], "label": [1, 1, 0, 1], "decision": [1, 0, 1, 0]}

    found = rates(rows, groups=["sex"], reference="m", rates=["tpr", "fpr"])

    message = "no row of sex: f has label 0, so it has no fpr"
    assert [True] * 3 == [message in found[name, "f"].failure for name in ("fpr", "fpr_ratio", "fpr_gap")]
    assert ["", "", ""] == [found[name, "f"].failure for name in ("tpr", "tpr_ratio", "tpr_gap")]
