"""F1, average precision, Brier score, calibration and share of value: values, bounds and what they refuse."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, bootstrap
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer, n_needed
from harness.values.samples import Sample

SCORED = ("average_precision", "f1", "brier", "calibration", "value_rate")
REFERENCE = {
    "average_precision": average_precision_score,
    "f1": f1_score,
    "brier": brier_score_loss,
    "value_rate": lambda y, value, sample_weight: np.average(y, weights=value * sample_weight),
}


def rows(statistic, y, score, **columns):
    table = pa.table({"id": np.arange(len(y)), "y": y, "score": score, **columns})
    return Sample(statistic=statistic, rows=table)


def scored(statistic, seed=0, n=300, **columns):
    rng = np.random.default_rng(seed)
    y = np.r_[np.ones(30), np.zeros(n - 30)]
    score = np.round(1 / (1 + np.exp(2 - 2 * y - rng.normal(size=n))), 2)
    return rows(statistic, y, (score > 0.5) * 1.0 if statistic == "f1" else score, **columns)


@pytest.mark.parametrize("statistic", REFERENCE)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_is_that_of_scikit_learn(statistic, weighted):
    weight = np.random.default_rng(1).gamma(2, 1, 300)
    sample = scored(statistic, **({"weight": weight} if weighted else {}))
    y, score = (sample.rows[name].to_numpy() for name in ("y", "score"))

    expected = REFERENCE[statistic](y, score, sample_weight=weight if weighted else np.ones(300))

    assert expected == pytest.approx(infer(sample).value)


def test_calibration_is_the_weighted_gap_in_15_bins():
    sample = scored("calibration")
    y, score = (sample.rows[name].to_numpy() for name in ("y", "score"))
    inside = [np.ceil(score * 15) == k + 1 for k in range(15)]

    expected = sum(abs((y - score)[held].sum()) for held in inside) / len(y)

    assert expected == pytest.approx(infer(sample).value)


@pytest.mark.parametrize("statistic", SCORED)
@given(seed=st.integers(0, 30), alpha=st.sampled_from([0.001, 0.025, 0.05, 0.3]))
def test_bounds_are_ordered_and_do_not_depend_on_row_order(statistic, seed, alpha):
    sample = scored(statistic, seed, **{"cluster.card": np.arange(300) % 40})
    shuffled = Sample(statistic=statistic, rows=sample.rows.take(np.random.default_rng(seed).permutation(300)))

    seen = infer(sample)
    lower, upper = seen.bounds(alpha)

    assert 0 <= lower <= seen.value <= upper <= 1
    assert infer(shuffled).bounds(alpha) == pytest.approx((lower, upper), rel=1e-9)


@pytest.mark.parametrize("statistic", SCORED)
def test_bounds_and_p_values_say_the_same(statistic):
    interval = infer(scored(statistic)).interval
    lower, upper = interval.bounds(0.03)

    assert interval.p_at_most(lower) == pytest.approx(0.03, abs=1e-4)
    assert interval.p_at_least(upper) == pytest.approx(0.03, abs=1e-4)


@pytest.mark.parametrize("statistic", SCORED)
def test_a_model_does_not_differ_from_itself_and_a_difference_is_mirrored(statistic):
    sample = scored(statistic)
    score = sample.rows["score"].to_numpy()
    changed = 1 - score if statistic == "f1" else np.round(score**2, 4)
    y = sample.rows["y"].to_numpy()
    other = rows(statistic, 1 - y, score) if statistic == "value_rate" else rows(statistic, y, changed)

    same, there, back = infer(sample, sample), infer(sample, other), infer(other, sample)

    assert same.value == 0
    assert same.bounds(0.05)[0] < 0 < same.bounds(0.05)[1]
    assert there.value == pytest.approx(infer(sample).value - infer(other).value)
    if statistic != "calibration":
        assert there.bounds(0.05) == pytest.approx(tuple(-bound for bound in reversed(back.bounds(0.05))))


@pytest.mark.parametrize("statistic", SCORED)
def test_clusters_widen_the_bounds(statistic):
    sample = scored(statistic)
    often = sample.rows.take(np.repeat(np.arange(300), 4)).drop_columns("id")
    grouped = often.append_column("cluster.card", pa.array(np.repeat(np.arange(300), 4)))

    alone, known, four = (infer(Sample(statistic=statistic, rows=each)) for each in (sample.rows, grouped, often))

    width = [np.ptp(each.bounds(0.05)) for each in (alone, known, four)]
    assert 0.8 * width[0] < width[1] < 1.05 * width[0]  # clusters have a second bound, which may be nearer
    assert width[2] < 0.7 * width[0]


def test_f1_of_independent_rows_is_exact():
    y, decision = np.repeat([1, 1, 0, 0], [30, 10, 20, 940]), np.repeat([1, 0, 1, 0], [30, 10, 20, 940])

    lower, upper = infer(rows("f1", y, decision)).bounds(0.05)

    share = np.array([beta.ppf(0.05, 30, 31), beta.ppf(0.95, 31, 30)])
    assert (lower, upper) == pytest.approx(tuple(2 * share / (1 + share)))


def test_average_precision_agrees_with_a_bca_bootstrap_where_positives_are_many():
    rng = np.random.default_rng(3)
    y = (rng.random(1500) < 0.3) * 1
    score = rng.normal(size=1500) + y
    message = bootstrap(
        (y, score),
        average_precision_score,
        paired=True,
        n_resamples=600,
        confidence_level=0.9,
        rng=rng,
        vectorized=False,
    ).confidence_interval

    assert infer(rows("average_precision", y, score)).bounds(0.05) == pytest.approx(
        (message.low, message.high), abs=0.012
    )


@pytest.mark.parametrize(("n", "share", "hard"), [(2000, 0.05, 2), (5000, 0.01, 2), (5000, 0.04, 1)])
def test_an_average_precision_counts_hard_negatives_that_few_samples_hold(n, share, hard):
    """One negative above all positives costs most of what is lost, and one sample in seven holds none."""
    rng = np.random.default_rng(7)

    def draw(size):
        y = rng.random(size) < share
        above = ~y & (rng.random(size) < hard / n)
        return y, np.where(above, 20.0, rng.normal(size=size) + 5 * y)

    truth = np.mean([average_precision_score(*draw(40 * n)) for _ in range(10)])

    passed = np.mean([infer(rows("average_precision", *draw(n))).bounds(0.05)[0] > truth for _ in range(100)])

    assert passed <= 0.1


@pytest.mark.parametrize("clustered", [False, True])
def test_a_ranking_without_an_error_is_bounded_by_its_positives_not_by_rounding(clustered):
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(200), np.ones(100)]
    columns = {"cluster.day": rng.integers(0, 150, len(y))} if clustered else {}
    found = infer(rows("average_precision", y, y + rng.random(len(y)), **columns))

    assert found.value == 1
    assert found.bounds(0.05)[0] > 0.7
    assert found.interval.p_at_most(0.6) < 0.05


def test_average_precision_of_few_positives_is_refused():
    with pytest.raises(HarnessError, match="needs 20 positives and 2 negatives or more; found 19 with y = 1"):
        infer(rows("average_precision", np.r_[np.ones(19), np.zeros(50)], np.arange(69.0)))


@pytest.mark.parametrize(("positives", "share"), [(50, 0.02), (100, 0.03)])
def test_an_average_precision_counts_positives_that_few_samples_show_lost(positives, share):
    rng = np.random.default_rng(6)
    y = np.r_[np.ones(positives), np.zeros(500)]
    truth = -share * (1 - y.mean())
    passed = 0
    for _ in range(250):
        lost = (rng.random(len(y)) < share) * y
        old = 10 * y + rng.normal(size=len(y))
        new = np.where(lost == 1, -50.0, old + 0.01 * rng.normal(size=len(y)))
        sides = (rows("average_precision", y, score) for score in (new, old))
        passed += infer(*sides).interval.p_at_most(truth) < 0.05

    assert passed / 250 <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 250)


@pytest.mark.parametrize("statistic", ["brier", "calibration"])
def test_scores_that_are_no_probabilities_are_refused(statistic):
    with pytest.raises(HarnessError, match="'score' lie between 0 and 1; found 2 and 0 more"):
        infer(rows(statistic, [1, 0, 1], [0.5, 2.0, 0.1]))


def test_an_f1_without_positives_or_of_scores_is_refused():
    with pytest.raises(HarnessError, match="needs a positive; found none in 2 rows"):
        infer(rows("f1", [0, 0], [1, 0]))
    with pytest.raises(HarnessError, match="decisions 0 or 1 in 'score'; found 0.5"):
        infer(rows("f1", [1, 0], [0.5, 0]))


@pytest.mark.parametrize("value", [[0.0, 0.0], [1.0, -1.0]])
def test_values_below_zero_or_all_zero_are_refused(value):
    with pytest.raises(HarnessError, match="values in 'score' must be 0 or more and not all 0"):
        infer(rows("value_rate", [1, 0], value))


def test_perfect_calibration_of_few_rows_is_not_taken_for_bad():
    rng = np.random.default_rng(0)
    score = rng.random(200)

    seen = infer(rows("calibration", (rng.random(200) < score) * 1, score))

    assert seen.value > 0.05
    assert seen.bounds(0.05)[0] < 0.01


@pytest.mark.parametrize("statistic", SCORED)
def test_a_smaller_distance_needs_more_rows(statistic):
    seen = infer(scored(statistic))

    assert n_needed(seen, 0.5, 0.6) < n_needed(seen, 0.5, 0.55)


@pytest.mark.parametrize("n", [3, 20, 100, 298])
def test_a_sure_model_that_was_not_seen_to_err_may_still_err_as_often_as_the_rule_of_three_says(n):
    sure = samples.rows.calibration(pa.table({"y": np.ones(n), "score": np.ones(n)}))

    upper = infer(sure).bounds(0.05)[1]

    assert upper == pytest.approx(1 - 0.05 ** (1 / n))


def test_rare_outcomes_of_sparse_bins_widen_a_comparison_on_both_sides():
    ids, ones = np.arange(50), np.ones(50)
    new, old = (
        samples.rows.calibration(pa.table({"id": ids, "y": ones, "score": ones * score})) for score in (1.0, 0.95)
    )

    lower, upper = infer(new, old).bounds(0.05)

    hidden = 2 * (1 - 0.05 ** (1 / 50))
    assert (lower, upper) == pytest.approx((-0.05 - hidden, -0.05 + hidden))


def decisions(new, old, y):
    return rows("f1", y, new), rows("f1", y, old)


def test_a_difference_of_f1_is_that_of_both_values():
    rng = np.random.default_rng(5)
    y, new, old = (rng.integers(0, 2, 400) for _ in range(3))
    one, other = decisions(new, old, y)

    seen = infer(one, other)

    assert seen.value == pytest.approx(f1_score(y, new) - f1_score(y, old))
    assert seen.value == pytest.approx(infer(one).value - infer(other).value)


def test_hits_that_a_candidate_only_loses_pass_at_most_as_often_as_stated():
    rng, truth = np.random.default_rng(6), 2 * 0.9 * 0.96 / (1 + 0.9 * 0.96) - 2 * 0.9 / 1.9

    def lower():
        y = np.r_[np.ones(100), np.zeros(100)]
        old = y * (rng.random(200) < 0.9)
        return infer(*decisions(old * (rng.random(200) < 0.96), old, y)).bounds(0.05)[0]

    assert np.mean([lower() >= truth for _ in range(400)]) <= 0.05


def test_losing_no_hit_in_many_rows_shows_that_few_are_lost():
    y = np.r_[np.ones(300), np.zeros(300)]

    lower = infer(*decisions(y, y, y)).bounds(0.05)[0]

    unseen = 1 - 0.05 ** (1 / 300)
    assert -unseen / 2 > lower > -unseen
