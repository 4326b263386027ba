"""The highest of some rates at which latency still holds."""

from collections.abc import Sequence
from dataclasses import replace

from harness import HarnessError, Measurement, UsageError
from harness_latency.load import Pace, measured
from harness_latency.plan import Plan
from harness_latency.shots import point


def capacity(pace: Pace, plan: Plan, rates: Sequence[float], limit_ms: float, share: float) -> Measurement:
    """Try rates in turn until too many requests are over the limit; 0 if the first was too much already."""
    if not rates or list(rates) != sorted(set(rates)):
        raise UsageError(f"rates rise from one to the next, as in [100, 200, 400]; found {list(rates)}")
    held, seen = 0.0, {}
    for rate in rates:
        try:
            over = float(measured(replace(pace, rate=rate), plan).over(limit_ms).mean())
        except HarnessError as trouble:
            if not held:
                raise
            seen[f"{rate:g}/s"] = str(trouble)
            break
        seen[f"{rate:g}/s"] = f"{over:.4f} over {limit_ms:g} ms"
        if over > share:
            break
        held = rate
    return replace(point("capacity", held, len(seen), "higher"), evidence=seen)
