"""How steeply the largest values rise, and whether that shows that they have a variance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pareto

from harness.stats.tails import TOP, Tail, measure_tail, rows_that_show_variance


@pytest.mark.parametrize("slope", [0.2, 0.5, 0.8])
def test_the_slope_of_a_pareto_tail_is_found_within_its_standard_error(slope: float) -> None:
    rng = np.random.default_rng(3)

    slopes = [measure_tail(pareto.rvs(1 / slope, size=900, random_state=rng)).slope for _ in range(400)]

    assert np.mean(slopes) == pytest.approx(slope, rel=0.05)
    if slope < 0.8:  # steeper ones are cut where a tail has no mean
        assert np.std(slopes) == pytest.approx(slope / math.sqrt(30), rel=0.15)


@pytest.mark.parametrize("rows", [50, 900])
def test_a_tail_at_the_edge_of_having_a_variance_seldom_shows_one(rows: int) -> None:
    rng = np.random.default_rng(4)

    shown = [measure_tail(pareto.rvs(2, size=rows, random_state=rng)).shows_variance for _ in range(1000)]

    assert 0.02 < np.mean(shown) <= 0.14  # a slope of 10 values scatters more than its own standard error says


def test_as_many_rows_as_are_asked_for_show_the_variance() -> None:
    rng, rows = np.random.default_rng(5), math.ceil(rows_that_show_variance(0.3, 0.05))

    shown = [measure_tail(pareto.rvs(1 / 0.3, size=rows, random_state=rng)).shows_variance for _ in range(400)]

    assert np.mean(shown) >= 0.9


@given(st.floats(0.01, 0.49), st.integers(TOP, 500))
def test_more_rows_are_asked_for_exactly_where_those_seen_do_not_show_it(slope: float, top: int) -> None:
    needed = rows_that_show_variance(slope)

    if not Tail(slope=slope, top=top).shows_variance:
        assert needed >= top**2
    else:
        assert needed <= max(TOP + 1, top**2)


@pytest.mark.parametrize("slope", [0.5, 0.99])
def test_no_number_of_rows_shows_a_variance_that_there_is_not(slope: float) -> None:
    assert math.isinf(rows_that_show_variance(slope))


def test_values_that_are_all_alike_have_no_tail() -> None:
    tail = measure_tail(np.full(30, 7.0))

    assert (tail.slope, tail.shows_variance) == (0.0, True)
    assert rows_that_show_variance(tail.slope) == 0


def test_one_value_tells_nothing_of_a_tail() -> None:
    assert not measure_tail(np.array([0.0, 7.0])).shows_variance
