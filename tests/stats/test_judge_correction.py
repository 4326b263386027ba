"""Means that a judge saw and people checked: against ppi_py, and by seeded simulation."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from harness import samples
from harness.errors import HarnessError
from harness.stats import infer, n_needed
from harness.stats.design_variance import Influence, spread
from harness.stats.effective import student
from harness.stats.judge_correction import Checked, ppi
from harness.values.samples import Sample

ELSEWHERE = {"tp": 38, "positives": 40, "tn": 36, "negatives": 40}


def test_rows_and_their_counts_say_the_same_by_labels_from_elsewhere():
    scores = pa.table({"id": range(100), "score": [1.0] * 80 + [0.0] * 20})

    of_rows = infer(samples.rows.judge_correction(scores, elsewhere=ELSEWHERE))

    of_counts = infer(samples.judge_correction(k=80, n=100, **ELSEWHERE))
    assert of_counts.value == of_rows.value
    assert of_counts.bounds(0.05) == of_rows.bounds(0.05)


def test_rows_in_clusters_are_worth_less_by_labels_from_elsewhere():
    columns = {"id": range(100), "score": [1.0] * 80 + [0.0] * 20}
    alone, together = (
        infer(samples.rows.judge_correction(pa.table(table), elsewhere=ELSEWHERE))
        for table in (columns, {**columns, "cluster.document": [at // 5 for at in range(100)]})
    )

    assert together.value == pytest.approx(alone.value)
    assert together.bounds(0.05)[0] < alone.bounds(0.05)[0] - 0.02


def test_labels_from_elsewhere_compare_no_two_candidates():
    sample = samples.rows.judge_correction(pa.table({"id": [1, 2], "score": [1.0, 0.0]}), elsewhere=ELSEWHERE)

    with pytest.raises(HarnessError, match="labels from elsewhere, so have people label"):
        infer(sample, sample)


def case():
    """Return 200 checked rows (truth, judge) and 2,000 unchecked ones, as ppi_py was given them."""
    rng = np.random.default_rng(0)
    truth = (rng.random(200) < 0.8).astype(float)
    judge = np.where(truth == 1, rng.random(200) < 0.95, rng.random(200) < 0.25).astype(float)
    hidden = rng.random(2000) < 0.8
    return truth, judge, np.where(hidden, rng.random(2000) < 0.95, rng.random(2000) < 0.25).astype(float)


def wald(weight):
    truth, judge, others = case()
    rows = Checked(
        score=np.r_[judge, others], human=np.r_[truth, np.zeros(2000)], looked=np.r_[np.ones(200), np.zeros(2000)]
    )
    value, parts = ppi(rows, weight)
    reach = norm.ppf(0.975) * math.sqrt(sum(float(part.values @ part.values) for part in parts))
    return value, value - reach, value + reach


def rows(human, judge, others, **columns):
    y = pa.array([*human, *[None] * len(others)], pa.float64())
    score = np.r_[judge, others]
    return samples.rows.judge_correction(pa.table({"id": np.arange(len(y)), "y": y, "score": score, **columns}))


# ppi_py 0.2.3, ppi_mean_ci
def test_full_weight_is_that_of_ppi_py():
    assert wald(1.0)[1:] == pytest.approx((0.73165455, 0.82134545), abs=1e-8)


def test_chosen_weight_is_that_of_ppi_py():
    assert wald(None) == pytest.approx((0.76847477, 0.72619396, 0.81075558), abs=1e-6)


def test_a_judge_who_knows_nothing_leaves_what_people_said():
    truth = np.repeat([0.0, 1.0], [20, 80])
    blind = np.full(100, 0.5)

    seen = infer(rows(truth, blind, np.full(1000, 0.5)))

    assert seen.value == pytest.approx(0.8)
    assert 95 <= seen.n_eff <= 100


def test_a_good_judge_is_worth_labels():
    truth, judge, others = case()

    assert infer(rows(truth, judge, others)).n_eff > 1.4 * 200


def test_a_correction_beyond_all_is_cut_and_keeps_its_uncertainty():
    human = np.r_[np.ones(59), 0.9]

    seen = infer(rows(human, np.r_[np.full(59, 0.9), 0.0], np.full(500, 0.99)))
    lower, upper = seen.bounds(0.05)

    assert (seen.value, upper) == (1, 1)
    assert 0.8 < lower < 0.999
    assert n_needed(seen, 0.8, 0.9) is not None


def test_all_rows_checked_are_a_mean_of_people():
    truth = np.repeat([0.0, 1.0], [20, 80])

    assert infer(rows(truth, truth, [])).value == pytest.approx(0.8)


@given(seed=st.integers(0, 40))
def test_bounds_are_ordered_and_do_not_depend_on_row_order(seed):
    rng = np.random.default_rng(seed)
    sample = rows(rng.integers(0, 2, 40), rng.random(40), rng.random(60), **{"cluster.doc": np.arange(100) % 17})
    shuffled = samples.rows.judge_correction(sample.rows.take(rng.permutation(100)))

    seen = infer(sample)
    lower, upper = seen.bounds(0.05)

    assert 0 <= lower <= seen.value <= upper <= 1
    assert infer(shuffled).bounds(0.05) == pytest.approx((lower, upper))


def test_a_system_does_not_differ_from_itself_much_and_a_difference_is_mirrored():
    truth, judge, others = case()
    one, other = rows(truth, judge, others), rows(1 - truth, judge, 1 - others)

    seen, mirrored = infer(one, other), infer(other, one)

    assert seen.value == pytest.approx(infer(one).value - infer(other).value)
    assert seen.bounds(0.05) == pytest.approx(tuple(-bound for bound in reversed(mirrored.bounds(0.05))))


def test_a_judge_known_to_be_perfect_leaves_the_exact_bounds_of_what_it_passed():
    exact = infer(samples.proportion(k=80, n=100)).bounds(0.05)

    assert exact == pytest.approx(infer(counted(80, 100, 1e9, 1e9, 1e9, 1e9)).bounds(0.05), abs=1e-4)


def counted(k, n, tp, positives, tn, negatives):
    return samples.judge_correction(k=k, n=n, tp=tp, positives=positives, tn=tn, negatives=negatives)


@pytest.mark.parametrize("truth", [0.6, 0.9])
@pytest.mark.parametrize(("good", "bad"), [(240, 160), (50, 50), (95, 5)])
@pytest.mark.parametrize(("sensitive", "specific"), [(0.97, 0.55), (0.9, 1.0)])
def test_a_judge_measured_elsewhere_keeps_the_level(truth, good, bad, sensitive, specific):
    rng = np.random.default_rng(3)
    wrong = np.zeros(2)
    for _ in range(1500):
        k = rng.binomial(2000, sensitive * truth + (1 - specific) * (1 - truth))
        tp, tn = rng.binomial(good, sensitive), rng.binomial(bad, specific)
        if tp / good + tn / bad <= 1:
            continue
        seen = infer(counted(k, 2000, tp, good, tn, bad))
        lower, upper = seen.bounds(0.05)
        wrong += lower > truth, upper < truth

    assert max(wrong / 1500) <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 1500)


@given(k=st.integers(0, 50), tp=st.integers(16, 30), tn=st.integers(16, 30))
def test_bounds_of_a_judge_measured_elsewhere_are_ordered(k, tp, tn):
    seen = infer(counted(k, 50, tp, 30, tn, 30))
    lower, upper = seen.bounds(0.05)

    assert 0 <= lower <= seen.value <= upper <= 1


def test_a_judge_no_better_than_chance_is_refused():
    with pytest.raises(HarnessError, match="no better than chance"):
        infer(counted(5, 10, 5, 10, 5, 10))


def test_few_labels_are_refused():
    with pytest.raises(HarnessError, match="needs 30 rows or more with 'y' by a person; found 29 of 39"):
        infer(rows(np.ones(29), np.ones(29), np.ones(10)))


def test_scores_outside_0_and_1_are_refused():
    with pytest.raises(HarnessError, match="'score' must lie between 0 and 1; found 1 to 5"):
        infer(rows(np.ones(30), np.ones(30), np.full(9, 5.0)))


@pytest.mark.parametrize("found", [{}, {"k": 3, "n": 2}])
def test_counts_of_nothing_are_refused(found):
    with pytest.raises(HarnessError, match="takes rows, or counts k, n, tp, positives, tn, negatives"):
        infer(Sample(statistic="judge_correction", counts=found))


def test_each_side_s_weight_of_the_judge_costs_a_comparison_a_degree_of_freedom():
    rng = np.random.default_rng(2)
    human, judge = rng.random((2, 440)) < 0.8, rng.random((2, 440)) < 0.7
    looked = (np.arange(440) < 40) * 1.0
    sides = [Checked(score=judge[at] * 1.0, human=human[at] * looked, looked=looked) for at in (0, 1)]
    (_, ours), (_, theirs) = map(ppi, sides)
    minus = [Influence(values=-part.values, leverage=part.leverage) for part in theirs]
    plain = student(0.0, 440, spread([*ours, *minus], {}), method="").bounds(0.05)

    new, old = (rows(human[at, :40] * 1.0, judge[at, :40] * 1.0, judge[at, 40:] * 1.0) for at in (0, 1))
    lower, upper = infer(new, old).interval.one.bounds(0.05)

    assert upper - lower == pytest.approx(math.sqrt(39 / 37) * (plain[1] - plain[0]))


def lenient(rng, labels, n, good, caught):
    """Return labels of some rows and a judge who passes all good ones and fails that share of the bad."""
    truth = (rng.random(n) < good) * 1.0
    return truth[:labels], np.where(truth == 1, 1.0, rng.random(n) >= caught)


@pytest.mark.parametrize(("labels", "good", "caught"), [(50, 0.9, 0.9), (100, 0.95, 0.8), (200, 0.9, 0.75)])
def test_errors_of_a_judge_that_few_labels_show_do_not_pass_a_bad_system(labels, good, caught):
    rng = np.random.default_rng(4)
    passed = 0
    for _ in range(250):
        human, judge = lenient(rng, labels, 2000, good, caught)
        passed += infer(rows(human, judge[:labels], judge[labels:])).interval.p_at_most(good) < 0.05

    assert passed / 250 <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 250)


def test_a_judge_whom_no_label_contradicts_is_no_surer_than_the_rule_of_three():
    human = np.repeat([1.0, 0.0], [45, 5])

    seen = infer(rows(human, human, np.repeat([1.0, 0.0], [90_000, 10_000])))

    assert seen.value - seen.bounds(0.05)[0] == pytest.approx(-math.log(0.05) / 50, rel=0.01)


def test_labels_of_either_side_on_other_rows_count_apart():
    ids, human = np.arange(600), np.repeat([1.0, 0.0], [500, 100])[np.random.default_rng(0).permutation(600)]
    looked = [ids < 60, (ids >= 60) & (ids < 120)]

    new, old = (
        samples.rows.judge_correction(pa.table({"id": ids, "y": pa.array(human, mask=~of), "score": human}))
        for of in looked
    )
    lower, upper = infer(new, old).bounds(0.05)

    assert (-lower, upper) == pytest.approx((-math.log(0.05) / 60,) * 2, rel=0.15)
