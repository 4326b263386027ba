"""Streams under open-loop load: when their first token came, and whether they came to their end."""

from collections.abc import Callable
from typing import Any

import pytest

from harness import Run

METRICS = ["first_over_limit", "over_limit", "error_rate", "first_p50_ms", "p50_ms"]


def stream(run: Callable[..., Run], path: str, **params: object) -> dict[str, Any]:
    """Return what was measured of streams, by metric."""
    marks = {"first": '"piece"', "last": '"answer"', "first_limit_ms": 40_000, "metrics": METRICS}
    found = run(path, "latency.stream", **marks | params)
    errors = [v.reason for v in found.verdicts if v.outcome == "error"]
    assert not errors, errors
    return {each.metric: each.estimate.value for each in found.verdicts}


def test_the_first_token_is_timed_apart_from_the_end(run: Callable[..., Run]) -> None:
    found = stream(run, "/stream")

    assert (0.0, 0.0, 0.0) == (found["first_over_limit"], found["over_limit"], found["error_rate"])
    assert 30 <= found["first_p50_ms"]
    assert found["first_p50_ms"] + 100 <= found["p50_ms"]


def test_a_first_token_after_its_limit_counts_though_the_answer_is_in_time(run: Callable[..., Run]) -> None:
    found = stream(run, "/stream", first_limit_ms=25)

    assert (1.0, 0.0) == (found["first_over_limit"], found["over_limit"])


@pytest.mark.parametrize(("path", "first"), [("/half", '"piece"'), ("/mute", '"piece"'), ("/stream", '"token"')])
def test_a_stream_without_its_first_token_or_its_end_is_no_answer(
    run: Callable[..., Run], path: str, first: str
) -> None:
    found = run(path, "latency.stream", first=first, last='"answer"', first_limit_ms=40_000)

    assert "a stream without its first token or its end" in found["over_limit"].reason
