"""The highest of some rates at which latency still holds, found by a generator that was in time at each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness import HarnessError, Measurement, UsageError
from harness_latency.load import Pace, carried, sound
from harness_latency.plan import Plan
from harness_latency.shots import Shots, point, started_late

AT_LEAST: Mapping[str, str] = {"bound": "at least"}


def capacity(pace: Pace, plan: Plan, rates: Sequence[float], limit_ms: float, share: float) -> Measurement:
    """Try rates in turn until too many requests are over the limit; 0 if the first was too much already.

    If the highest one held, the capacity is at least that and is labelled so.
    """
    if not rates or list(rates) != sorted(set(rates)):
        raise UsageError(f"rates rise from one to the next, as in [100, 200, 400]; found {list(rates)}")
    held: list[float] = []
    seen: dict[str, str] = {}
    for rate in rates:
        shots = _tried(replace(pace, rate=rate), plan, held)
        over = shots.over(limit_ms)
        seen[f"{rate:g}/s"] = f"{over.mean():.4f} over {limit_ms:g} ms; {_told(shots)}"
        if over.mean() > share:
            break
        held.append(rate)
    found = point(
        "capacity", held[-1] if held else 0.0, len(seen), "higher", AT_LEAST if len(held) == len(rates) else {}
    )
    return replace(found, unit="rates tried", evidence=seen)


def _tried(pace: Pace, plan: Plan, held: Sequence[float]) -> Shots:
    """Return one rate's load; a service that answers nothing at the first rate is not there."""
    return believed(carried(pace, plan), pace, held) if held else sound(carried(pace, plan), plan, pace.late_ms)


def believed(shots: Shots, pace: Pace, held: Sequence[float]) -> Shots:
    """Return a load beyond one that held; if the generator was late, nobody knows whether the service would hold."""
    for late in started_late(shots, pace.late_ms):
        raise HarnessError(f"the capacity is not known: it is at least {held[-1]:g}/s, but at {pace.rate:g}/s {late}")
    return shots


def _told(shots: Shots) -> str:
    """Return how it went: the answers a second, p99 and failures."""
    if not shots.answered.any():
        return f"none answered: {shots.troubles()}"
    failed = int(np.sum(~shots.answered))
    return f"{shots.rate():.0f} answers/s, p99 {shots.percentile(0.99):.1f} ms, {failed} failed"
