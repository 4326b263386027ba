import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer

# 40 positives, 80 negatives; expected values by MLstatkit 0.1.91, Delong_test
ROWS = np.arange(120)
Y = (ROWS % 3 == 0) * 1
NEW, OLD = (ROWS * 37 % 101) / 101 + 0.25 * Y, (ROWS * 53 % 97) / 97 + 0.45 * Y


def rows(y, score, **columns):
    return samples.rows.auc(pa.table({"id": np.arange(len(y)), "y": y, "score": score, **columns}))


def z_and_p(new, old):
    seen = infer(rows(Y, new), rows(Y, old))
    z = seen.value / seen.interval.seen.se
    return z, 2 * norm.sf(abs(z))


def test_paired_difference_is_that_of_an_independent_delong():
    seen = infer(rows(Y, NEW), rows(Y, OLD))

    assert pytest.approx(seen.value, abs=1e-14) == (0.7396875 - 0.8459375)
    assert pytest.approx(seen.interval.seen.se**2, abs=1e-14) == 0.003062056252028561
    assert pytest.approx(z_and_p(NEW, OLD), abs=1e-12) == (-1.9200934068852518, 0.054846101950233865)


def test_paired_difference_with_ties_is_that_of_an_independent_delong():
    z = z_and_p(np.floor(NEW * 8), np.floor(OLD * 8))

    assert pytest.approx(z, abs=1e-12) == (-1.9349922898198362, 0.05299124183228415)


@st.composite
def scored(draw):
    y = [0, 0, 1, 1, *draw(st.lists(st.integers(0, 1), max_size=40))]
    return np.array(y), np.array(draw(st.lists(st.integers(0, 9), min_size=len(y), max_size=len(y))))


@given(case=scored())
def test_value_is_that_of_scikit_learn_and_lies_within_its_bounds(case):
    seen = infer(rows(*case))
    lower, upper = seen.bounds(0.05)

    assert seen.value == pytest.approx(roc_auc_score(*case))
    assert 0 <= lower <= seen.value <= upper <= 1


@given(case=scored(), seed=st.integers(0, 99))
def test_row_order_and_the_scale_of_the_score_do_not_matter(case, seed):
    y, score = case
    order = np.random.default_rng(seed).permutation(len(y))

    assert infer(rows(y, score)).bounds(0.05) == pytest.approx(infer(rows(y[order], np.exp(score)[order])).bounds(0.05))


@given(case=scored())
def test_turning_the_score_around_mirrors_the_bounds(case):
    y, score = case
    lower, upper = infer(rows(y, score)).bounds(0.05)

    assert infer(rows(y, -score)).bounds(0.05) == pytest.approx((1 - upper, 1 - lower))


def test_few_misranked_positives_count_as_one_observation_each_at_most():
    y = np.r_[np.ones(30), np.zeros(300)]
    score = np.r_[np.full(29, 2.0), 0.5, np.linspace(0, 1, 300)]

    assert infer(rows(y, score)).n_eff <= 30


def test_perfect_ranking_is_not_certain():
    y = np.r_[np.ones(30), np.zeros(300)]

    assert infer(rows(y, y)).bounds(0.05) == pytest.approx((0.05 ** (1 / 30), 1))


def test_equal_rankings_are_not_certain_to_be_equal():
    lower, upper = infer(rows(Y, NEW), rows(Y, NEW * 2)).bounds(0.05)

    assert lower < -0.01
    assert upper > 0.01


def test_clusters_of_one_row_each_are_delong():
    alone, each = infer(rows(Y, NEW)), infer(rows(Y, NEW, **{"cluster.card": ROWS}))

    assert alone.bounds(0.05) == pytest.approx(each.bounds(0.05))


def test_rows_repeated_within_a_cluster_add_nothing():
    g = np.repeat(ROWS, 4)

    often = infer(rows(Y[g], NEW[g], **{"cluster.card": g}))

    assert infer(rows(Y, NEW)).bounds(0.05) == pytest.approx(often.bounds(0.05))


def clusters_of_one_class():
    rng = np.random.default_rng(0)
    groups, y = np.repeat(np.arange(40), 6), np.repeat(np.arange(40) < 15, 6) * 1
    return y, y + rng.normal(size=40)[groups] + rng.normal(size=240), groups


def test_even_clusters_are_obuchowski():
    y, score, groups = clusters_of_one_class()
    wins = (score[y == 1][:, None] > score[y == 0]) - roc_auc_score(y, score)
    x, w = wins.mean(1).reshape(15, 6).sum(1) / 90, wins.mean(0).reshape(25, 6).sum(1) / 150
    obuchowski = 15 / 14 * (x**2).sum() + 25 / 24 * (w**2).sum()

    seen = infer(rows(y, score, **{"cluster.card": groups}))

    assert seen.value * (1 - seen.value) / obuchowski == pytest.approx(seen.n_eff)


def test_clusters_that_match_positives_with_negatives_are_worth_no_more_than_independent_rows():
    rng = np.random.default_rng(0)
    groups, y = np.repeat(np.arange(120), 2), np.tile([0, 1], 120)
    score = y + 3 * rng.normal(size=120)[groups] + rng.normal(size=240)

    assert infer(rows(y, score, **{"cluster.card": groups})).n_eff <= infer(rows(y, score)).n_eff


@pytest.mark.parametrize("y", [[1, 1, 1], [0, 0, 0], [1, 0, 0]])
def test_too_few_of_a_class_are_refused(y):
    with pytest.raises(HarnessError, match=rf"2 rows or more of each class; found {sum(y)} with y = 1"):
        infer(rows(y, [0.1, 0.2, 0.3]))


@pytest.mark.parametrize("bad", [math.nan, math.inf, None])
def test_scores_that_are_not_finite_are_refused(bad):
    with pytest.raises(HarnessError, match=r"'score' has 1 of 4 values missing, NaN or infinite"):
        infer(rows([1, 0, 1, 0], pa.array([0.3, 0.2, bad, 0.1])))


def test_a_class_within_one_cluster_is_refused():
    with pytest.raises(HarnessError, match="one cluster holds every row that counts"):
        infer(rows([1, 1, 0, 0], [1, 2, 3, 4], **{"cluster.card": [1, 1, 2, 3]}))


def test_labels_that_differ_between_the_sides_are_refused():
    with pytest.raises(HarnessError, match="found 120 of 120 rows that have another"):
        infer(rows(Y, NEW), rows(1 - Y, OLD))


def test_weights_are_refused():
    with pytest.raises(HarnessError, match="'auc' cannot take weights"):
        infer(rows(Y, NEW, weight=np.ones(120)))


@pytest.mark.parametrize(("positives", "share", "noise"), [(50, 0.02, 0.01), (100, 0.02, 0.1), (200, 0.01, 0.01)])
def test_positives_that_few_samples_show_lost_do_not_pass_a_worse_candidate(positives, share, noise):
    rng = np.random.default_rng(5)
    y = np.r_[np.ones(positives), np.zeros(500)]
    truth = (1 - share) * norm.cdf(2 / math.sqrt(2 + 2 * noise**2)) - norm.cdf(math.sqrt(2))
    passed = 0
    for _ in range(250):
        old = rng.normal(size=len(y)) + 2 * y
        lost = (rng.random(len(y)) < share) * y
        new = np.where(lost == 1, -50.0, old + noise * rng.normal(size=len(y)))
        passed += infer(rows(y, new), rows(y, old)).interval.p_at_most(truth) < 0.05

    assert passed / 250 <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 250)


def test_a_comparison_in_which_no_positive_was_lost_cannot_exclude_3_in_as_many_as_there_are():
    lower, upper = infer(rows(Y, NEW), rows(Y, NEW * 2)).bounds(0.05)

    assert max(lower, -upper) == pytest.approx(0.05 ** (1 / Y.sum()) - 1)
