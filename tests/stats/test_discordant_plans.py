"""How many times the rows decide a compared share."""

import math

import pytest

from harness.stats.binomial import Binomial
from harness.stats.discordant import Discordant, Moved

ALPHA, BETA = 0.025, 0.05


def moved(share: float, n: float = 600, **clustered: float | bool) -> Moved:
    return Moved(shares=(Binomial(k=share * n, n=n, **clustered),), weights=(1.0,))  # type: ignore[arg-type]


@pytest.mark.parametrize("distance", [-0.2, -0.01, 0.002, 0.05, 0.5])
@pytest.mark.parametrize("clustered", [{}, {"df": 25.0, "least": 30.0, "unseen": True}])
def test_bounds_at_the_rows_needed_reach_as_far_as_the_threshold_lies(distance: float, clustered: dict) -> None:
    seen = Discordant(gained=moved(0.02, **clustered), lost=moved(0.05, **clustered))

    more = seen.times(seen.rows_needed(distance, ALPHA, BETA))

    (lower, upper), (less, most) = (more.bounds(risk) for risk in (ALPHA, BETA))
    assert (most - lower if distance > 0 else upper - less) == pytest.approx(abs(distance), rel=1e-4)


def test_a_threshold_at_the_truth_is_beyond_any_number_of_rows() -> None:
    assert math.isinf(Discordant(gained=moved(0.02), lost=moved(0.05)).rows_needed(1e-6, ALPHA, BETA))


def test_a_threshold_beyond_all_that_can_be_takes_no_rows() -> None:
    assert Discordant(gained=moved(0.0), lost=moved(0.0)).rows_needed(2.5, ALPHA, BETA) == 0
