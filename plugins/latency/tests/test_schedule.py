"""Arrivals are decided beforehand: as many as asked, at the instants the rate says."""

import numpy as np
import pytest
from harness_latency.schedule import schedule

from harness import UsageError


def test_constant_arrivals_are_equally_far_apart() -> None:
    due = schedule(200, 3, "constant", 0)

    assert 600 == len(due)
    assert np.allclose(np.diff(due), 0.005)


def test_poisson_arrivals_have_gaps_like_an_exponential() -> None:
    gaps = np.diff(schedule(200, 100, "poisson", 1))

    assert gaps.min() >= 0
    assert gaps.mean() == pytest.approx(0.005, rel=0.05)
    assert gaps.std() == pytest.approx(0.005, rel=0.05)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    assert np.array_equal(schedule(50, 10, "poisson", 3), schedule(50, 10, "poisson", 3))


def test_a_load_without_a_rate_is_refused() -> None:
    with pytest.raises(UsageError, match="rate and a duration above 0"):
        schedule(0, 10, "constant", 0)
