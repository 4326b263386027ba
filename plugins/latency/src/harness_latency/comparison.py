"""Candidate and baseline under the same load at the same time, request by request, so that noise hits both."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness import Measurement, samples
from harness_latency.plan import Plan
from harness_latency.shots import Shots

BLOCKS = 20
METRICS = {"slower_ms": "mean", "more_over_limit": "mean"}


def measure_differences(shots: Shots, plan: Plan, limit_ms: float) -> Iterator[Measurement]:
    """Yield the mean of how much longer the candidate took, and of how much more often over the limit."""
    candidate, baseline = _sides(shots, plan)
    both = candidate.is_answered & baseline.is_answered
    slower = (candidate.latency_ms - baseline.latency_ms)[both]
    more = candidate.is_over_limit(limit_ms).astype(np.float64) - baseline.is_over_limit(limit_ms)
    yield _mean("slower_ms", slower, candidate.part(both), "pairs answered by both")
    yield _mean("more_over_limit", more, candidate, "pairs", limits=(-1, 1))


def _sides(shots: Shots, plan: Plan) -> tuple[Shots, Shots]:
    """Return the candidate's and the baseline's requests, pair by pair."""
    side = plan.endpoint_of(shots.number)
    return shots.part(side == 0), shots.part(side == 1)


def _mean(
    metric: str,
    differences: NDArray[np.float64],
    shots: Shots,
    unit: str,
    *,
    limits: tuple[float, float] | None = None,
) -> Measurement:
    """Return the mean of differences, one a request of the candidate; requests of one stretch of time are a cluster."""
    block = np.arange(len(differences)) * BLOCKS // max(len(differences), 1)
    stretch = [f"{shots.load}-{number}" for number in block.tolist()]
    rows = pa.table({"id": shots.ids(), "y": differences, "cluster.block": pa.array(stretch, pa.string())})
    return Measurement(metric=metric, sample=samples.rows.mean(rows, limits=limits), better="lower", unit=unit)
