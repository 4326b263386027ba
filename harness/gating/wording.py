"""Puts a gate's decision into words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.values.decisions import GateDecision, GateFinding
from harness.values.identity import Identity, is_digest, short_digest
from harness.values.outcomes import GateOutcome

SAYS: Mapping[GateOutcome, str] = {
    "pass": "may pass",
    "waived": "is let through on someone's word at",
    "fail": "may not pass",
    "inconclusive": "is not decided for",
    "error": "could not be judged for",
}
NOT_BLOCKING = "inconclusive, not blocking"
REPORTED = "reported, does not block: this stage says on_inconclusive: report"


@dataclass(frozen=True, kw_only=True)
class DecisionWording:
    """A decision in words, in parts: `fail`, `fraud 14 may not pass production`, why, and what to know besides."""

    title: str
    headline: str
    reasons: Sequence[str]
    notices: Sequence[str]
    warnings: Sequence[str]


def describe_decision(decision: GateDecision) -> DecisionWording:
    """Return a decision in words, in parts, for those who lay it out."""
    is_reported = decision.outcome == "inconclusive" and not decision.blocks
    return DecisionWording(
        title=NOT_BLOCKING if is_reported else decision.outcome,
        headline=f"{_name(decision.candidate)} {SAYS[decision.outcome]} {decision.gate}",
        reasons=_group_findings(decision.findings),
        notices=(REPORTED,) if is_reported else (),
        warnings=decision.warnings,
    )


def _name(who: Identity) -> str:
    return short_digest(who.revision) if is_digest(who.revision) else who.revision


def _group_findings(findings: Sequence[GateFinding]) -> Sequence[str]:
    """Return findings as lines; those that differ in their labels alone share one that counts them."""
    groups: dict[GateFinding, list[GateFinding]] = {}
    for finding in findings:
        groups.setdefault(_without_labels(finding), []).append(finding)
    return [_group_line(without_labels, group) for without_labels, group in groups.items()]


def _group_line(without_labels: GateFinding, group: Sequence[GateFinding]) -> str:
    if len(set(group)) == 1:
        return str(group[0])
    return without_labels.line(f"{without_labels.key} (all {len(group)})")


def _without_labels(finding: GateFinding) -> GateFinding:
    return replace(finding, key=finding.key and finding.key.overall)
