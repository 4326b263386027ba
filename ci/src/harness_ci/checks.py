"""The check `ci.canary`: a canary beside its control as Prometheus counted both, for suites that judge one."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from harness import Check, Measurement, check, hookimpl
from harness_ci.canaries import Arms, Counters, Hit, LabelName, MetricName, read_clock, read_sample
from harness_ci.spans import Span

Moment = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@check("ci.canary", metrics={"difference": "canary"})
def canary(
    *,
    prometheus: str,
    metric: MetricName,
    arms: Arms,
    hit: Hit,
    since: Moment,
    until: Moment | None = None,
    every: Span,
    where: Mapping[LabelName, str] | None = None,
) -> Iterator[Measurement]:
    """Measure how many more hits a canary has than its control; moments are in seconds of 1970, the last is now."""
    counters = Counters(prometheus=prometheus, metric=metric, arms=arms, hit=hit, every=every, where=where or {})
    sample = read_sample(counters, since, read_clock(prometheus) if until is None else until)
    yield Measurement(metric="difference", sample=sample, better="lower", unit="requests")


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `ci.canary`."""
    return {canary.name: canary}
