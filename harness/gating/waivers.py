"""What someone answers for: one requirement that one candidate did not meet, until a day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.documents import parse, read_yaml
from harness.values.identity import Identity
from harness.values.keys import MetricKey, metric_key
from harness.values.requirements import Requirement
from harness.values.verdicts import Verdict
from harness.values.versions import FileVersion

Held = Sequence[tuple[str, Verdict]]  # the suite and each verdict that a gate is held to

Unwaivable = Collection[tuple[str, str]]  # suite and step of what no waiver stands for
LONGEST = timedelta(days=30)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Waiver(BaseModel):
    """One waiver as written; `asked` repeats what the requirement asks, so that a changed one is another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    step: str
    metric: str
    labels: Mapping[str, str] = {}
    asked: Mapping[str, float | str] = Field(min_length=1)
    candidate: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: Annotated[datetime, AfterValidator(_utc)]

    @property
    def key(self) -> MetricKey:
        """Return which metric of which step is waived, with which labels."""
        return metric_key(self.step, self.metric, self.labels)

    @property
    def summary(self) -> str:
        """Return the requirement and who waives it, in words."""
        return f"waiver of {self.suite}: {self.key} by {self.owner}"

    def names(self, suite: str, verdict: Verdict) -> bool:
        """Tell whether a verdict is of the requirement that is waived."""
        return (suite, verdict.key, asked_of(verdict.requirement)) == (self.suite, self.key, dict(self.asked))


def asked_of(requirement: Requirement) -> Mapping[str, float | str]:
    """Return what a requirement asks as a waiver of it repeats it: `{at_least: 0.75}`."""
    versus = {"versus": requirement.versus} if requirement.versus is not None else {}
    return {requirement.bound.kind: requirement.bound.value, **versus}


class SignedWaiver(Waiver):
    """A waiver that persons signed whom the project trusts to; `owner` names them, `id` is the statement's digest."""

    id: str
    issued: datetime


class WaiversFile(BaseModel):
    """A project's waivers as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: FileVersion = 1
    waivers: Sequence[Waiver]


def read_waivers(path: Path) -> Sequence[Waiver]:
    """Return the waivers in a file."""
    return parse(WaiversFile, read_yaml(path), str(path)).waivers


def refusal(
    waiver: Waiver, held: Held, candidate: Identity, *, promotes: bool, unwaivable: Unwaivable = (), now: datetime
) -> str:
    """Return why a waiver does not apply, or nothing if it does."""
    if waiver.candidate != candidate.digest:
        return f"names candidate {waiver.candidate[:19]}…, not this one"
    found = [verdict for suite, verdict in held if waiver.names(suite, verdict)]
    if not found:
        return "names no requirement that this gate holds"
    if now >= waiver.expires:
        return f"expired on {waiver.expires:%Y-%m-%d}"
    if promotes and not isinstance(waiver, SignedWaiver):
        return "is not signed, and a gate that promotes takes no unsigned one"
    if isinstance(waiver, SignedWaiver) and waiver.expires - waiver.issued > LONGEST:
        return f"lasts longer than {LONGEST.days} days"
    if (waiver.suite, waiver.step) in unwaivable or not all(verdict.requirement.waivable for verdict in found):
        return "is of what nobody can waive (`waivable: false`, of the requirement or of its check)"
    if any(verdict.outcome == "error" for verdict in found):
        return "cannot stand for what was not measured"
    return "" if any(verdict.outcome != "pass" for verdict in found) else "is not needed"
