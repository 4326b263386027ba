"""What a load would take and yield, told without sending any."""

from collections.abc import Sequence

from harness import Effort, UsageError


def each_of(rate: float | Sequence[float]) -> Sequence[float]:
    """Return the rates of a load: one, or steps."""
    rates = [rate] if isinstance(rate, (int, float)) else list(rate)
    if not rates or len(set(rates)) < len(rates):
        raise UsageError(f"steps are different rates, as in rate: [100, 200, 400]; found {rates}")
    return rates


def effort_of_rates(
    *, duration: float, warmup: float, rate: float | Sequence[float] = (), rates: Sequence[float] = (), **_: object
) -> Effort:
    """Return the time of all steps with their warm-ups, and the requests that are counted."""
    steps = rates or each_of(rate)
    requests = sum(round(each * duration) for each in steps)
    return Effort(seconds=len(steps) * (warmup + duration), n=requests, unit="requests")


def effort_of_users(*, duration: float, **_: object) -> Effort:
    """Return the time; how many requests waiting users will make is not known beforehand."""
    return Effort(seconds=duration, n=None, unit="requests")
