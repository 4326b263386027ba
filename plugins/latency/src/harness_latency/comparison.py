"""Candidate and baseline under the same load at the same time, request by request, so that noise hits both."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness import Measurement, samples
from harness_latency.plan import Plan
from harness_latency.shots import Shots

BLOCKS = 20
STALLS = 3  # in a stretch of time: shorter ones would be cut by stalls, and slow together with their neighbours
METRICS = {"slower_ms": "mean", "more_over_limit": "mean"}


def measure_differences(shots: Shots, plan: Plan, limit_ms: float, stall: int | None = None) -> Iterator[Measurement]:
    """Yield the mean of how much longer the candidate took, and of how much more often over the limit.

    `stall` is how many requests a side the longest stall to reckon with may hold up: stretches of three times as many
    are judged as one each, not twenty of the whole load.
    """
    candidate, baseline = _sides(shots, plan)
    both = candidate.is_answered & baseline.is_answered
    slower = (candidate.latency_ms - baseline.latency_ms)[both]
    new, old = (side.is_over_limit(limit_ms).astype(np.float64) for side in (candidate, baseline))
    yield _mean("slower_ms", slower, candidate.part(both), "pairs answered by both")
    count = BLOCKS if stall is None else max(BLOCKS, len(new) // (STALLS * stall))
    more = _mean("more_over_limit", new - old, candidate, "pairs", limits=(-1, 1), count=count)
    yield replace(more, evidence={"note": _note_of(new, old, count)})


def _note_of(candidate: NDArray[np.float64], baseline: NDArray[np.float64], count: int) -> str:
    """Return in how many stretches of time requests were over the limit, and how many a margin takes."""
    block = _stretches(len(candidate), count)
    slow = [len(np.unique(block[side > 0])) for side in (candidate, baseline)]
    message = f"slow requests came in {slow[0]} of {count} stretches of time, the baseline's in {slow[1]}"
    takes = "one more may be slow throughout, so a margin of 0.01 takes about 400 of them"
    return f"{message}; {takes}: a longer load, or a declared `longest_stall`"


def _stretches(n: int, count: int) -> NDArray[np.int64]:
    """Return of each of n requests, in their order, in which of so many stretches of time it was due."""
    return np.arange(n) * count // max(n, 1)


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
    count: int = BLOCKS,
) -> Measurement:
    """Return the mean of differences, one a request of the candidate; requests of one stretch of time are a cluster."""
    stretch = [f"{shots.load}-{number}" for number in _stretches(len(differences), count).tolist()]
    rows = pa.table({"id": shots.ids(), "y": differences, "cluster.block": pa.array(stretch, pa.string())})
    return Measurement(metric=metric, sample=samples.rows.mean(rows, limits=limits), better="lower", unit=unit)
