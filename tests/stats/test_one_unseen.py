"""Bounds that reckon with a unit nobody has drawn: against the rule of three, plain t, and the chance of both."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from harness.stats.one_unseen import OneUnseen
from harness.stats.student import Student

levels = st.floats(0.0005, 0.3)
scatters = st.floats(0.01, 10.0)


def one_unseen(se, one=0.01, skew=0.0, **shape):
    seen = Student(center=0.0, se=se, skew=skew, low=-1.0, high=1.0)
    return OneUnseen(seen=seen, below=one, above=one, **{"share": 1e-9, "units": 1e9, **shape})


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.001])
def test_without_scatter_a_bound_is_the_rule_of_three(alpha):
    assert one_unseen(0.0).bounds(alpha) == pytest.approx((0.01 * math.log(alpha), -0.01 * math.log(alpha)))


@pytest.mark.parametrize("n", [5, 50])
def test_of_rows_of_one_size_without_scatter_a_bound_is_that_of_clopper_and_pearson(n):
    seen = Student(center=1.0, se=0.0, low=0.0, high=1.0)

    lower, upper = OneUnseen(seen=seen, below=1 / n, above=0.0, share=1 / n, units=n).bounds(0.05)

    assert (lower, upper) == (pytest.approx(0.05 ** (1 / n)), 1.0)


@pytest.mark.parametrize("times", [1.0, 4.0])
def test_a_kind_that_is_worth_more_per_row_takes_its_share_of_all_and_no_more(times):
    n, hidden = 40, 0.05 ** (1 / 40)  # the least share of rows that are of the kind seen, if 40 of 40 are
    seen = Student(center=1.0, se=0.0, low=0.0, high=1.0)

    lower, _ = OneUnseen(seen=seen, below=times / n, above=0.0, share=times / n, units=n).bounds(0.05)

    assert lower == pytest.approx(hidden / (hidden + times * (1 - hidden)))


@given(levels, scatters)
def test_without_a_unit_that_nobody_saw_a_bound_is_that_of_t(alpha, se):
    bent = Student(center=0.0, se=se, skew=0.1)

    alone = OneUnseen(seen=bent, below=0.0, above=0.0, share=0.01, units=100.0)
    assert alone.reach(alpha) == pytest.approx(bent.reach(alpha))


@settings(deadline=None)
@given(levels, scatters, st.floats(0.0, 8.0))
def test_whatever_the_share_of_the_unseen_it_stays_unseen_and_the_bound_misses_with_chance_alpha_at_most(
    alpha, scatter, rate
):
    below, _ = one_unseen(scatter * 0.01).reach(alpha)

    missed = norm.sf((below - rate * 0.01) / (scatter * 0.01))

    assert poisson.pmf(0, rate) * missed <= alpha * 1.001


@given(levels, scatters)
def test_some_share_of_the_unseen_uses_the_whole_level_so_no_bound_lies_nearer(alpha, scatter):
    below, _ = one_unseen(scatter * 0.01).reach(alpha)

    rates = np.linspace(0, -math.log(alpha), 2000)
    missed = np.exp(-rates) * norm.sf((below - rates * 0.01) / (scatter * 0.01))

    assert missed.max() == pytest.approx(alpha, rel=0.01)


@pytest.mark.parametrize("threshold", [-0.05, -0.01, 0.02])
def test_a_p_value_is_the_level_whose_bound_meets_the_threshold(threshold):
    seen = one_unseen(0.01, skew=0.2)

    if threshold < 0:
        assert seen.bounds(seen.p_at_most(threshold))[0] == pytest.approx(threshold, abs=1e-6)
    else:
        assert seen.bounds(seen.p_at_least(threshold))[1] == pytest.approx(threshold, abs=1e-6)


def test_more_rows_narrow_the_scatter_by_their_root_and_the_unseen_by_their_number():
    seen = one_unseen(0.02)

    more = seen.times(4)

    assert (more.se, more.below, more.units) == pytest.approx((0.01, 0.0025, 4e9))
    assert more == replace(more, seen=seen.seen.times(4))
