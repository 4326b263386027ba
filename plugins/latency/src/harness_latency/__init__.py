"""Latency under open-loop load: the share of requests over a limit, with an interval."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from harness import Check, Dataset, Measurement, Target, UsageError, check, hookimpl
from harness_latency.asking import endpoint, requests
from harness_latency.capacity import capacity as highest
from harness_latency.closed_loop import Crowd, run_locust
from harness_latency.comparison import METRICS as COMPARED
from harness_latency.comparison import measure_differences
from harness_latency.effort import each_of, effort_of_rates, effort_of_users
from harness_latency.load import Pace, measure_load
from harness_latency.plan import Marks, Plan
from harness_latency.schedule import Arrivals
from harness_latency.shots import METRICS, lateness, measurements
from harness_latency.streams import METRICS as STREAMED
from harness_latency.streams import measure_first

Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotBelow0 = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Mark = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
TENTH = 0.1  # of the limit: how late a request may start unless the suite says otherwise, but 1 ms at least


@check("latency.open_loop", exclusive=True, metrics={**METRICS, "lateness": "point"}, effort=effort_of_rates)
def open_loop(
    target: Target,
    data: Dataset | None = None,
    *,
    rate: Above0 | list[Above0],
    duration: Above0,
    limit_ms: Above0,
    arrivals: Arrivals = "constant",
    warmup: NotBelow0 = 2.0,
    connections: int = 256,
    timeout: Above0 = 10.0,
    late_ms: Above0 | None = None,
    longest_stall: Above0 | None = None,
    seed: int = 0,
) -> Iterator[Measurement]:
    """Measure latency from when each request was due, at arrivals that wait for no answer; several rates are steps."""
    late = _late_ms(late_ms, limit_ms)
    pace = Pace(
        rate=1.0, duration=duration, arrivals=arrivals, warmup=warmup, late_ms=late, seed=seed,
        connections=connections, timeout=timeout,
    )  # fmt: skip
    _timeout_is_longer(timeout, limit_ms)
    paces = [replace(pace, rate=each) for each in each_of(rate)]
    plan = _plan(target, data, *paces)
    for step in paces:
        labels = {"rate": f"{step.rate:g}"} if len(paces) > 1 else {}
        shots = measure_load(step, plan)
        yield from measurements(shots, limit_ms, labels, step.held_up(longest_stall))
        yield lateness(shots, labels)


@check("latency.stream", exclusive=True, metrics=STREAMED, effort=effort_of_rates)
def stream(
    target: Target,
    data: Dataset | None = None,
    *,
    rate: Above0,
    duration: Above0,
    first: Mark,
    last: Mark,
    first_limit_ms: Above0,
    limit_ms: Above0,
    arrivals: Arrivals = "constant",
    warmup: NotBelow0 = 2.0,
    connections: int = 256,
    timeout: Above0 = 10.0,
    late_ms: Above0 | None = None,
    longest_stall: Above0 | None = None,
    seed: int = 0,
) -> Iterator[Measurement]:
    """Measure the time to the first token, and to the end, of answers that are streamed, under open-loop load."""
    pace = Pace(
        rate=rate, duration=duration, arrivals=arrivals, warmup=warmup, late_ms=_late_ms(late_ms, first_limit_ms),
        seed=seed, connections=connections, timeout=timeout,
    )  # fmt: skip
    _timeout_is_longer(timeout, max(limit_ms, first_limit_ms))
    plan = replace(_plan(target, data, pace), marks=Marks(first=first.encode(), last=last.encode()))
    shots = measure_load(pace, plan)
    stall = pace.held_up(longest_stall)
    yield from measurements(shots, limit_ms, stall=stall)
    yield from measure_first(shots, first_limit_ms, stall)
    yield lateness(shots)


@check("latency.capacity", exclusive=True, metrics={"capacity": "point"}, effort=effort_of_rates)
def capacity(
    target: Target,
    data: Dataset | None = None,
    *,
    rates: list[Above0],
    duration: Above0,
    limit_ms: Above0,
    share: Share = 0.01,
    warmup: NotBelow0 = 2.0,
    timeout: Above0 = 10.0,
    late_ms: Above0 | None = None,
) -> Iterator[Measurement]:
    """Measure the highest of some rising rates at which no more than a share of requests is over the limit."""
    late, highest_rate = _late_ms(late_ms, limit_ms), max(rates, default=1.0)
    pace = Pace(rate=highest_rate, duration=duration, warmup=warmup, timeout=timeout, late_ms=late)
    _timeout_is_longer(timeout, limit_ms)
    yield highest(pace, _plan(target, data, pace), rates, limit_ms, share)


@check("latency.compare", exclusive=True, metrics=COMPARED, effort=effort_of_rates)
def compare(
    target: Target,
    data: Dataset | None = None,
    *,
    baseline_url: str,
    rate: Above0,
    duration: Above0,
    limit_ms: Above0,
    warmup: NotBelow0 = 2.0,
    timeout: Above0 = 10.0,
    late_ms: Above0 | None = None,
    longest_stall: Above0 | None = None,
) -> Iterator[Measurement]:
    """Measure how much slower the candidate is than another URL, sent the same requests at the same instants."""
    late = _late_ms(late_ms, limit_ms)
    pace = Pace(rate=rate, duration=duration, warmup=warmup, timeout=timeout, late_ms=late)
    _timeout_is_longer(timeout, limit_ms)
    alone = _plan(target, data, pace)
    both = replace(alone, endpoints=(*alone.endpoints, endpoint(baseline_url)))
    yield from measure_differences(measure_load(pace, both), both, limit_ms, pace.held_up(longest_stall))


@check("latency.locust", exclusive=True, metrics=METRICS, effort=effort_of_users)
def locust(
    target: Target,
    *,
    locustfile: str,
    users: Annotated[int, Field(gt=0)],
    duration: Above0,
    limit_ms: Above0,
    spawn_rate: Above0 = 100.0,
    processes: Annotated[int, Field(gt=0)] = 1,
    workers: Annotated[int, Field(ge=0)] = 0,
    bind: str = "127.0.0.1:5557",
    longest_stall: Above0 | None = None,
) -> Iterator[Measurement]:
    """Measure what the users of a locustfile see; they wait for answers, so a stall is felt by few requests.

    A declared stall holds up as many requests as come in that time where none waits: what an open loop would see.
    """
    if target.url is None:
        raise UsageError("this target has no url for Locust to ask; use `kind: http`, or one that is served")
    crowd = Crowd(
        users=users, spawn_rate=spawn_rate, duration=duration, processes=processes, workers=workers, bind=bind
    )
    shots = run_locust(locustfile, target.url, crowd)
    yield from measurements(shots, limit_ms, stall=shots.held_up(longest_stall))


def _plan(target: Target, data: Dataset | None, *paces: Pace) -> Plan:
    """Return the plan of loads that differ in their rate; too few requests at one of them are refused before any."""
    sent, expects = requests(target, data, max(len(pace.due()) for pace in paces))
    return Plan(
        endpoints=(endpoint(target.url),),
        requests=sent,
        expects=expects,
        connections=paces[0].connections,
        timeout=paces[0].timeout,
    )


def _late_ms(late_ms: float | None, limit_ms: float) -> float:
    return max(1.0, TENTH * limit_ms) if late_ms is None else late_ms


def _timeout_is_longer(timeout: float, limit_ms: float) -> None:
    if timeout * 1000 <= limit_ms:
        raise UsageError(f"timeout {timeout:g} s must exceed limit_ms {limit_ms:g}; a cut answer has no latency")


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer the checks that put load on a target's URL."""
    return {found.name: found for found in (open_loop, stream, capacity, compare, locust)}
