"""Bounds that count moves nobody has seen yet: against Poisson bounds, exact gamma quantiles and plain normal ones."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from harness.stats.inference import Inference
from harness.stats.intervals import Exactly
from harness.stats.mover import Mover, Moves, measure_moves
from harness.stats.planning import n_needed
from harness.stats.searched import Nearer, Wider

NONE = Moves(mean=0.0, variance=0.0, most=0.01)
means = st.floats(0.0, 0.3)


def mover(rises=NONE, falls=NONE, noise=0.0):
    total = noise + rises.variance + falls.variance
    return Mover(value=0.0, rises=rises, falls=falls, variance=total, low=-1.0, high=1.0)


def counted(k, n):
    return Moves(mean=k / n, variance=k / n**2, most=1 / n)


# equal weights leave Garwood's exact bounds of a Poisson count, as Fay and Feuer 1997 say in their section 2
@pytest.mark.parametrize("k", [0, 1, 4, 30])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_moves_of_one_size_have_the_exact_bounds_of_a_poisson_count(k, alpha):
    moves = counted(k, 100)

    garwood = chi2.ppf(alpha, 2 * k) / 200 if k else 0.0, chi2.isf(alpha, 2 * k + 2) / 200

    assert garwood == pytest.approx((moves.lower(alpha), moves.upper(alpha)))


def test_nothing_moved_reaches_as_far_as_the_rule_of_three():
    assert mover().bounds(0.05) == pytest.approx((math.log(0.05) / 100, -math.log(0.05) / 100))


def test_many_small_moves_are_normal():
    rng = np.random.default_rng(0)
    moves = measure_moves(rng.random(100_000) / 10, np.ones(100_000), 1.0, {})

    assert moves.upper(0.05) - moves.mean == pytest.approx(norm.isf(0.05) * math.sqrt(moves.variance), rel=0.35)


def test_a_cluster_that_was_not_drawn_moves_as_one():
    codes = np.repeat(np.arange(50), 20)

    moves = measure_moves(np.zeros(1000), np.ones(1000), 1.0, {"cluster.user": codes})

    assert moves.most == pytest.approx(1 / 50)


@settings(max_examples=40)
@given(up=means, down=means, noise=st.floats(0, 0.01), alpha=st.floats(1e-6, 0.2))
def test_bounds_widen_as_alpha_falls_and_agree_with_their_p_values(up, down, noise, alpha):
    interval = mover(counted(100 * up, 100), counted(100 * down, 100), noise)
    lower, upper = interval.bounds(alpha)
    further, higher = interval.bounds(alpha / 2)

    assert further <= lower <= 0 <= upper <= higher
    if lower > -1:
        assert interval.p_at_most(lower) == pytest.approx(alpha, rel=1e-3)
    if upper < 1:
        assert interval.p_at_least(upper) == pytest.approx(alpha, rel=1e-3)


@given(up=means, down=means)
def test_a_mirrored_value_has_mirrored_bounds(up, down):
    interval = mover(counted(100 * up, 100), counted(100 * down, 100), 0.001)

    assert interval.mirror().bounds(0.05) == pytest.approx(tuple(-bound for bound in reversed(interval.bounds(0.05))))


def test_as_many_rows_as_are_asked_for_clear_the_threshold_and_many_fewer_do_not():
    interval = mover(noise=1e-5)
    inference = Inference(value=0.0, n=1000, n_eff=1000, method="", interval=interval)

    n = n_needed(inference, -0.01, 0.0)

    reach = [interval.times(share * n / 1000).reach(0.05)[0] for share in (1, 0.6)]
    assert reach[0] < 0.01 < reach[1]


def test_no_number_of_rows_clears_a_threshold_at_the_truth():
    assert n_needed(Inference(value=0, n=10, n_eff=10, method="", interval=mover()), 0.1, 0.1) is None


def test_the_wider_of_two_bounds_needs_both_to_agree_and_the_nearer_one():
    one, other = mover(noise=1e-6), replace(mover(noise=1e-2), value=0.1)
    inference = Inference(value=0.0, n=1000, n_eff=1000, method="", interval=one)

    wider, nearer = Wider(one=one, other=other), Nearer(one=one, other=other)

    (low, high), (lower, upper) = one.bounds(0.05), other.bounds(0.05)
    assert wider.bounds(0.05) == (min(low, lower), max(high, upper))
    assert nearer.bounds(0.05) == (max(low, lower), min(high, upper))
    assert wider.p_at_most(-0.05) == max(one.p_at_most(-0.05), other.p_at_most(-0.05))
    assert nearer.p_at_least(0.2) == min(one.p_at_least(0.2), other.p_at_least(0.2))
    needed = [n_needed(replace(inference, interval=each), -0.02, 0.0) for each in (one, other)]
    assert max(needed) == n_needed(replace(inference, interval=wider), -0.02, 0.0)
    assert min(needed) == n_needed(replace(inference, interval=nearer), -0.02, 0.0)


def test_what_no_number_of_rows_can_show_for_one_bound_they_cannot_show_for_both():
    fixed = Exactly(value=0.0)
    inference = Inference(value=0, n=10, n_eff=10, method="", interval=Wider(one=mover(noise=1e-5), other=fixed))

    assert n_needed(inference, -0.01, 0.0) is None
