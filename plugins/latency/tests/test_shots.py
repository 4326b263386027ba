"""Failed requests count as slow, and percentiles are of what was answered."""

import numpy as np
import pytest
from harness_latency.shots import Shots, measurements

N = 1000


def _shots(latency: object = 10.0, status: object = 200) -> Shots:
    statuses = np.broadcast_to(np.asarray(status), N)
    return Shots(
        load="a",
        began=0.0,
        number=np.arange(N),
        due=np.arange(N) / 100,
        latency_ms=np.broadcast_to(np.asarray(latency, dtype=float), N).copy(),
        late_ms=np.zeros(N),
        status=statuses,
        is_answered=statuses == 200,
    )


def _found(shots: Shots, metric: str) -> float:
    sample = next(m.sample for m in measurements(shots, 100) if m.metric == metric)
    return float(sample.rows["y"].to_numpy().mean()) if sample.rows is not None else sample.counts["value"]


def test_a_request_that_failed_fast_counts_as_over_the_limit() -> None:
    status = np.where(np.arange(N) < 30, 503, 200)

    assert 0.03 == _found(_shots(1.0, status=status), "over_limit")
    assert 0.03 == _found(_shots(1.0, status=status), "error_rate")


def test_percentiles_leave_out_what_was_not_answered() -> None:
    status = np.where(np.arange(N) < 500, -2, 200)
    latency = np.where(np.arange(N) < 500, 0.1, 40.0)

    assert 40.0 == _found(_shots(latency, status=status), "p50_ms")


def test_the_rate_counts_answers_until_the_last_one() -> None:
    latency = np.where(np.arange(N) == N - 1, 10_010.0, 1.0)

    assert _found(_shots(latency), "rate") == pytest.approx(N / 20, rel=1e-3)


@pytest.mark.parametrize(("seconds", "held"), [(None, None), (1e-9, 1), (0.5, 50), (3600.0, N - 1)])
def test_a_declared_stall_holds_up_what_comes_in_that_time_at_the_mean_rate(
    seconds: float | None, held: int | None
) -> None:
    assert held == _shots().held_up(seconds)
