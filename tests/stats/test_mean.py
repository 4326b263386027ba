import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from harness import samples
from harness.errors import HarnessError
from harness.stats import estimate, infer

amounts = st.lists(st.floats(2, 1e6), min_size=3, max_size=60).filter(lambda y: np.ptp(y) > 1e-3 * max(y))


def rows(y, **columns):
    return samples.rows.mean(pa.table({"y": y, **columns}))


@given(y=amounts)
def test_bounds_are_ordered_around_the_mean(y):
    seen = infer(rows(y))
    lower, upper = seen.bounds(0.05)

    assert seen.value == pytest.approx(np.mean(y))
    assert lower <= seen.value <= upper


@given(y=amounts)
def test_bounds_follow_the_unit(y):
    cents = infer(rows(np.array(y) * 100)).bounds(0.05)

    assert cents == pytest.approx(tuple(100 * bound for bound in infer(rows(y)).bounds(0.05)))


def test_standard_error_is_that_of_the_t_test():
    y = np.random.default_rng(0).normal(7, 2, 500)

    seen = infer(rows(y))

    assert seen.interval.other.se == pytest.approx(y.std(ddof=1) / np.sqrt(500))
    lower, upper = ttest_1samp(y, 0).confidence_interval()
    assert seen.interval.one.one.bounds(0.025) == pytest.approx((lower, upper), abs=0.003)
    assert 0.999 * (upper - lower) < np.ptp(seen.bounds(0.025)) < 1.1 * (upper - lower)


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_a_mean_of_few_skewed_clusters_seldom_passes_or_fails_at_the_threshold(sigma):
    rng, code, truth = np.random.default_rng(5), np.repeat(np.arange(30), 10), math.exp(sigma**2 / 2)

    def bounds():
        shared, own = rng.normal(0, sigma * 0.6**0.5, 30)[code], rng.normal(0, sigma * 0.4**0.5, 300)
        return infer(rows(np.exp(shared + own), **{"cluster.user": code})).bounds(0.05)

    seen = np.array([bounds() for _ in range(300)])
    assert max((seen[:, 0] > truth).mean(), (seen[:, 1] < truth).mean()) <= 0.06 + 2 * math.sqrt(0.06 * 0.94 / 300)


def test_a_long_tail_stretches_the_bound_on_its_side():
    y = np.exp(np.random.default_rng(1).normal(size=200)) + 1

    lower, upper = infer(rows(y)).bounds(0.05)

    assert upper - y.mean() > 1.2 * (y.mean() - lower)


def test_shares_stay_within_zero_and_one():
    seen = infer(rows([1.0] * 40 + [0.97]))
    lower, upper = seen.bounds(0.05)

    assert seen.method == "Gaffke"
    assert 0.9 < lower < seen.value < upper <= 1


def test_perfect_scores_are_not_certain():
    assert infer(rows([1.0] * 50)).bounds(0.05) == pytest.approx((0.05 ** (1 / 50), 1))


def test_clusters_widen_and_repeated_rows_add_nothing():
    y = np.random.default_rng(2).normal(5, 1, 60)
    once = infer(rows(y))

    often = infer(rows(np.repeat(y, 9), **{"cluster.doc": np.repeat(np.arange(60), 9)}))

    assert once.bounds(0.05) == pytest.approx(often.bounds(0.05))
    assert often.clusters == 60


@pytest.mark.parametrize("y", [[5.0], [0.5]])
def test_one_row_is_refused(y):
    with pytest.raises(HarnessError, match=r"needs 2 rows or more.*found 1"):
        infer(rows(y))


def test_values_that_never_vary_are_refused_where_no_scale_is_known():
    with pytest.raises(HarnessError, match=r"mean is 5 in all 3 rows.*use statistic 'exact'"):
        infer(rows([5.0, 5.0, 5.0]))


def test_difference_is_the_mean_of_the_differences_by_id():
    rng = np.random.default_rng(3)
    old = rng.normal(9, 3, 300)
    new = old + rng.normal(0.5, 0.2, 300)
    ids = np.arange(300)
    order = rng.permutation(300)

    seen = infer(rows(new, id=ids), rows(old[order], id=ids[order]))

    assert seen.value == pytest.approx((new - old).mean())
    assert seen.interval.other.se == pytest.approx((new - old).std(ddof=1) / np.sqrt(300))


def test_equal_scores_are_not_certain_to_be_equal():
    same = rows([0.2, 0.9, 0.7], id=[1, 2, 3])

    lower, upper = infer(same, same).bounds(0.05)

    assert lower < 0 < upper


def test_equal_amounts_are_refused_where_no_scale_is_known():
    same = rows([2.0, 9.0, 7.0], id=[1, 2, 3])

    with pytest.raises(HarnessError, match="difference is 0 in all 3 rows"):
        infer(same, same)


def test_differences_of_shares_stay_within_minus_one_and_one():
    lower, upper = infer(rows([1.0, 1.0, 0.9], id=[1, 2, 3]), rows([0.0, 0.1, 0.2], id=[1, 2, 3])).bounds(0.01)

    assert lower >= -1
    assert upper <= 1


def test_weights_move_the_mean():
    assert estimate(rows([2.0, 4.0, 9.0], weight=[3, 1, 0])).value == pytest.approx(2.5)
