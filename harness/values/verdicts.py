"""One requirement held to one measurement."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from harness.values.keys import Labels, MetricKey, metric_key
from harness.values.outcomes import Outcome
from harness.values.requirements import Better, Requirement


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with one-sided bounds, each at `level` (0.95 means each bound errs at most 5 % of the time).

    `n` counts observations of the unit, `n_eff` how many independent ones they are worth. Against a baseline
    all three are the difference candidate - baseline. A point has no bounds. `p_fail` is the p-value against
    "the requirement is met", `p_pass` the one against "it is not met".
    """

    value: float
    lower: float | None
    upper: float | None
    level: float
    n: int
    n_eff: float
    method: str
    hits: int | None = None
    clusters: int | None = None
    p_fail: float | None = None
    p_pass: float | None = None


@dataclass(frozen=True, kw_only=True)
class Look:
    """Which look at rows of one candidate a verdict is, and the evidence of all of them.

    Of `planned` looks there are no more; None have no end. It is judged at `alpha`, its share of the requirement's;
    None is what the requirement says. `size` counts the rows that it saw, `joined` those of them that only earlier
    looks saw. Counts cannot be joined: each look at them is judged `alone`, and its size is how many there were. A look
    beyond the planned ones is `spent` and not judged. `corrected` is the share of the rows judged before and seen again
    that have another label now.

    Where too little has come since, no look is taken: the one `taken` then stands, and `waiting` counts what came. Its
    pass is `withdrawn` where all that came by now does not show it at the same alpha.

    `alike` are the keys of other candidates that scored the same rows alike, as one that was logged again: looks at
    them are looks at this one.
    """

    number: int
    planned: int | None = None
    evidence: tuple[str, ...] = ()
    joined: int = 0
    alone: bool = False
    spent: bool = False
    alpha: float | None = None
    corrected: float = 0.0
    size: int = 0
    waiting: int = 0
    taken: datetime | None = None
    withdrawn: bool = False
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One requirement held to one measurement.

    `n_needed` is how many observations in all decide it if the truth is what the requirement plans for;
    `plans` lists (truth, n) for that truth, or for a few where it plans for none.
    """

    check: str
    metric: str
    outcome: Outcome
    reason: str
    requirement: Requirement
    step: str = ""
    labels: Labels = field(default_factory=dict)
    estimate: Estimate | None = None
    n_needed: int | None = None
    plans: tuple[tuple[float, int], ...] = ()
    statistic: str = ""
    better: Better = "higher"
    unit: str = "rows"
    event: str = ""
    notes: tuple[str, ...] = ()
    look: Look | None = None

    @cached_property
    def key(self) -> MetricKey:
        """Return which metric of which step was judged, with which labels."""
        return metric_key(self.step, self.metric, self.labels)

    @property
    def name(self) -> str:
        """Return the metric with its labels: `recall[channel=web]`."""
        return str(self.key)

    @property
    def title(self) -> str:
        """Return the name, and of a comparison with whom: `recall[channel=web] against champion`."""
        return f"{self.name}{self.against}"

    @property
    def against(self) -> str:
        """Return with whom it was compared, ` against champion`, or nothing."""
        return f" against {self.requirement.versus}" if self.requirement.versus else ""
