"""A service that answers nothing and a generator that was late measure nothing, and both are said."""

import numpy as np
import pytest
from harness_latency.load import sound
from harness_latency.plan import Endpoint, Plan
from harness_latency.shots import Shots

from harness import HarnessError

N = 1000
REFUSED = -2
ONE = Plan(endpoints=(Endpoint(host="fraud", port=80),), requests=[b""], connections=1, timeout=1)
TWO = Plan(endpoints=(*ONE.endpoints, Endpoint(host="old", port=81)), requests=[b""], connections=1, timeout=1)


def _shots(late: object = 0.0, status: object = 200) -> Shots:
    statuses = np.broadcast_to(np.asarray(status), N)
    return Shots(
        load="a",
        began=0.0,
        number=np.arange(N),
        due=np.arange(N) / 100,
        latency_ms=np.full(N, 10.0),
        late_ms=np.broadcast_to(np.asarray(late, dtype=float), N),
        status=statuses,
        is_answered=statuses == 200,
    )


def test_a_late_generator_is_an_error() -> None:
    late = np.where(np.arange(N) < 6, 11.0, 0.0)

    with pytest.raises(HarnessError, match=r"^the generator was late: 0.6 % of 1,000 requests started more than 10 ms"):
        sound(_shots(late=late), ONE, 10)


def test_a_few_late_requests_are_not() -> None:
    late = np.where(np.arange(N) < 5, 11.0, 0.0)

    assert N == len(sound(_shots(late=late), ONE, 10).due)


def test_a_service_that_answers_nothing_is_an_error_that_tells_why() -> None:
    with pytest.raises(HarnessError, match=r"none of 1000 .* by fraud:80: 1000 x connection refused"):
        sound(_shots(status=REFUSED), ONE, 10)


def test_that_nothing_was_answered_is_said_before_a_late_generator() -> None:
    with pytest.raises(HarnessError, match=r"^none of .* connection refused.*; besides, the generator was late: 100"):
        sound(_shots(late=50.0, status=REFUSED), ONE, 10)


def test_one_of_two_services_that_answers_nothing_is_named() -> None:
    status = np.where(TWO.endpoint_of(np.arange(N)) == 1, REFUSED, 200)

    with pytest.raises(HarnessError, match=r"^none of 500 requests was answered by old:81: 500 x connection refused"):
        sound(_shots(status=status), TWO, 10)
