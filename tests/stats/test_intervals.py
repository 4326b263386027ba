import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from statsmodels.stats.proportion import proportion_confint

from harness import samples
from harness.stats import infer
from harness.stats.binomial import Binomial
from harness.stats.intervals import Exactly, Unknown
from harness.stats.student import Student

alphas = st.floats(0.001, 0.45)
shares = st.floats(0.01, 0.99)


@st.composite
def binomials(draw):
    n = draw(st.integers(2, 3000))
    df = draw(st.one_of(st.none(), st.floats(1, 500)))
    return Binomial(k=draw(st.integers(0, n)), n=n, df=df, least=draw(st.floats(0, 50)))


@st.composite
def students(draw):
    return Student(
        center=draw(st.floats(-0.9, 0.9)),
        se=draw(st.floats(0.001, 0.5)),
        df=draw(st.one_of(st.just(math.inf), st.floats(1, 500))),
        skew=draw(st.floats(-1, 1)),
    )


# Newcombe 1998, table I
@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_binomial_gives_the_exact_bounds_newcombe_published(k, n, lower, upper):
    bounds = Binomial(k=k, n=n).bounds(0.025)

    assert (lower, upper) == tuple(round(bound, 4) for bound in bounds)
    assert bounds == infer(samples.proportion(k=k, n=n)).bounds(0.025)


# the same table, the score method: no verdict rests on it, as it errs up to 6.3 % at 5 %
@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_exact_bounds_are_wider_than_the_score_bounds_newcombe_published(k, n, lower, upper):
    score = proportion_confint(k, n, 0.05, "wilson")

    exact = infer(samples.proportion(k=k, n=n)).bounds(0.025)

    assert (lower, upper) == pytest.approx(tuple(round(bound, 4) for bound in score))
    assert exact[0] <= score[0]
    assert score[1] < exact[1]


@given(n=st.integers(1, 2000), data=st.data(), alpha=alphas)
def test_binomial_agrees_with_scipy_and_statsmodels(n, data, alpha):
    k = data.draw(st.integers(0, n))

    bounds = Binomial(k=k, n=n).bounds(alpha)

    assert tuple(binomtest(k, n).proportion_ci(1 - 2 * alpha)) == pytest.approx(bounds, abs=1e-9)
    assert proportion_confint(k, n, 2 * alpha, "beta") == pytest.approx(bounds, abs=1e-9)


@given(n=st.integers(1, 2000), data=st.data(), threshold=shares)
def test_binomial_p_values_are_those_of_the_exact_test(n, data, threshold):
    k = data.draw(st.integers(0, n))
    interval = Binomial(k=k, n=n)

    assert binomtest(k, n, threshold, "less").pvalue == pytest.approx(interval.p_at_least(threshold), abs=1e-9)
    assert binomtest(k, n, threshold, "greater").pvalue == pytest.approx(interval.p_at_most(threshold), abs=1e-9)


@given(interval=st.one_of(binomials(), students()), threshold=shares)
def test_p_value_is_the_alpha_at_which_the_bound_meets_the_threshold(interval, threshold):
    p_low, p_high = interval.p_at_least(threshold), interval.p_at_most(threshold)

    if 1e-9 < p_low < 0.49:
        assert threshold == pytest.approx(interval.bounds(p_low)[1], abs=1e-5)
    if 1e-9 < p_high < 0.49:
        assert threshold == pytest.approx(interval.bounds(p_high)[0], abs=1e-5)


@given(interval=st.one_of(binomials(), students()), first=alphas, second=alphas)
def test_bounds_move_outwards_as_alpha_falls(interval, first, second):
    wide, narrow = interval.bounds(min(first, second)), interval.bounds(max(first, second))

    assert wide[0] <= narrow[0] + 1e-9
    assert narrow[1] <= wide[1] + 1e-9


@given(n=st.integers(1, 500), data=st.data(), df=st.one_of(st.none(), st.floats(2, 100)), alpha=alphas)
def test_bounds_rise_with_every_hit(n, data, df, alpha):
    k = data.draw(st.integers(0, n - 1))
    fewer, more = (Binomial(k=hits, n=n, df=df).bounds(alpha) for hits in (k, k + 1))

    assert fewer[0] <= more[0]
    assert fewer[1] <= more[1]


@given(interval=binomials(), alpha=alphas)
def test_degrees_of_freedom_only_widen(interval, alpha):
    plain = Binomial(k=interval.k, n=interval.n).bounds(alpha)

    lower, upper = interval.bounds(alpha)

    assert lower <= plain[0] + 1e-12
    assert plain[1] <= upper + 1e-12


def test_student_without_skew_is_the_t_interval():
    lower, upper = Student(center=2.0, se=0.5, df=9).bounds(0.05)

    assert t.interval(0.9, 9, 2.0, 0.5) == pytest.approx((lower, upper))


def test_student_stretches_towards_the_long_tail():
    lower, upper = Student(center=0.0, se=1.0, df=50, skew=0.3).bounds(0.05)

    assert upper > 1.676 > -lower


def test_student_is_cut_at_what_can_be():
    assert Student(center=0.9, se=0.5, low=-1, high=1).bounds(0.05)[1] == 1
    assert Student(center=0.9, se=0.5, low=-1, high=1).p_at_least(1.5) == 0
    assert Student(center=0.9, se=0.5, low=-1, high=1).p_at_least(-1) == 1


@pytest.mark.parametrize(("threshold", "expected"), [(0, 1), (1, 0), (1.5, 0)])
def test_binomial_p_value_at_the_edges(threshold, expected):
    assert expected == Binomial(k=3, n=10).p_at_least(threshold)
    assert expected == Binomial(k=7, n=10).p_at_most(1 - threshold)


def test_p_values_far_out_are_zero_and_one():
    assert Binomial(k=1, n=10000, df=50).p_at_least(0.99) == 0
    assert Binomial(k=9999, n=10000, df=50).p_at_least(0.01) == 1


def test_exactly_has_no_width_and_a_p_value_of_zero_or_one():
    seen = Exactly(value=3.0)

    assert seen.bounds(0.05) == (3, 3)
    assert (seen.p_at_least(3), seen.p_at_least(4), seen.p_at_most(3), seen.p_at_most(2)) == (1, 0, 1, 0)


def test_unknown_neither_passes_nor_fails():
    unknown = Unknown()

    assert unknown.bounds(0.05) == (-math.inf, math.inf)
    assert (unknown.p_at_least(9), unknown.p_at_most(-9)) == (1, 1)
