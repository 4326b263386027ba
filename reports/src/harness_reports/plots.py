"""Places an interval, its value and its threshold on a scale that all verdicts of a requirement share."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import Verdict, describe, describe_statistic

WIDTH = 340
MARGIN = 26
CHARACTER = 6.2


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The values at the two ends of a plot."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return where a value is drawn; one beyond an end is drawn at that end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A place on the axis, with what is written there."""

    x: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One verdict on its scale: what the template draws."""

    threshold: Mark
    good: tuple[float, float]
    ticks: Sequence[Mark]
    baseline: Mark | None
    value: float | None
    interval: tuple[float, float] | None
    described: str


def scale_of(verdicts: Sequence[Verdict]) -> Scale:
    """Return a scale on which everything known of these verdicts has room."""
    known = [value for verdict in verdicts for value in _values(verdict) if math.isfinite(value)]
    low, high = min(known), max(known)
    room = 0.1 * (high - low) or 0.5 * abs(high) or 1.0
    floor, ceiling = _limits(verdicts[0], low)
    return Scale(low=max(low - room, min(floor, low)), high=min(high + room, max(ceiling, high)))


def plot(verdict: Verdict, scale: Scale) -> Plot:
    """Return where to draw each part of one verdict."""
    words = describe(verdict)
    threshold, better = verdict.requirement.sought(verdict.better)
    at = scale.x(threshold)
    good = (at, float(WIDTH - MARGIN)) if better == "higher" else (float(MARGIN), at)
    against = verdict.requirement.versus
    zero = Mark(x=scale.x(0), text=shorten(against)) if against else None
    return Plot(
        threshold=Mark(x=at, text=format_value(verdict, threshold)),
        good=good,
        ticks=list(_ticks(verdict, scale, zero)),
        baseline=zero,
        value=scale.x(verdict.estimate.value) if verdict.estimate else None,
        interval=_interval(verdict, scale),
        described=f"{verdict.outcome}: found {words.found}; asked: {words.asked.brief}",
    )


def format_value(verdict: Verdict, value: float) -> str:
    """Return a number as an axis shows it: percent for shares, with a sign for a difference."""
    sign = "+" if verdict.requirement.versus and value > 0 else ""
    if describe_statistic(verdict.statistic).shown_as == "share":
        return f"{sign}{100 * value:.6g} %".replace("-", "−")
    return f"{sign}{value:,.6g}".replace("-", "−")


def _values(verdict: Verdict) -> Iterator[float]:
    yield verdict.requirement.sought(verdict.better)[0]
    if verdict.requirement.versus:
        yield 0.0
    estimate = verdict.estimate
    for value in (estimate.value, estimate.lower, estimate.upper) if estimate else ():
        if value is not None:
            yield value


def _limits(verdict: Verdict, low: float) -> tuple[float, float]:
    """Return what the axis does not go beyond: shares end at 1, and what is never negative starts at 0."""
    ceiling = describe_statistic(verdict.statistic).limits[1]
    if verdict.requirement.versus:
        return -ceiling, ceiling
    return (0.0 if low >= 0 else -math.inf), ceiling


def _interval(verdict: Verdict, scale: Scale) -> tuple[float, float] | None:
    estimate = verdict.estimate
    if estimate is None or estimate.lower is None or estimate.upper is None:
        return None
    return scale.x(estimate.lower), scale.x(estimate.upper)


def _ticks(verdict: Verdict, scale: Scale, zero: Mark | None) -> Iterator[Mark]:
    """Yield round values; none where the baseline's name is written."""
    step = _step(scale.high - scale.low)
    for index in range(math.ceil(scale.low / step), math.floor(scale.high / step) + 1):
        mark = Mark(x=scale.x(index * step), text=format_value(verdict, index * step))
        if zero is None or abs(mark.x - zero.x) > CHARACTER * (len(mark.text) + len(zero.text)) / 2 + 4:
            yield mark


def _step(span: float) -> float:
    """Return a round distance that cuts a span into two to five parts."""
    power = 10.0 ** math.floor(math.log10(span / 2))
    return next(step for step in (5 * power, 2 * power, power) if span / step >= 2)


def shorten(name: str, most: int = 14) -> str:
    """Return a name that has no room with what it ends in left out."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
