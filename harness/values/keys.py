"""Names one metric of one step, so that what was measured, judged and waived can be told to be of the same thing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

Labels = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class MetricKey:
    """Which metric of which step, with which labels, sorted by name."""

    step: str
    metric: str
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def overall(self) -> "MetricKey":
        """Return the key of the metric as a whole: without labels."""
        return replace(self, labels=())

    @property
    def where(self) -> str:
        """Return the labels as a suite asks for them: `channel: web`, or `overall`."""
        return ", ".join(f"{name}: {value}" for name, value in self.labels) or "overall"

    def __str__(self) -> str:
        labels = ",".join(f"{name}={value}" for name, value in self.labels)
        return f"{self.metric}[{labels}]" if labels else self.metric

    def __lt__(self, other: "MetricKey") -> bool:
        return (str(self), self.step) < (str(other), other.step)


def metric_key(step: str, metric: str, labels: Labels) -> MetricKey:
    """Return the key of a metric; labels are the same in any order."""
    return MetricKey(step=step, metric=metric, labels=tuple(sorted(labels.items())))
