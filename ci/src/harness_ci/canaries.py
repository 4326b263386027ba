"""A canary beside its control: hits of one counter by arm and stretch of time, judged at every look alike."""

import json
import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field, field_validator

from harness import Estimate, HarnessError, Sample, estimate, samples
from harness_ci.spans import Span, Strict

PATIENCE = 8  # seconds; Argo Rollouts waits for 10
MOST = 5000  # stretches that are read
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
MetricName = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]


class Arms(Strict):
    """Which label tells the arms apart, and its value in each."""

    label: str
    canary: str
    control: str


class Hit(Strict):
    """Which label tells a hit, and what it then matches as a whole, as in 5.. of status."""

    label: str
    matches: str

    @field_validator("matches")
    @classmethod
    def _is_pattern(cls, written: str) -> str:
        try:
            re.compile(written)
        except re.error as error:
            raise ValueError(f"{written!r} is no regular expression: {error}") from error
        return written


class Counter(Strict):
    """A counter in Prometheus, what is a hit, which labels count, and how long the stretches are that it is read by."""

    prometheus: str
    metric: MetricName
    hit: Hit
    where: Mapping[LabelName, str] = {}
    every: Span = Field(default="1m", validate_default=True)

    @property
    def query(self) -> str:
        """Return what Prometheus is asked for."""
        return self.metric + "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in self.where.items()) + "}"


class Counters(Counter):
    """A counter, and its arms."""

    arms: Arms


class Canary(Counters):
    """A canary's counters, and by how much more hits it may have than its control."""

    lose_at_most: Annotated[float, Field(ge=0, lt=1)]
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is known of a canary by now: the difference of the rates of hits, canary less control."""

    verdict: Literal["pass", "fail", "undecided"]
    difference: Estimate


def judge_canary(canary: Canary, since: float, now: float | None = None) -> Judged:
    """Return what the counters since then decide; HarnessError where they cannot be read or say nothing."""
    found = estimate(read_sample(canary, since, time.time() if now is None else now), alpha=canary.alpha)
    return Judged(verdict=_decide(found, canary.lose_at_most), difference=found)


def read_sample(counters: Counters, since: float, until: float) -> Sample:
    """Return hits and requests of both arms by stretch of time; HarnessError where these cannot be read."""
    stretches = count_stretches(counters, _read_series(counters, since, until), since)
    if not stretches:
        raise HarnessError(f"no stretch of time in which both arms of {counters.metric} had traffic")
    k, n, k_ref, n_ref = (list(column) for column in zip(*stretches, strict=True))
    return samples.canary(k=k, n=n, k_ref=k_ref, n_ref=n_ref)


def read_clock(prometheus: str) -> float:
    """Return what time it is for a Prometheus, in seconds of 1970; HarnessError where it does not say."""
    found: Sequence[Any] = _ask(prometheus, "query", {"query": "time()"}, "its time")
    return float(found[0])


def _decide(found: Estimate, most: float) -> Literal["pass", "fail", "undecided"]:
    if found.lower is None or found.upper is None or not all(map(math.isfinite, (found.lower, found.upper))):
        return "undecided"
    if found.upper <= most:
        return "pass"
    return "fail" if found.lower > most else "undecided"


def count_stretches(canary: Counters, series: Iterable[Mapping[str, Any]], since: float) -> Sequence[tuple[float, ...]]:
    """Return hits and all of the canary, then of the control, for each stretch in which both had traffic."""
    counts: dict[float, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    arms = {canary.arms.canary: 0, canary.arms.control: 2}
    for each in series:
        labels = each["metric"]
        if canary.hit.label not in labels:
            raise HarnessError(f"a series of {canary.metric} has no label {canary.hit.label!r}, which tells hits")
        column = arms.get(labels.get(canary.arms.label, ""))
        if column is None:
            continue
        hit = re.fullmatch(canary.hit.matches, labels[canary.hit.label]) is not None
        for moment, more in _increments(each["values"], since):
            counts[moment][column + 1] += more
            counts[moment][column] += more if hit else 0.0
    return [tuple(each) for _, each in sorted(counts.items()) if each[1] and each[3]]


def _increments(values: Sequence[Sequence[Any]], since: float) -> Iterator[tuple[float, float]]:
    """Yield by how much a counter grew, by moment; one that is new, or starts anew, grew by what it has."""
    before = None if values and float(values[0][0]) <= since else 0.0
    for moment, text in values:
        value = float(text)
        if not math.isfinite(value) or value < 0:
            raise HarnessError(f"a counter of the canary is {text} at {moment}, which none can be")
        if before is not None:
            yield float(moment), value - before if value >= before else value
        before = value


def _read_series(canary: Counters, since: float, now: float) -> Sequence[Mapping[str, Any]]:
    """Return the counter's series on a grid that starts at `since` and ends with the last whole stretch."""
    every = canary.every.total_seconds()
    count = math.floor((now - since) / every)
    if not 1 <= count <= MOST:
        raise HarnessError(f"{count} stretches of {every:.0f} s lie between `since` and now; from 1 to {MOST} are read")
    asked: dict[str, str | float] = {
        "query": canary.query,
        "start": since,
        "end": since + count * every,
        "step": every,
    }
    series: Sequence[Mapping[str, Any]] = _ask(canary.prometheus, "query_range", asked, canary.metric)
    return series


def _ask(prometheus: str, path: str, asked: Mapping[str, str | float], what: str) -> Any:
    """Return the result of a query."""
    try:
        return httpx.get(f"{prometheus}/api/v1/{path}", params=asked, timeout=PATIENCE).json()["data"]["result"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise HarnessError(f"Prometheus cannot be read for {what}: {type(error).__name__}") from error
