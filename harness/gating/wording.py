"""Puts a gate's decision into words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
SHORT = 12  # digits of a commit
NOT_BLOCKING = "inconclusive, not blocking"
NOT_ENFORCED = "would have blocked"
UNENFORCED = "would have blocked, and does not: this stage says enforce: false"
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
    return DecisionWording(
        title=_title(decision),
        headline=f"{_name(decision.candidate)} {SAYS[decision.outcome]} {decision.gate}",
        reasons=_group_findings(decision.findings),
        notices=tuple(_list_notices(decision)),
        warnings=decision.warnings,
    )


def describe_unenforced(
    decisions: Sequence[GateDecision], stages: Sequence[str], since: datetime | None
) -> Iterator[str]:
    """Yield each decision that would have blocked had its stage been enforced, and of how many these are."""
    tried = [each for each in decisions if not each.enforced and (not stages or each.gate in stages)]
    tried = [each for each in tried if since is None or each.decided >= since]
    blocked = [each for each in tried if each.would_block]
    for each in blocked:
        yield f"{each.decided:%Y-%m-%d %H:%M}  {each.gate}  {each.outcome}  {_name(each.candidate)}: {each.reasons[0]}"
    yield f"{len(blocked)} of {len(tried)} decisions of stages that are not enforced would have blocked"


def _title(decision: GateDecision) -> str:
    if decision.would_block:
        return f"{decision.outcome}, {NOT_ENFORCED}"
    return NOT_BLOCKING if _is_reported(decision) else decision.outcome


def _is_reported(decision: GateDecision) -> bool:
    return decision.outcome == "inconclusive" and not decision.blocks and decision.enforced


def _list_notices(decision: GateDecision) -> Iterator[str]:
    if decision.would_block:
        yield UNENFORCED
    if _is_reported(decision):
        yield REPORTED
    if decision.policy:
        yield f"gate and suites as of commit {decision.policy[:SHORT]}"


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
