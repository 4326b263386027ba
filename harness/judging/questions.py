"""What is asked of what, and what was found: both whole before a verdict is made of them and of its reason."""

from dataclasses import dataclass, field, replace

from harness.values.keys import Labels
from harness.values.measurements import Measurement
from harness.values.outcomes import Outcome
from harness.values.requirements import Better, Requirement
from harness.values.verdicts import Estimate, Look, Verdict


@dataclass(frozen=True, kw_only=True)
class Question:
    """One requirement asked of one measurement at one look; of what was not measured, only its step is known."""

    requirement: Requirement
    check: str
    step: str
    metric: str
    labels: Labels = field(default_factory=dict)
    statistic: str = ""
    better: Better = "higher"
    unit: str = "rows"
    event: str = ""
    notes: tuple[str, ...] = ()
    look: Look | None = None

    def error(self, reason: str) -> Verdict:
        """Return that there is no answer, and why."""
        return Verdict(outcome="error", reason=reason, **vars(self))

    def undecided(self, reason: str, estimate: Estimate | None = None) -> Verdict:
        """Return that nothing is decided, and why; the estimate is only shown."""
        return Verdict(outcome="inconclusive", reason=reason, estimate=estimate, **vars(self))

    def unproven(self, reason: str, estimate: Estimate, needed: int | None = None) -> Verdict:
        """Return that no must is decided, why, and how many observations it takes; who reads it is told why."""
        return replace(self.undecided(reason, estimate), n_needed=needed, notes=(*self.notes, reason))

    def answer(self, finding: "Finding", reason: str) -> Verdict:
        """Return what was found, in words too."""
        return Verdict(reason=reason, **{**vars(self), **vars(finding)})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of a question, before it is put into words; the plans are those of a Verdict."""

    requirement: Requirement
    statistic: str
    better: Better
    unit: str
    look: Look | None
    outcome: Outcome
    estimate: Estimate
    n_needed: int | None = None
    plans: tuple[tuple[float, int], ...] = ()


def question_of(requirement: Requirement, measurement: Measurement, look: Look | None = None) -> Question:
    """Return what a requirement asks of a measurement."""
    why, note = measurement.evidence.get("interval", ""), measurement.evidence.get("note", "")
    return Question(
        requirement=requirement,
        check=measurement.check,
        step=measurement.step,
        metric=measurement.metric,
        labels=measurement.labels,
        statistic=measurement.sample.statistic,
        better=measurement.better,
        unit=measurement.unit,
        event=measurement.event,
        notes=(*((f"interval: {why}",) if why else ()), *((note,) if note else ())),
        look=look,
    )
