"""Latency under open-loop load: the share of requests over a limit, with an interval."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from harness import Check, Dataset, Measurement, Target, UsageError, check, hookimpl
from harness_latency.asking import endpoint, requests
from harness_latency.load import Pace, measured
from harness_latency.plan import Plan
from harness_latency.schedule import Arrivals
from harness_latency.shots import METRICS, measurements

Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotBelow0 = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
TENTH = 0.1  # of the limit: how late a request may start unless the suite says otherwise, but 1 ms at least


@check("latency.open_loop", exclusive=True, metrics=METRICS)
def open_loop(
    target: Target,
    data: Dataset | None = None,
    *,
    rate: Above0,
    duration: Above0,
    limit_ms: Above0,
    arrivals: Arrivals = "constant",
    warmup: NotBelow0 = 2.0,
    connections: int = 256,
    timeout: Above0 = 10.0,
    late_ms: Above0 | None = None,
    seed: int = 0,
) -> Iterator[Measurement]:
    """Measure latency from when each request was due, at arrivals that wait for no answer."""
    late = _late_ms(late_ms, limit_ms)
    pace = Pace(
        rate=rate, duration=duration, arrivals=arrivals, warmup=warmup, late_ms=late, seed=seed,
        connections=connections, timeout=timeout,
    )  # fmt: skip
    _timeout_is_longer(timeout, limit_ms)
    shots = measured(pace, _plan(target, data, pace))
    yield from measurements(shots, limit_ms)


def _plan(target: Target, data: Dataset | None, pace: Pace) -> Plan:
    return Plan(
        endpoints=(endpoint(target.url),),
        requests=requests(target, data, len(pace.due())),
        connections=pace.connections,
        timeout=pace.timeout,
    )


def _late_ms(late_ms: float | None, limit_ms: float) -> float:
    return max(1.0, TENTH * limit_ms) if late_ms is None else late_ms


def _timeout_is_longer(timeout: float, limit_ms: float) -> None:
    if timeout * 1000 <= limit_ms:
        raise UsageError(f"timeout {timeout:g} s must exceed limit_ms {limit_ms:g}; a cut answer has no latency")


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `latency.open_loop`."""
    return {found.name: found for found in (open_loop,)}
