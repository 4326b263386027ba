"""Failed requests count as slow, late generators measure nothing, percentiles are of what was answered."""

import numpy as np
import pytest
from harness_latency.shots import Shots, measurements, punctual

from harness import HarnessError

N = 1000


def _shots(latency: object = 10.0, late: object = 0.0, status: object = 200) -> Shots:
    return Shots(
        number=np.arange(N),
        due=np.arange(N) / 100,
        latency_ms=np.broadcast_to(np.asarray(latency, dtype=float), N).copy(),
        late_ms=np.broadcast_to(np.asarray(late, dtype=float), N).copy(),
        status=np.broadcast_to(np.asarray(status), N).copy(),
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


def test_a_late_generator_is_an_error() -> None:
    late = np.where(np.arange(N) < 6, 11.0, 0.0)

    with pytest.raises(HarnessError, match=r"the generator was late: 0.6% of 1000 requests started more than 10 ms"):
        punctual(_shots(late=late), 10)


def test_a_few_late_requests_are_not() -> None:
    late = np.where(np.arange(N) < 5, 11.0, 0.0)

    assert N == len(punctual(_shots(late=late), 10).due)


def test_a_service_that_answers_nothing_is_an_error_that_tells_why() -> None:
    with pytest.raises(HarnessError, match=r"none of 1000 requests was answered: 1000 x connection refused"):
        list(measurements(_shots(status=-2), 100))
