"""One column on both sides, and the measurements its counts become."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness import ColumnProfile, Measurement, Sample

Counts = Sequence[int]
DEPENDENT = "none: rows belong together or carry weights, and counts do not know by how much"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One column of both tables; where rows are not independent, its distances are points."""

    reference: ColumnProfile
    current: ColumnProfile
    independent: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)

    def of_bins(self, metric: str, reference: Counts, current: Counts, **evidence: str) -> Measurement:
        """Return a distance of counts per bin, with its interval; of a single bin, that nothing moved."""
        held = [pair for pair in zip(reference, current, strict=True) if any(pair)]
        if len(held) < 2:
            return self._exact(metric, 0.0, found="one value, the same on both sides")
        if not self.independent:
            return self.point(metric, PLAIN[metric](*zip(*held, strict=True)), interval=DEPENDENT, **evidence)
        counts = {f"reference.{place}": float(count) for place, count in enumerate(reference)}
        counts |= {f"current.{place}": float(count) for place, count in enumerate(current)}
        return self._measured(metric, Sample(statistic=metric, counts=counts), evidence)

    def of_rates(self, metric: str, statistic: str, counts: Mapping[str, float], **evidence: str) -> Measurement:
        """Return a share (`k` of `n`), less that of the reference where one is given."""
        if self.independent:
            return self._measured(metric, Sample(statistic=statistic, counts=counts), evidence)
        share = counts["k"] / counts["n"] - counts.get("k_ref", 0) / counts.get("n_ref", 1)
        return self.point(metric, share, interval=DEPENDENT, **evidence)

    def point(self, metric: str, value: float, **evidence: str) -> Measurement:
        """Return a distance without a known interval."""
        counts = {"value": float(value), "n": self.current.rows}
        return self._measured(metric, Sample(statistic="point", counts=counts), evidence)

    def _exact(self, metric: str, value: float, **evidence: str) -> Measurement:
        counts = {"value": value, "n": self.current.rows}
        return self._measured(metric, Sample(statistic="exact", counts=counts), evidence)

    def _measured(self, metric: str, sample: Sample, evidence: Mapping[str, str]) -> Measurement:
        return Measurement(metric=metric, sample=sample, better="lower", labels=self.labels, evidence=evidence)


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


PLAIN: Mapping[str, Callable[[Counts, Counts], float]] = {"psi": psi, "js": jensen_shannon, "ks": furthest}
