"""Rates that no simulation can have are refused in words."""

from collections.abc import Callable

import pytest
from fraud_target.population import populate
from fraud_target.process import Process


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ({"customers": 0}, "customers must be more than 0, found 0"),
        ({"days": -3}, "days must be more than 0, found -3"),
        ({"radius": float("nan")}, "radius must be more than 0, found nan"),
        ({"seed": -1}, "seed must be 0 or more, found -1"),
        ({"terminal_hit_share": 1.5}, "terminal_hit_share must be a share, at most 1, found 1.5"),
        ({"least_mean_amount": 500.0}, "least_mean_amount 500.0 is above 100.0, the most"),
        ({"plant": "schemma"}, "no fault 'schemma' can be planted; plant one of schema, concept, bias, drift"),
    ],
)
def test_process_refuses_impossible_rates(process: Callable[..., Process], rate: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        process(**rate)

    assert str(refusal.value) == said


def test_population_refuses_a_radius_nobody_can_pay_within(process: Callable[..., Process]) -> None:
    with pytest.raises(ValueError, match="no customer has a terminal within radius 1e-06; raise the radius"):
        populate(process(radius=1e-6))


def test_hits_a_day_are_a_share_rounded_up(process: Callable[..., Process]) -> None:
    book = process(customers=5000, terminals=10_000, terminal_hit_share=0.0002, customer_hit_share=0.0006)

    assert (book.terminals_hit_a_day, book.customers_hit_a_day) == (2, 3)


def test_no_share_means_no_hits(process: Callable[..., Process]) -> None:
    assert process(terminal_hit_share=0.0).terminals_hit_a_day == 0
