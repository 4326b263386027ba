from collections.abc import Callable

import pytest
from harness_reports.plots import MARGIN, WIDTH, plot, scale_of

from harness import Estimate, Verdict

MakeVerdict = Callable[..., Verdict]

POINT = Estimate(value=0.7, lower=None, upper=None, level=0, n=10, n_eff=10, method="point")


def test_scale_holds_every_interval_and_the_threshold(verdict: MakeVerdict) -> None:
    low = verdict(labels={"channel": "web"})
    better = Estimate(value=0.9, lower=0.88, upper=0.93, level=0.975, n=204, n_eff=204, method="Clopper-Pearson")
    high = verdict(estimate=better)

    found = scale_of([low, high])

    assert found.low < 0.7 < 0.93 < found.high


@pytest.mark.parametrize("statistic", ["proportion", "auc", "average_precision", "f1"])
def test_share_is_never_drawn_beyond_one(verdict: MakeVerdict, statistic: str) -> None:
    sure = Estimate(value=1.0, lower=0.97, upper=1.0, level=0.975, n=100, n_eff=100, method="Clopper-Pearson")

    found = scale_of([verdict(estimate=sure, statistic=statistic)])

    assert 1.0 == found.high


def test_count_that_is_never_negative_starts_at_zero(verdict: MakeVerdict) -> None:
    none = Estimate(value=0, lower=0, upper=0, level=0.975, n=9, n_eff=9, method="exact")

    found = scale_of([verdict(estimate=none, statistic="exact", at_most=0)])

    assert (0.0, 1.0) == (found.low, found.high)


def test_difference_shows_the_baseline_at_zero(verdict: MakeVerdict) -> None:
    difference = Estimate(value=-0.02, lower=-0.03, upper=-0.01, level=0.975, n=9, n_eff=9, method="DeLong")
    lost = verdict("fail", estimate=difference, versus="champion", lose_at_most=0.005, statistic="auc")

    found = plot(lost, scale_of([lost]))

    assert found.baseline is not None
    assert "champion" == found.baseline.text
    assert found.interval is not None
    assert found.interval[1] < found.threshold.x < found.baseline.x


def test_good_side_is_where_the_requirement_holds(verdict: MakeVerdict) -> None:
    most = verdict(at_most=0.9)

    found = plot(most, scale_of([most]))

    assert (MARGIN, found.threshold.x) == found.good


def test_point_has_no_interval(verdict: MakeVerdict) -> None:
    shown = verdict("inconclusive", estimate=POINT, statistic="point", severity="info")

    found = plot(shown, scale_of([shown]))

    assert found.interval is None
    assert found.value is not None


def test_nothing_measured_still_shows_what_was_asked(verdict: MakeVerdict) -> None:
    broken = verdict("error", estimate=None)

    found = plot(broken, scale_of([broken]))

    assert found.value is None
    assert MARGIN <= found.threshold.x <= WIDTH - MARGIN


def test_infinite_bound_is_drawn_to_the_edge(verdict: MakeVerdict) -> None:
    wide = Estimate(value=0.5, lower=0.4, upper=float("inf"), level=0.975, n=1, n_eff=1, method="Student")
    judged = verdict("inconclusive", estimate=wide, statistic="mean")

    found = plot(judged, scale_of([judged]))

    assert found.interval is not None
    assert WIDTH - MARGIN == found.interval[1]


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e12])
def test_axis_has_a_few_ticks_at_any_size(verdict: MakeVerdict, size: float) -> None:
    sized = Estimate(value=size, lower=0.9 * size, upper=1.1 * size, level=0.975, n=9, n_eff=9, method="Student")
    judged = verdict(estimate=sized, statistic="mean", at_least=0.8 * size)

    found = plot(judged, scale_of([judged]))

    assert 2 <= len(found.ticks) <= 6
