import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from harness import samples
from harness.errors import HarnessError
from harness.stats import distances, exactly, infer, n_needed, pilot_needed
from harness.stats.binomial import Binomial
from harness.stats.inference import Inference
from harness.stats.share_plans import _power, binomial_tail
from harness.stats.student import Student


def seen(k=160, n=200):
    return infer(samples.proportion(k=k, n=n))


def chance(n, threshold, truth, alpha=0.05):
    """Enumerate every count and add up those whose bound clears the threshold."""
    k = np.arange(n + 1)
    if truth > threshold:
        passes = [Binomial(k=hits, n=n).bounds(alpha)[0] > threshold for hits in k]
    else:
        passes = [Binomial(k=hits, n=n).bounds(alpha)[1] < threshold for hits in k]
    return binom.pmf(k, n, truth)[passes].sum()


@pytest.mark.parametrize(
    ("threshold", "distance", "n"),
    [(0.8, 0.1, 141), (0.8, 0.05, 640), (0.8, 0.03, 1838), (0.9, 0.05, 298), (0.9, 0.03, 957), (0.95, 0.02, 1036)],
)
def test_floors_need_what_the_exact_search_found(threshold, distance, n):
    assert n == n_needed(seen(), threshold, threshold + distance)


@pytest.mark.parametrize(
    ("most", "none", "fifth"), [(0.05, 59, 181), (0.01, 299, 915), (0.005, 598, 1831), (0.001, 2995, 9177)]
)
def test_guardrails_need_the_rule_of_three_without_failures_and_more_with_a_fifth(most, none, fifth):
    assert none == n_needed(seen(), most, 0)
    assert fifth == n_needed(seen(), most, most / 5)


@pytest.mark.parametrize(("threshold", "truth"), [(0.8, 0.9), (0.9, 0.95), (0.3, 0.2), (0.05, 0.01)])
def test_the_asked_n_passes_a_good_truth_often_enough_and_no_larger_n_falls_far_short(threshold, truth):
    n = n_needed(seen(), threshold, truth)

    assert chance(n, threshold, truth) >= 0.95
    assert min(chance(larger, threshold, truth) for larger in range(n, n + 60)) >= 0.935
    assert chance(int(0.85 * n), threshold, truth) < 0.95


def test_smaller_risks_need_more():
    assert n_needed(seen(), 0.8, 0.85) < n_needed(seen(), 0.8, 0.85, beta=0.05 / 12) < 2 * 640
    assert n_needed(seen(), 0.8, 0.85) < n_needed(seen(), 0.8, 0.85, alpha=0.025)


@given(threshold=st.floats(0.05, 0.95), distance=st.floats(0.02, 0.3))
def test_floors_and_ceilings_mirror_each_other(threshold, distance):
    truth = min(threshold + distance, 0.999)

    assert n_needed(seen(), threshold, truth) == pytest.approx(n_needed(seen(), 1 - threshold, 1 - truth), rel=0.02)


def test_a_design_effect_multiplies_what_is_needed_with_a_reserve_as_it_is_estimated():
    y = np.random.default_rng(0).random(300) < 0.8
    g = np.repeat(np.arange(300), 5)
    grouped = infer(samples.rows.proportion(pa.table({"y": y[g], "cluster.user": g})))

    assert 1.02 * 5 * 640 < n_needed(grouped, 0.8, 0.85) < 1.15 * 5 * 640


def test_the_reserve_shrinks_as_more_clusters_are_seen():
    asked = {
        df: n_needed(replace(seen(), interval=Binomial(k=160, n=200, df=df, least=df)), 0.8, 0.85)
        for df in (20, 100, 1000, 100_000)
    }

    assert sorted(asked.values(), reverse=True) == list(asked.values())
    assert asked[100_000] == pytest.approx(640, rel=0.01)


def test_a_truth_at_the_threshold_is_never_decided():
    assert n_needed(seen(), 0.8, 0.8) is None


def test_no_n_reaches_a_perfect_floor_or_an_empty_ceiling():
    assert n_needed(seen(), 1.0, 1.0) is None
    assert n_needed(seen(), 0.0, 0.0) is None


@pytest.mark.parametrize(
    ("threshold", "truth"), [(1 - 1e-13, 1.0), (1e-300, 0.0), (0.8, 0.8 + 1e-9), (0.5, 0.5 - 1e-16)]
)
def test_no_n_is_asked_for_that_nobody_can_collect(threshold, truth):
    assert n_needed(seen(), threshold, truth) is None


@given(threshold=st.floats(0, 1), truth=st.floats(0, 1))
def test_every_share_has_an_n_or_none(threshold, truth):
    n = n_needed(seen(), threshold, truth)

    assert n is None or n >= 1


def test_one_observation_shows_that_a_floor_of_nothing_is_met():
    assert n_needed(seen(), 0.0, 1.0) == 1


def test_a_threshold_that_is_no_share_is_refused():
    with pytest.raises(HarnessError, match="between 0 and 1; found threshold 80"):
        n_needed(seen(), 80, 85)


def test_means_need_the_normal_formula_and_a_little_more_for_what_was_not_seen():
    y = np.random.default_rng(1).normal(50, 10, 400)
    deviation = y.std(ddof=1)
    message = infer(samples.rows.mean(pa.table({"y": y})))

    formula = (2 * 1.6449 * deviation / 2) ** 2
    assert formula < n_needed(message, 50, 52) < 1.25 * formula


def test_exact_and_point_need_nothing_more():
    assert n_needed(exactly(samples.proportion(k=1, n=2)), 0.8, 0.9) is None
    assert n_needed(infer(samples.point(value=1)), 0.8, 0.9) is None


def test_distances_lie_on_the_good_side_and_need_less_the_further_they_are():
    up, down = distances(seen(), 0.8, "higher"), distances(seen(), 0.01, "lower")

    assert [truth for truth, _ in up] == pytest.approx([0.85, 0.9, 0.95])
    assert [truth for truth, _ in down] == pytest.approx([0.0075, 0.005, 0.0025])
    assert [n for _, n in up] == sorted((n for _, n in up), reverse=True)


def test_distances_of_a_mean_are_in_its_unit():
    message = infer(samples.rows.mean(pa.table({"y": np.random.default_rng(2).normal(50, 10, 400)})))

    assert [truth for truth, _ in distances(message, 50, "lower")] == pytest.approx([49.5, 49, 48], abs=0.2)


@pytest.mark.parametrize("p", [1e-4, 0.01, 0.3, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("n", [1, 10, 1_000, 200_000])
def test_binomial_tail_is_that_of_scipy(n: int, p: float) -> None:
    k = np.unique(np.concatenate([[-1.0, 0, 1, n - 1, n, n + 1], np.floor(n * p + np.arange(-6, 7) * np.sqrt(n * p))]))

    found = binomial_tail(k, np.full(len(k), n), p)

    np.testing.assert_allclose(found, binom.cdf(k, n, p), rtol=0, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.3, 0.05, 1e-3, 1e-9])
@pytest.mark.parametrize("most", [1e-3, 0.1, 0.5, 0.98])
def test_as_many_misses_are_allowed_as_by_scipys_quantiles(most: float, alpha: float) -> None:
    n = np.unique(np.geomspace(10, 100_000, 300).astype(int))
    allowed = binom.ppf(alpha, n, most)
    allowed -= binom.cdf(allowed, n, most) > alpha

    np.testing.assert_allclose(_power(n, most, most / 3, alpha), binom.cdf(allowed, n, most / 3), atol=1e-12)


@pytest.mark.parametrize("rows", [20, 60])
def test_plans_by_t_keep_a_reserve_for_a_spread_that_few_rows_tell(rows):
    interval = Student(center=0.3, se=1 / math.sqrt(rows), df=rows - 1)
    seen = Inference(value=0.3, n=rows, n_eff=rows, method="t", interval=interval)

    least = ((norm.ppf(0.975) + norm.ppf(0.95)) / 0.3) ** 2
    needed = n_needed(seen, 0.0, 0.3, alpha=0.025)

    reserve = norm.ppf(0.95) * math.hypot(1, 0.3 * math.sqrt(needed) / math.sqrt(2 * (rows - 1)))
    assert 0.3 * math.sqrt(needed) == pytest.approx(norm.ppf(0.975) + reserve, rel=0.02)
    assert least < needed < 1.5 * least


def test_a_plan_for_a_mean_with_a_long_tail_on_the_side_of_the_bound_asks_for_more():
    plain, tail = (Student(center=2, se=0.1, df=400, skew=skew) for skew in (0.0, 0.2))
    seen = [Inference(value=2, n=100, n_eff=100, method="t", interval=each) for each in (plain, tail)]

    towards, away = ([n_needed(each, limit, 2.0) for each in seen] for limit in (2.3, 1.7))

    assert towards[0] < towards[1]
    assert away[0] > away[1]


@pytest.mark.parametrize(("limits", "value"), [(None, 0.0), ((-1, 1), 0.0), ((0, 10), 1.5), (None, 0.1)])
def test_clusters_that_are_all_alike_are_planned_for_as_if_others_lay_at_either_limit(limits, value):
    clusters = [f"c{number // 5}" for number in range(100)]
    rows = pa.table({"id": [str(n) for n in range(100)], "y": [value] * 100, "cluster.c": clusters})
    alike = infer(samples.rows.mean(rows, limits=limits))

    low, high = limits or (0, 1)
    threshold, truth = value + 0.2 * (high - low), value + 0.05 * (high - low)
    units = n_needed(alike, threshold, truth, alpha=0.025) / 5
    binomial = [(each - low) / (high - low) for each in (threshold, truth)]
    allowed = binom.ppf(0.025, round(units), binomial[0]) - 1

    assert binom.cdf(allowed, round(units), binomial[1]) >= 0.94
    assert units > 20


def test_rows_of_a_long_tail_plan_nothing_and_say_how_many_would():
    y = np.random.default_rng(3).lognormal(0, 1, 500)
    found = infer(samples.rows.mean(pa.table({"y": y})))

    pilot = pilot_needed(found, 0.35)

    assert n_needed(found, 2.0, 1.65) is None
    assert 1000 < pilot < 20_000


@pytest.mark.parametrize(("n", "pilot"), [(20, 50), (49, 50), (50, None)])
def test_rows_without_a_tail_plan_once_they_decide(n: int, pilot: int | None) -> None:
    y = np.random.default_rng(3).normal(1, 1, n)

    assert pilot == pilot_needed(infer(samples.rows.mean(pa.table({"y": y}))), 0.5)


def pairs_of(n, moved):
    """Return both sides of n rows, of which the first so many moved, in turns up and down."""
    new = np.ones(n)
    old = np.ones(n)
    new[0:moved:2], old[1:moved:2] = 0, 0
    return [samples.rows.proportion(pa.table({"id": np.arange(n), "y": y})) for y in (new, old)]


def test_rows_that_hardly_ever_differ_plan_nothing_until_more_do():
    few, enough = (infer(*pairs_of(n, moved)) for n, moved in ((20, 2), (500, 50)))

    assert n_needed(few, -0.04, 0.0) is None
    assert 20 < pilot_needed(few, 0.04) <= 400
    assert pilot_needed(enough, 0.04) is None
    assert n_needed(enough, -0.04, 0.0) > 500


def test_rows_that_never_differ_plan_where_many_more_could_hardly_matter():
    assert n_needed(infer(*pairs_of(1000, 0)), -0.1, 0.0) is not None
    assert n_needed(infer(*pairs_of(20, 0)), -0.02, 0.0) is None


def test_a_rank_is_planned_from_twenty_positives_on_and_with_a_reserve_for_their_number():
    rng = np.random.default_rng(4)

    def pairs(positives):
        y = np.r_[np.ones(positives), np.zeros(9 * positives)]
        sides = (rng.normal(size=len(y)) + 2 * y for _ in range(2))
        tables = (pa.table({"id": np.arange(len(y)), "y": y, "score": side}) for side in sides)
        return infer(*map(samples.rows.auc, tables))

    few, many = pairs(10), pairs(400)

    assert (None, 200) == (n_needed(few, -0.02, 0.0), pilot_needed(few, 0.02))
    even, endless = (replace(many.interval.seen, skew=0.0, groups=groups) for groups in (400, 1e12))
    shown = (replace(many, interval=replace(many.interval, seen=seen)) for seen in (even, endless))
    found, least = (n_needed(each, -0.02, 0.0) for each in shown)
    assert found == pytest.approx(1.1 * least, rel=1e-3)
    assert pilot_needed(many, 0.02) is None


def brier_pairs(rng):
    y = (rng.random(400) < 0.3) * 1
    scores = (0.3 + 0.1 * rng.choice([-1, 1], 400), np.full(400, 0.3))
    return [samples.rows.brier(pa.table({"id": np.arange(400), "y": y, "score": each})) for each in scores]


def same_ranking(rng):
    y = np.arange(400) % 4 == 0
    rows = pa.table({"id": np.arange(400), "y": y * 1, "score": rng.normal(size=400) + y})
    return [samples.rows.auc(rows)] * 2


@pytest.mark.parametrize("sides", [brier_pairs, same_ranking])
def test_a_difference_is_planned_in_steps_of_its_own_deviation_whatever_its_bounds(sides):
    seen = infer(*sides(np.random.default_rng(5)))
    lower, upper = seen.bounds(0.16)

    found = distances(seen, -0.01, "higher")

    truths, rows = zip(*found, strict=True)
    assert truths[0] - -0.01 == pytest.approx(0.05 * math.sqrt(400) * (upper - lower) / 2, rel=0.5)
    assert list(rows) == sorted(rows, reverse=True)


def test_a_truth_that_no_row_seen_reaches_is_planned_for_as_all_or_nothing():
    y = np.linspace(0.86, 0.95, 20)

    found = infer(samples.rows.mean(pa.table({"y": y})))

    assert n_needed(found, 0.8, 0.855) == n_needed(seen(), 0.8, 0.855)


def drift_of(rng, rows, reference=5000):
    """Return the inference of a KS distance between two samples of one distribution in ten bins."""
    sides = (rng.multinomial(n, np.full(10, 0.1)) for n in (reference, rows))
    earlier, now = ({str(bin): int(k) for bin, k in enumerate(side)} for side in sides)
    return infer(samples.ks(reference=earlier, current=now))


def test_a_plan_for_a_distance_leaves_room_for_what_noise_adds_to_nothing():
    rng = np.random.default_rng(6)
    needed = n_needed(drift_of(rng, 300), 0.1, 0.0, alpha=0.025)

    bounds = [drift_of(rng, needed).bounds(0.025)[1] for _ in range(200)]
    fewer = [drift_of(rng, needed // 2).bounds(0.025)[1] for _ in range(200)]

    assert np.mean(np.less(bounds, 0.1)) >= 0.935
    assert np.mean(np.less(fewer, 0.1)) < 0.95


def test_no_number_of_rows_shows_a_distance_that_the_reference_alone_may_have():
    assert n_needed(drift_of(np.random.default_rng(6), 300, reference=200), 0.05, 0.0) is None


def test_the_worst_of_groups_is_planned_so_that_all_of_them_pass():
    group = np.arange(300) % 3
    y = (np.random.default_rng(7).random(300) < 0.9) * 1
    found = infer(samples.rows.worst(pa.table({"y": y, "score": y, "group": group}), of="proportion", better="higher"))

    assert n_needed(found, 0.8, 0.9) == 3 * n_needed(seen(), 0.8, 0.9, beta=0.05 / 3)


def test_a_group_that_does_not_tell_its_spread_asks_for_more_rows_of_all():
    rng = np.random.default_rng(8)
    group = np.arange(300) % 3
    y = np.where(np.arange(300) < 30, 1, 0)
    table = pa.table({"y": y, "score": rng.normal(size=300) + 2 * y, "group": group})
    found = infer(samples.rows.worst(table, of="auc", better="higher"))

    assert n_needed(found, 0.7, 0.9) is None
    assert pilot_needed(found, 0.2) > 300


def test_rates_of_two_classes_are_planned_from_twenty_rows_of_each_on():
    def decided(positives):
        y = np.r_[np.ones(positives), np.zeros(200)].astype(int)
        score = np.where(np.arange(len(y)) % 10 == 0, 1 - y, y)
        return infer(samples.rows.balanced_accuracy(pa.table({"y": y, "score": score})))

    assert (None, 420) == (n_needed(decided(10), 0.8, 0.9), pilot_needed(decided(10), 0.1))
    assert n_needed(decided(40), 0.8, 0.9) is not None


def test_a_share_of_value_is_planned_for_rows_of_one_worth_and_more_where_few_were_missed():
    caught = (np.arange(100) % 10 > 0) * 1
    even, uneven = np.full(100, 3.0), np.random.default_rng(9).lognormal(3, 0.4, 100)

    def needed(value, y):
        return n_needed(infer(samples.rows.value_rate(pa.table({"y": y, "score": value}))), 0.8, 0.9)

    assert needed(uneven, caught) > 1.2 * needed(even, caught)
    assert needed(uneven, np.ones(100, int)) > 1.2 * needed(even, np.ones(100, int))
    few = infer(samples.rows.value_rate(pa.table({"y": caught[:15], "score": uneven[:15]})))
    assert n_needed(few, 0.8, 0.9) is None
    assert pilot_needed(few, 0.1) >= 20


def test_a_balanced_accuracy_is_planned_as_the_gap_it_is_half_of():
    y = np.r_[np.ones(200), np.zeros(800)].astype(int)
    score = np.where(np.arange(1000) % 10 == 0, 1 - y, y)
    both = infer(samples.rows.balanced_accuracy(pa.table({"y": y, "score": score})))
    gap = infer(samples.rows.gap(pa.table({"y": score, "reference": 1 - y})))

    assert n_needed(both, 0.85, 0.9) == pytest.approx(n_needed(gap, 0.7, 0.8) * (1 + 8 / 200), rel=0.01)
