"""What is an answer: read to its end, with the status and the JSON that the suite expects."""

from collections.abc import Callable
from typing import Any

import pytest

from harness import Expect, Run

Service = tuple[Any, str]


def _failed(run: Run) -> float:
    errors = [v.reason for v in run.verdicts if v.outcome == "error"]
    assert not errors, errors
    sample = next(m.sample for m in run.measurements if m.metric == "error_rate")
    assert sample.rows is not None
    return float(sum(sample.rows["y"].to_pylist()) / sample.rows.num_rows)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/short", "3 x connection closed"),
        ("/short-chunk", "3 x connection closed"),
        ("/moved", "3 x HTTP 302"),
    ],
)
def test_what_is_no_whole_answer_is_none(run: Callable[..., Run], path: str, why: str) -> None:
    assert why in run(path)["error_rate"].reason


def test_a_status_that_is_expected_is_an_answer(run: Callable[..., Run]) -> None:
    assert 0.0 == _failed(run("/moved", expect={"status": [302]}))


@pytest.mark.parametrize("broken", ["/error", "/"])
def test_an_error_with_status_200_is_told_from_an_answer(
    run: Callable[..., Run], service: Service, broken: str
) -> None:
    service[0].breaks_after, service[0].breaks_to = 1 + 80 + 100, broken

    found = run("/json", expect={"status": [200], "json": {"ok": True}, "keys": ["score"]})

    assert 0.8 == _failed(found)


def test_a_service_that_never_answers_as_expected_gets_no_load(run: Callable[..., Run], service: Service) -> None:
    found = run("/error", expect={"json": {"ok": True}})

    assert "none of 3 requests was answered" in found["error_rate"].reason
    assert "3 x other JSON than expected" in found["error_rate"].reason
    assert 3 == service[0].requests


@pytest.mark.parametrize(
    ("asked", "body", "holds"),
    [
        ({}, b'{"any": 1}', True),
        ({}, b"[1]", False),
        ({"ok": True}, b'{"ok": 1}', False),
        ({"ok": 1}, b'{"ok": true}', False),
        ({"a": {"b": [1, {"c": 2}]}}, b'{"a": {"b": [1, {"c": 2, "d": 3}], "e": 4}}', True),
        ({"a": [1]}, b'{"a": [1, 2]}', False),
        ({"a": None}, b'{"b": 1}', False),
        ({"ok": True}, b'{"ok": true', False),
        ({"ok": True}, b"[" * 100_000, False),
        ({"ok": True}, b"\xff", False),
    ],
)
def test_json_holds_the_values_that_are_asked(asked: dict[str, object], body: bytes, holds: bool) -> None:
    assert holds == Expect(json=asked).is_body(body)


def test_the_status_alone_decides_where_no_json_is_expected() -> None:
    found = [Expect().is_status(status) for status in (200, 204, 299, 302, 304, 404, 503, 0, -1)]

    assert [True, True, True, False, False, False, False, False, False] == found
    assert Expect().is_body(b"no JSON")
