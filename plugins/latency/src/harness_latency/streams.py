"""What can be measured on answers that are streamed: when their first token came."""

from collections.abc import Iterator, Mapping

import numpy as np

from harness import Measurement
from harness_latency.shots import METRICS as OF_SHOTS
from harness_latency.shots import Shots, point, rows_of, share

FIRST = {"first_p50_ms": 0.5, "first_p99_ms": 0.99}
METRICS: Mapping[str, str] = {
    **OF_SHOTS,
    "first_over_limit": "exceedance",
    **dict.fromkeys([*FIRST, "lateness"], "point"),
}


def measure_first(shots: Shots, limit_ms: float, stall: int | None = None) -> Iterator[Measurement]:
    """Yield the share whose first token came later than the limit, or whose stream broke, and percentiles as points."""
    first = np.full(len(shots.due), np.nan) if shots.first_ms is None else shots.first_ms
    over = (first > limit_ms) | ~shots.is_answered
    event = f"first token after {limit_ms:g} ms"
    yield share("first_over_limit", rows_of(over, shots, limit_ms, first), event, stall=stall)
    for metric, part in FIRST.items():
        yield point(
            metric, float(np.quantile(first[shots.is_answered], part, method="inverted_cdf")), len(over), "lower"
        )
