"""Puts a gate's decision into words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.values.decisions import GateDecision, GateFinding
from harness.values.identity import Identity, is_of_rows, short_digest
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
    return short_digest(who.revision) if is_of_rows(who) else who.revision


def _group_findings(findings: Sequence[GateFinding]) -> Sequence[str]:
    """Return findings as lines; metrics of one suite with the same reason share one, and labels are counted."""
    groups: dict[tuple[GateOutcome, str, str], list[GateFinding]] = {}
    for finding in findings:
        groups.setdefault((finding.outcome, finding.suite, finding.reason), []).append(finding)
    return [group[0].line(", ".join(_names(group))) for group in groups.values()]


def _names(group: Sequence[GateFinding]) -> Iterator[str]:
    """Yield the metrics of some findings: `recall`, `precision[channel=pos]`, `missing (all 3)`."""
    keys = list(dict.fromkeys(finding.key for finding in group if finding.key))
    for overall in dict.fromkeys(key.overall for key in keys):
        own = [key for key in keys if key.overall == overall]
        yield str(own[0]) if len(own) == 1 else f"{overall} (all {len(own)})"
