"""The highest of some rates at which latency still holds, found by a generator that was in time at each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness import HarnessError, Measurement, UsageError
from harness_latency.load import Pace, run_load, sound
from harness_latency.plan import Plan
from harness_latency.shots import Shots, late_start_problems, point

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
        shots = _try_rate(replace(pace, rate=rate), plan, held)
        over = shots.is_over_limit(limit_ms)
        seen[f"{rate:g}/s"] = f"{over.mean():.4f} over {limit_ms:g} ms; {_result_text(shots)}"
        if over.mean() > share:
            break
        held.append(rate)
    found = point(
        "capacity", held[-1] if held else 0.0, len(seen), "higher", AT_LEAST if len(held) == len(rates) else {}
    )
    return replace(found, unit="rates tried", evidence=seen)


def _try_rate(pace: Pace, plan: Plan, held: Sequence[float]) -> Shots:
    """Return one rate's load; a service that answers nothing at the first rate is not there."""
    return (
        require_on_time(run_load(pace, plan), pace, held) if held else sound(run_load(pace, plan), plan, pace.late_ms)
    )


def require_on_time(shots: Shots, pace: Pace, held: Sequence[float]) -> Shots:
    """Return a load beyond one that held; if the generator was late, nobody knows whether the service would hold."""
    for late in late_start_problems(shots, pace.late_ms):
        raise HarnessError(f"the capacity is not known: it is at least {held[-1]:g}/s, but at {pace.rate:g}/s {late}")
    return shots


def _result_text(shots: Shots) -> str:
    """Return how it went: the answers a second, p99 and failures."""
    if not shots.is_answered.any():
        return f"none answered: {shots.troubles()}"
    failed = int(np.sum(~shots.is_answered))
    return f"{shots.rate():.0f} answers/s, p99 {shots.percentile(0.99):.1f} ms, {failed} failed"
