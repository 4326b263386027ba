"""What finding something out took."""

from collections.abc import Iterable
from dataclasses import dataclass

DIGITS = 6  # of seconds and money, so that sums read as people would write them


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of work, tokens of language models, and money in the currency of their prices."""

    seconds: float = 0.0
    tokens: int = 0
    money: float = 0.0


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs."""
    each = list(costs)
    return Cost(
        seconds=round(sum(cost.seconds for cost in each), DIGITS),
        tokens=sum(cost.tokens for cost in each),
        money=round(sum(cost.money for cost in each), DIGITS),
    )
