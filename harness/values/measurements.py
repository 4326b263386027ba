"""One metric as a check saw it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from harness.values.identity import CANDIDATE
from harness.values.keys import Labels, MetricKey, metric_key
from harness.values.outcomes import Outcome
from harness.values.requirements import Better
from harness.values.samples import Sample


@dataclass(frozen=True, kw_only=True)
class CrossCheck:
    """What it means, for those who read a verdict, that it is `own` and the worst of the check `beside` is `then`."""

    own: Outcome
    beside: str
    then: Outcome
    says: str


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One metric as a check saw it; it carries its sample and knows no threshold.

    `unit` names what is counted ("frauds"), `event` what happened to the good ones ("caught").
    `target` is "candidate" or the name of the baseline that was measured. `failure` says why this one could not be
    made while others were: its verdict is an error. `readings` tell what it means beside other checks. `text` names
    the columns of its rows that hold free text: they are not judged, and only stored where a run asks for it. `asked`
    is the digest of what was asked of what: looks at the same count together, whatever steps and suites are called.
    """

    metric: str
    sample: Sample
    better: Better = "higher"
    unit: str = "rows"
    event: str = ""
    labels: Labels = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    readings: tuple[CrossCheck, ...] = ()
    text: tuple[str, ...] = ()
    check: str = ""
    step: str = ""
    target: str = CANDIDATE
    asked: str = ""

    @cached_property
    def key(self) -> MetricKey:
        """Return which metric of which step this is, with which labels, whichever the target."""
        return metric_key(self.step, self.metric, self.labels)
