"""Money: never more than the budget, however many calls are on their way at once."""

import json
from decimal import Decimal
from typing import Any

import pytest
from harness_models.testing import StandIn, ask, completion

from harness import UsageError

Open = Any

PRICE_IN, PRICE_OUT = Decimal(1), Decimal(10)


def paid(upstream: StandIn) -> Decimal:
    """Return what the endpoint bills: for all that it saw, ten tokens read and five written."""
    return len(upstream.seen) * (PRICE_IN * 10 + PRICE_OUT * 5) / 1_000_000


def test_fifty_calls_at_once_never_exceed_the_budget(upstream: StandIn, opened: Open) -> None:
    upstream.delay = 0.02
    budget = Decimal("0.002")
    with opened(budget=budget) as door:
        found = ask(door, *map(str, range(50)))
        rounds = [ask(door, *(f"{turn} {at}" for at in range(50))) for turn in range(3)]
        cost = door.cost("suite", "step")

    assert paid(upstream) <= budget
    assert Decimal(str(cost.money)) <= budget
    refused = [each for turn in (found, *rounds) for each in turn if each.status != 200]
    assert {(402, "budget_spent", "false")} == {(e.status, e.error, e.headers["x-should-retry"]) for e in refused}
    assert len(upstream.seen) > 10


def test_an_endpoint_that_bills_the_worst_case_stays_within_the_budget(upstream: StandIn, opened: Open) -> None:
    def greedy(server: StandIn, asked: dict[str, Any]) -> tuple[int, str]:
        size = len(json.dumps(asked, separators=(",", ":")))
        return 200, completion(read=size, written=10)

    upstream.script, upstream.delay = greedy, 0.01
    with opened(budget=Decimal("0.003")) as door:
        for turn in range(4):
            ask(door, *(f"{turn} {at}" for at in range(50)))

    assert len(upstream.seen) > 5
    assert door.cost("suite", "step").money <= 0.003


def test_an_endpoint_that_bills_more_than_the_worst_case_is_asked_no_more(upstream: StandIn, opened: Open) -> None:
    upstream.script = lambda server, asked: (200, completion(read=10_000))
    with opened(budget=Decimal(5)) as door:
        found = [ask(door, each)[0].status for each in ("a", "b")]

    assert [200, 402] == found


@pytest.mark.parametrize("reply", ["<html>", '{"choices": [{"message": {"content": "y"}}]}'])
def test_what_says_no_usage_is_paid_at_its_worst(upstream: StandIn, opened: Open, reply: str) -> None:
    upstream.script = lambda server, asked: (200, reply)
    with opened(budget=Decimal("0.001")) as door:
        for turn in range(10):
            ask(door, str(turn))

        assert 0.0008 < door.cost("suite", "step").money <= 0.001
    assert len(upstream.seen) < 10


def test_a_model_without_a_price_is_an_error_before_anything_is_sent(opened: Open) -> None:
    with pytest.raises(UsageError, match="no price for judge/judge-2026-01"), opened(price="null", budget=Decimal(5)):
        pass


@pytest.mark.parametrize(
    "body",
    [
        {"max_tokens": None},
        {"max_tokens": 0},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]},
        {"n": "many"},
    ],
)
def test_a_call_that_nothing_bounds_is_not_sent(upstream: StandIn, opened: Open, body: dict[str, Any]) -> None:
    with opened(budget=Decimal(5)) as door:
        (found,) = ask(door, "a", **body)

    assert (402, "unknown_price") == (found.status, found.error)
    assert [] == upstream.seen


def test_several_choices_are_set_aside_for(upstream: StandIn, opened: Open) -> None:
    with opened(budget=Decimal("0.001")) as door:
        (found,) = ask(door, "a", n=20)

    assert "budget_spent" == found.error


def test_without_a_budget_what_is_unknown_is_sent_and_costs_nothing_known(upstream: StandIn, opened: Open) -> None:
    with opened(price="null") as door:
        (found,) = ask(door, "a")

    assert 200 == found.status
    assert 0.0 == door.cost("suite", "step").money
