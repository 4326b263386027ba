"""One column on both sides, and the measurements its counts become."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness import ColumnProfile, CrossCheck, Dataset, Measurement, Sample, samples

Counts = Sequence[int]
MOVED = (
    CrossCheck(
        own="fail",
        beside="drift.concept",
        then="pass",
        says="inputs moved, quality holds: by matured labels the model does what it did (drift.concept passes)",
    ),
    CrossCheck(
        own="fail",
        beside="drift.concept",
        then="fail",
        says="inputs moved and quality fell (drift.concept fails): the model meets inputs it did not learn from",
    ),
    CrossCheck(
        own="fail",
        beside="drift.concept",
        then="inconclusive",
        says="inputs moved; whether quality holds is not known yet (drift.concept is inconclusive)",
    ),
)


def dependent(data: Dataset) -> str:
    """Return why a table's counts have no interval, or nothing: then each row counts by itself and as one."""
    if not data.roles.cluster and data.roles.weight is None:
        return ""
    why = (
        f"rows of one {' or '.join(data.roles.cluster)} belong together (`cluster`)"
        if data.roles.cluster
        else f"rows carry a `weight`, {data.roles.weight!r}"
    )
    return (
        f"in {data.name!r} {why}, and counts do not know how much less or more rows are then worth; to decide, declare "
        f"the same source without it under another name, which takes its rows for independent"
    )


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One column of both tables, of which SQL types; where it `depends` on more than counts, distances are points."""

    reference: ColumnProfile
    current: ColumnProfile
    depends: str = ""
    types: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def measure_bins(
        self, metric: str, reference: Counts, current: Counts, within: float | None = None, **evidence: str
    ) -> Measurement:
        """Return a distance of counts per bin, which may be off `within`, with its interval; of one bin, none."""
        held = [pair for pair in zip(reference, current, strict=True) if any(pair)]
        if len(held) < 2:
            return self._exact(metric, 0.0, found="one value, the same on both sides")
        evidence |= {} if within is None else {"within": f"{within:.2g}"}
        if self.depends:
            return self.point(metric, PLAIN[metric](*zip(*held, strict=True)), **evidence)
        sample = OF_BINS[metric](reference=reference, current=current, within=within or 0.0)
        return self._measurement(metric, sample, evidence)

    def measure_rate(self, metric: str, rate: Sample, **evidence: str) -> Measurement:
        """Return a share (`k` of `n`), less that of the reference where one is given."""
        if not self.depends:
            return self._measurement(metric, rate, evidence)
        counts = rate.counts
        share = counts["k"] / counts["n"] - counts.get("k_ref", 0) / counts.get("n_ref", 1)
        return self.point(metric, share, **evidence)

    def point(self, metric: str, value: float, **evidence: str) -> Measurement:
        """Return a distance without a known interval."""
        why = {"interval": f"none: {self.depends}"} if self.depends else {}
        return self._measurement(metric, samples.point(value=value, n=self.current.rows), {**why, **evidence})

    def _exact(self, metric: str, value: float, **evidence: str) -> Measurement:
        return self._measurement(metric, samples.exact(value=value, n=self.current.rows), evidence)

    def _measurement(self, metric: str, sample: Sample, evidence: Mapping[str, str]) -> Measurement:
        return Measurement(
            metric=metric, sample=sample, better="lower", labels=self.labels, evidence=evidence, readings=MOVED
        )


def failure_measurement(metric: str, reason: str, labels: Mapping[str, str]) -> Measurement:
    """Return that a metric could not be measured, and why."""
    sample = samples.unmeasured("point")
    return Measurement(metric=metric, sample=sample, better="lower", labels=labels, failure=reason)


def psi(reference: Counts, current: Counts) -> float:
    """Return the population stability index, with half a row added to each bin."""
    pairs = zip(_shares(reference, 0.5), _shares(current, 0.5), strict=True)
    return sum((one - other) * math.log(one / other) for one, other in pairs)


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Return the Jensen-Shannon distance, base 2."""
    pairs = list(zip(_shares(reference), _shares(current), strict=True))
    halves = [share * math.log2(2 * share / (one + other)) for one, other in pairs for share in (one, other) if share]
    return math.sqrt(max(sum(halves) / 2, 0.0))


def furthest(reference: Counts, current: Counts) -> float:
    """Return how far the shares of the first bin lie apart."""
    return abs(_shares(reference)[0] - _shares(current)[0])


def _shares(counts: Counts, added: float = 0.0) -> list[float]:
    total = sum(counts) + added * len(counts)
    return [(count + added) / total for count in counts]


OF_BINS: Mapping[str, Callable[..., Sample]] = {"psi": samples.psi, "js": samples.js, "ks": samples.ks}
PLAIN: Mapping[str, Callable[[Counts, Counts], float]] = {"psi": psi, "js": jensen_shannon, "ks": furthest}
