"""The chance of a sum of exponential variables, held to closed forms that others compute."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from harness.stats.exponentials import approximate_deviate, chance_above_zero

weight_lists = st.lists(st.floats(-1, 1).filter(lambda w: w == 0 or abs(w) > 1e-6), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("k", "n", "share"),
    [
        (0, 1, 0.3),
        (0, 50, 0.06),
        (47, 50, 0.99),
        (100, 1000, 0.12),
        (100, 1000, 0.0995),
        (0, 1_000_000, 3e-6),
        (5, 1_000_000, 1e-5),
        (999, 1000, 1 - 1e-7),
        (2, 1000, 0.05),
    ],
)
def test_two_weights_are_a_binomial_tail(k, n, share):
    found = chance_above_zero(np.array([1 - share, -share]), np.array([k + 1.0, n - k]))

    assert found == pytest.approx(binom.cdf(k, n, share), rel=2e-6)


@given(one=st.floats(1e-6, 1), other=st.floats(1e-6, 1))
def test_one_exponential_exceeds_another_in_proportion_to_its_weight(one, other):
    found = chance_above_zero(np.array([one, -other]), np.ones(2))

    assert found == pytest.approx(one / (one + other), rel=1e-5, abs=1e-12)


@given(weights=weight_lists)
def test_a_sum_lies_above_zero_or_below_and_its_scale_does_not_matter(weights):
    mixed = np.array([*weights, 0.5, -0.5])
    times = np.ones(len(mixed))

    above, below = chance_above_zero(mixed, times), chance_above_zero(-mixed, times)

    assert above + below == pytest.approx(1, abs=1e-5)
    assert chance_above_zero(1e-7 * mixed, times) == pytest.approx(above, abs=1e-9)


def test_a_few_large_weights_among_many_small_ones_match_draws():
    rng = np.random.default_rng(0)
    weights = np.r_[1.0, -0.6, -0.6, rng.normal(0.008, 0.01, 100)]
    drawn = rng.exponential(size=(200_000, len(weights))) @ weights

    assert chance_above_zero(weights, np.ones(len(weights))) == pytest.approx((drawn >= 0).mean(), abs=0.004)


@pytest.mark.parametrize(("weights", "chance"), [([0.0, 0.0], 1), ([0.1, 0.0], 1), ([-0.1, 0.0], 0)])
def test_weights_of_one_sign_leave_no_doubt(weights, chance):
    assert chance_above_zero(np.array(weights), np.ones(2)) == chance


def test_the_quick_deviate_is_near():
    weights = np.r_[np.random.default_rng(1).random(50) - 0.7, 0.3]

    exact = norm.isf(chance_above_zero(weights, np.ones(51)))

    assert approximate_deviate(weights, np.ones(51)) == pytest.approx(exact, abs=0.01)
