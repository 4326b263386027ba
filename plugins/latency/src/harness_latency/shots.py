"""What a load did, request by request, and what can be measured on it."""

import math
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness import Measurement, samples
from harness_latency.plan import SHOTS, describe_failures

FEWEST = 400  # requests: `exceedance` judges 20 blocks of 20
PERCENTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99, "p999_ms": 0.999}
METRICS: Mapping[str, str] = {
    "over_limit": "exceedance",
    "error_rate": "exceedance",
    **dict.fromkeys([*PERCENTILES, "rate"], "point"),
}
LATE_SHARE = 0.005  # of requests may start late before the generator, not the service, is what was measured
Better = Literal["higher", "lower"]
NONE: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Shots:
    """Requests of one load in the order they were due, told apart from those of other loads by its id.

    Number, when due (seconds since the first, which was due at `began`, seconds of the epoch), how long until answered
    (ms), how late it was sent (ms), HTTP status or why there is none, whether it was answered as expected, and of
    streams how long until the first token (ms).
    """

    load: str
    began: float
    number: NDArray[np.int64]
    due: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    late_ms: NDArray[np.float64]
    status: NDArray[np.int64]
    is_answered: NDArray[np.bool_]
    first_ms: NDArray[np.float64] | None = None

    def is_over_limit(self, limit_ms: float) -> NDArray[np.bool_]:
        """Tell which requests took longer than the limit; one that failed counts, however fast it failed."""
        return (self.latency_ms > limit_ms) | ~self.is_answered

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the answered requests did not exceed."""
        return float(np.quantile(self.latency_ms[self.is_answered], share, method="inverted_cdf"))

    def rate(self) -> float:
        """Return the answers per second, from the first request due to the last answer."""
        ends = self.due + self.latency_ms / 1000
        return float(self.is_answered.sum() / (ends.max() - self.due.min()))

    def held_up(self, stall: float | None) -> int | None:
        """Return how many requests came in so many seconds at this load's mean rate; None where none was declared."""
        if stall is None:
            return None
        seconds = max(float(np.ptp(self.due)), stall)  # a stall as long as the load holds up all of it
        return max(1, math.ceil((len(self.due) - 1) * stall / seconds))

    def part(self, keep: NDArray[np.bool_]) -> "Shots":
        """Return some of the requests."""
        own = {name: column for name, column in vars(self).items() if name not in ("load", "began")}
        columns = {name: column[keep] for name, column in own.items() if column is not None}
        return Shots(load=self.load, began=self.began, **columns)

    def ids(self) -> pa.Array:
        """Return an id of each request that no other load has: loads are fresh rows, and are judged together."""
        return pa.array([f"{self.load}-{number}" for number in self.number.tolist()])

    def times(self) -> NDArray[np.float64]:
        """Return when each request was due, in seconds of the epoch, so that one load comes after the other."""
        return self.began + self.due

    def troubles(self) -> str:
        """Return what went wrong, and how often."""
        return describe_failures(self.status[~self.is_answered].tolist())


def new_load_id() -> str:
    """Return an id for a load."""
    return uuid.uuid4().hex[:12]


def read_shots(folder: Path) -> Shots:
    """Return what a generator wrote."""
    with np.load(folder / SHOTS) as found:
        due, taken, done, status = (found[name] for name in ("due", "taken", "done", "status"))
        first = found["first"]
        answered, began = found["answered"], float(found["began"])
    return Shots(
        load=new_load_id(),
        began=began,
        number=np.arange(len(due)),
        due=due - due[0],
        latency_ms=(done - due) * 1000,
        late_ms=(taken - due) * 1000,
        status=status.astype(np.int64),
        is_answered=answered,
        first_ms=np.where(first > 0, (first - due) * 1000, np.nan) if first.any() else None,
    )


def no_answer_problems(shots: Shots, by: str = "the service") -> Iterator[str]:
    """Yield that none of the requests was answered, if so, and why."""
    if not shots.is_answered.any():
        yield f"none of {len(shots.due)} requests was answered by {by}: {shots.troubles()}; does the service run?"


def late_start_problems(shots: Shots, late_ms: float) -> Iterator[str]:
    """Yield that the generator was late, if so: it measured itself."""
    late = float((shots.late_ms > late_ms).mean())
    if late > LATE_SHARE:
        yield (
            f"the generator was late: {100 * late:.1f} % of {len(shots.due):,} requests started more than {late_ms:g} "
            f"ms after they were due (at most {100 * LATE_SHARE:.1f} % may; p99 "
            f"{np.quantile(shots.late_ms, 0.99):.1f} ms); nothing was measured: use a less busy machine or a lower rate"
        )


def measurements(
    shots: Shots, limit_ms: float, labels: Mapping[str, str] = NONE, stall: int | None = None
) -> Iterator[Measurement]:
    """Yield the share over the limit and of errors, in order of time, and the percentiles as points."""
    over = rows_of(shots.is_over_limit(limit_ms), shots, limit_ms)
    yield share("over_limit", over, f"over {limit_ms:g} ms", labels, stall)
    yield share("error_rate", rows_of(~shots.is_answered, shots, limit_ms), "failed", labels, stall)
    for metric, part in PERCENTILES.items():
        yield point(metric, shots.percentile(part), len(shots.due), "lower", labels)
    yield point("rate", shots.rate(), len(shots.due), "higher", labels)


def lateness(shots: Shots, labels: Mapping[str, str] = NONE) -> Measurement:
    """Return how late the generator was: the 99th percentile, in milliseconds."""
    return point("lateness", float(np.quantile(shots.late_ms, 0.99)), len(shots.due), "lower", labels)


def rows_of(
    y: NDArray[np.bool_], shots: Shots, limit_ms: float, took_ms: NDArray[np.float64] | None = None
) -> pa.Table:
    """Return the requests as rows in order of time; one that failed was no faster than the limit."""
    took = shots.latency_ms if took_ms is None else took_ms
    score = np.where(shots.is_answered, took, np.maximum(shots.latency_ms, limit_ms))
    columns = {"id": shots.ids(), "y": y.astype(np.float64), "score": score, "time": shots.times()}
    return pa.table({**columns, "status": shots.status})


def share(
    metric: str, rows: pa.Table, event: str, labels: Mapping[str, str] = NONE, stall: int | None = None
) -> Measurement:
    """Return a share of requests, with an interval that heeds bursts, and one `stall` of so many that did not come."""
    sample = samples.rows.exceedance(rows, stall=stall)
    return Measurement(
        metric=metric, sample=sample, better="lower", unit="requests", event=event, labels=labels, text=("status",)
    )


def point(metric: str, value: float, n: int, better: Better, labels: Mapping[str, str] = NONE) -> Measurement:
    """Return a number without an interval."""
    sample = samples.point(value=value, n=n)
    return Measurement(metric=metric, sample=sample, better=better, unit="requests", labels=labels)
