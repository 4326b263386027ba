"""Runs and verdicts as a gate sees them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from harness import samples
from harness.gating.attempts import attempt
from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.outcomes import Outcome
from harness.values.requirements import Requirement, Severity
from harness.values.runs import Run
from harness.values.verdicts import Verdict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


CANDIDATE = Identity(revision="models:/fraud/2", digest="sha256:" + "a" * 64)


MUST = Requirement(metric="recall", at_least=0.7)


MEASURED = Measurement(metric="recall", sample=samples.proportion(k=1, n=2))


GATE = Gate(suites=["card"])


def verdict(outcome: Outcome, severity: Severity = "must", versus: str | None = None) -> Verdict:
    asked = Requirement(metric="recall", versus=versus, lose_at_most=0.1) if versus else MUST
    asked = replace(asked, severity=severity)
    return Verdict(check="c", metric="recall", outcome=outcome, reason=f"because {outcome}", requirement=asked)


def run(*verdicts: Verdict, age: timedelta = timedelta(hours=1), **changes: object) -> Run:
    values: dict[str, object] = {
        "id": "r1",
        "digest": "sha256:1",
        "project": "demo",
        "suite": "card",
        "suite_digest": "sha256:2",
        "candidate": CANDIDATE,
        "verdicts": verdicts,
        "measurements": (),
        "as_of": NOW - age,
        "started": NOW - age,
        "finished": NOW - age,
    }
    values = {**values, **changes}
    values["as_of"] = min(values["as_of"], values["finished"])  # type: ignore[type-var]
    return Run(**values)  # type: ignore[arg-type]


def decided(gate: Gate, *runs: Run, candidate: Identity = CANDIDATE, promoted_before: bool = True) -> GateDecision:
    return decide(
        GateQuestion(
            gate=gate,
            candidate=candidate,
            stage="production",
            project="demo",
            now=NOW,
            promoted_before=promoted_before,
            attempts=[attempt(each) for each in runs],
        ),
        runs,
    )
