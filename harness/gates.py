"""Decides whether a candidate may pass a stage, from recorded runs alone: pure, no clock, no files, no plugins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.documents import parse, read_yaml
from harness.errors import UsageError, did_you_mean
from harness.model import WORST_FIRST, Identity, Outcome, Promotion, Run, Verdict, worst
from harness.sources import Duration


class Promoter(Protocol):
    """A registry that a gate may move; asked here only what it promoted before."""

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the revision that is promoted now, or None if there never was one."""


class Approvals(BaseModel):
    """How many people of which groups must approve, and who may not."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    count: int = Field(ge=1)
    groups: Sequence[str] = Field(alias="from", min_length=1)
    excluded: Sequence[str] = Field(alias="not", default=())


class Gate(BaseModel):
    """What a stage asks for: which suites, how fresh, what an inconclusive verdict does, what is promoted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suites: Sequence[str] = Field(min_length=1)
    run_max_age: Duration | None = None
    data_max_age: Duration | None = None
    on_inconclusive: Literal["block", "report"] = "block"
    first_promotion: Literal["allow", "refuse"] = "refuse"
    approvals: Approvals | None = None
    promote: Mapping[str, Mapping[str, Any]] = {}

    @model_validator(mode="after")
    def _promotes_only_on_proof(self) -> Self:
        if self.promote and self.on_inconclusive == "report":
            raise ValueError("promotes, so it must block on inconclusive; remove on_inconclusive: report")
        return self


class GatesFile(BaseModel):
    """A project's gates as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str | None = None
    ledger: str | None = None
    gates: Mapping[str, Gate] = Field(min_length=1)

    def gate(self, stage: str) -> Gate:
        """Return the gate of a stage."""
        if stage not in self.gates:
            raise UsageError(f"no gate {stage!r} in the gates file{did_you_mean(stage, self.gates)}")
        return self.gates[stage]


def read_gates(path: Path) -> GatesFile:
    """Return a gates file."""
    return parse(GatesFile, read_yaml(path), str(path))


@dataclass(frozen=True, kw_only=True)
class _Finding:
    outcome: Outcome
    reason: str


def candidate_named(asked: str, runs: Sequence[Run]) -> Identity:
    """Return the identity that a digest, or a revision that exactly one digest carries, stands for."""
    by_digest = [run.candidate for run in runs if run.candidate.digest == asked]
    if by_digest:
        return by_digest[-1]
    by_revision = {run.candidate.digest: run.candidate for run in runs if run.candidate.revision == asked}
    if len(by_revision) == 1:
        return next(iter(by_revision.values()))
    if by_revision:
        found = ", ".join(sorted(digest or "declared, without digest" for digest in by_revision))
        raise UsageError(f"revision {asked!r} was run with {len(by_revision)} digests; name one of {found}")
    return Identity(revision=asked, digest=asked if asked.startswith("sha256:") else None)


def decide(
    gate: Gate,
    candidate: Identity,
    runs: Sequence[Run],
    *,
    stage: str,
    project: str,
    now: datetime,
    promoted_before: bool = True,
) -> Promotion:
    """Return what a stage decides for one candidate from the latest run of each of its suites.

    Passes only if every must of every suite passes and nothing is missing, stale or about another candidate.
    """
    latest = {suite: _latest(runs, suite, candidate) for suite in gate.suites}
    findings = [*_about_candidate(gate, candidate)]
    for suite, run in latest.items():
        findings += _about_run(gate, suite, run, now, promoted_before)
    outcome = worst([finding.outcome for finding in findings])
    return Promotion(
        project=project,
        gate=stage,
        candidate=candidate,
        outcome=outcome,
        reasons=_reasons(findings, outcome),
        runs={suite: run.digest for suite, run in latest.items() if run},
        decided=now,
        blocks=outcome in ("fail", "error") or (outcome == "inconclusive" and gate.on_inconclusive == "block"),
    )


def _reasons(findings: Sequence[_Finding], outcome: Outcome) -> tuple[str, ...]:
    """Return why it passes, or all that keeps it from passing, the worst first."""
    if outcome == "pass":
        return tuple(finding.reason for finding in findings)
    against = [finding for finding in findings if finding.outcome != "pass"]
    against.sort(key=lambda finding: WORST_FIRST.index(finding.outcome))
    return tuple(f"{finding.outcome}: {finding.reason}" for finding in against)


def _latest(runs: Sequence[Run], suite: str, candidate: Identity) -> Run | None:
    same = [run for run in runs if run.suite == suite and _is(run.candidate, candidate)]
    return max(same, key=lambda run: run.started) if same else None


def _is(found: Identity, asked: Identity) -> bool:
    if asked.digest is not None:
        return found.digest == asked.digest
    return found.digest is None and found.revision == asked.revision


def _about_candidate(gate: Gate, candidate: Identity) -> Iterator[_Finding]:
    if gate.promote and candidate.digest is None:
        told = (
            "is only declared: no digest proves which model made the scores; record made_by, or judge the model itself"
        )
        yield _Finding(outcome="error", reason=f"candidate {candidate.revision} {told}")
    if gate.approvals:
        groups = " or ".join(gate.approvals.groups)
        yield _Finding(outcome="error", reason=f"{gate.approvals.count} approval(s) of {groups} asked, 0 recorded")


def _about_run(gate: Gate, suite: str, run: Run | None, now: datetime, promoted_before: bool) -> Iterator[_Finding]:
    if run is None:
        yield _Finding(outcome="error", reason=f"{suite}: no run of this candidate in the ledger; run the suite first")
        return
    yield from _about_age(gate, suite, run, now)
    verdicts = [verdict for verdict in run.verdicts if verdict.requirement.severity == "must"]
    if not verdicts:
        yield _Finding(outcome="error", reason=f"{suite}: no must was judged, so nothing is proven")
    for verdict in verdicts:
        yield _about_verdict(gate, suite, run, verdict, promoted_before)


def _about_verdict(gate: Gate, suite: str, run: Run, verdict: Verdict, promoted_before: bool) -> _Finding:
    versus = verdict.requirement.versus
    if versus and run.baselines.get(versus, run.candidate) is None and gate.first_promotion == "allow":
        if not promoted_before:
            return _Finding(
                outcome="pass", reason=f"{suite}: {verdict.name}: first promotion, no {versus} to compare with"
            )
        reason = (
            f"{suite}: {verdict.name}: there is no {versus} now, but there was one; restore it, or compare with another"
        )
        return _Finding(outcome="error", reason=reason)
    return _Finding(outcome=verdict.outcome, reason=f"{suite}: {verdict.name}: {verdict.reason}")


def _about_age(gate: Gate, suite: str, run: Run, now: datetime) -> Iterator[_Finding]:
    if gate.run_max_age and not timedelta(0) <= now - run.finished <= gate.run_max_age:
        when, limit = f"{run.finished:%Y-%m-%d %H:%M} UTC", _span(gate.run_max_age)
        reason = f"{suite}: the run of {when} is not of the last {limit}; run the suite again"
        yield _Finding(outcome="error", reason=reason)
    if gate.data_max_age:
        yield from _about_data(gate.data_max_age, suite, run, now)


def _about_data(limit: timedelta, suite: str, run: Run, now: datetime) -> Iterator[_Finding]:
    dated = {name: data.latest for name, data in run.datasets.items() if data.latest}
    if not dated:
        reason = f"{suite}: no dataset says when its rows happened; add `time: COLUMN` so that data_max_age can be held"
        yield _Finding(outcome="error", reason=reason)
    newest = max(dated.values(), default=now)
    if now - newest > limit:
        reason = f"{suite}: the newest row is of {newest:%Y-%m-%d}, older than {_span(limit)}; judge newer rows"
        yield _Finding(outcome="error", reason=reason)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes % 60:
        return f"{minutes}m"
    return f"{minutes // 1440}d" if minutes % 1440 == 0 and minutes > 1440 else f"{minutes // 60}h"
