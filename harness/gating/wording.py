"""Puts a gate's decision into words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.values.decisions import GateDecision
from harness.values.outcomes import GateOutcome

SAYS: Mapping[GateOutcome, str] = {
    "pass": "may pass",
    "waived": "is let through on someone's word at",
    "fail": "may not pass",
    "inconclusive": "is not decided for",
    "error": "could not be judged for",
}
REPORTED = "reported, does not block: this stage says on_inconclusive: report"


@dataclass(frozen=True, kw_only=True)
class DecisionWording:
    """A decision in words, in parts: `fraud 14 may not pass production`, why, and what to know besides."""

    headline: str
    reasons: Sequence[str]
    notices: Sequence[str]
    warnings: Sequence[str]


def describe_decision(decision: GateDecision) -> DecisionWording:
    """Return a decision in words, in parts, for those who lay it out."""
    is_reported = decision.outcome == "inconclusive" and not decision.blocks
    return DecisionWording(
        headline=f"{decision.candidate.revision} {SAYS[decision.outcome]} {decision.gate}",
        reasons=group_reasons(decision.reasons),
        notices=(REPORTED,) if is_reported else (),
        warnings=decision.warnings,
    )


def group_reasons(reasons: Sequence[str]) -> Sequence[str]:
    """Return reasons that differ in their labels alone as one line that counts them."""
    lines = [re.sub(r"\[[^\]]*\]:", " (COUNT):", reason, count=1) for reason in reasons]
    several = Counter(lines)
    alone = zip(lines, reasons, strict=True)
    shown = {line: line.replace("COUNT", f"all {n}") if (n := several[line]) > 1 else reason for line, reason in alone}
    return list(shown.values())
