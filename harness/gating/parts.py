"""Decides about what is released together: each part by a gate of its own, and all of them must pass. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from harness.errors import UsageError
from harness.gating.decide import WORST_FIRST
from harness.gating.gates import Gate
from harness.values.canonical import canonical, sha256
from harness.values.decisions import GateDecision, GateFinding
from harness.values.identity import Identity
from harness.values.outcomes import GateOutcome

Value = TypeVar("Value")
Decisions = Mapping[str, GateDecision]  # by part


def join_identities(parts: Mapping[str, Identity]) -> Identity:
    """Return who several candidates are together: their digests make its digest, and without one of them it has none.

    It is called by its parts, `app=m/1, model=m/2`, in the order of their names.
    """
    named = dict(sorted(parts.items()))
    keys = {name: who.key for name, who in named.items()}
    proven = all(who.digest for who in named.values())
    return Identity(
        revision=", ".join(f"{name}={who.revision}" for name, who in named.items()),
        digest=sha256(canonical(keys)) if proven else None,
        parts=keys,
    )


def join_decisions(stage: str, gate: Gate, decisions: Decisions) -> GateDecision:
    """Return what a gate of parts decides: the worst of what the gates of its parts do, of whom each is, and why.

    UsageError if two of them decide on a suite of one name, as nobody could tell whose verdicts are meant.
    """
    found = list(decisions.values())
    outcome = min((each.outcome for each in found), key=WORST_FIRST.index)
    _refuse_shared_suites(decisions)
    digests = {name: each.gate_digest for name, each in decisions.items()}
    parts = {name: each.candidate for name, each in decisions.items()}
    return GateDecision(
        project=found[0].project,
        gate=stage,
        gate_digest=sha256(canonical({"gate": gate.digest, "parts": digests})),
        candidate=join_identities(parts),
        parts=parts,
        outcome=outcome,
        findings=tuple(_join_findings(decisions, outcome)),
        warnings=tuple(f"{name}: {warning}" for name, each in decisions.items() for warning in each.warnings),
        runs=_join(each.runs for each in found),
        suites=_join(each.suites for each in found),
        datasets=_join(each.datasets for each in found),
        plugins=_join(each.plugins for each in found),
        decided=found[0].decided,
        policy=found[0].policy,
        blocks=outcome not in ("pass", "waived"),
        approvals=tuple(f"{name}: {each}" for name, decision in decisions.items() for each in decision.approvals),
        waived=tuple(id for each in found for id in each.waived),
    )


def _join_findings(decisions: Decisions, outcome: GateOutcome) -> Iterator[GateFinding]:
    """Yield why all pass, or all that is against one of them, the worst first; each names its part."""
    found = [(name, each) for name, decision in decisions.items() for each in decision.findings]
    if outcome != "pass":
        found = [(name, each) for name, each in found if each.outcome != "pass"]
        found.sort(key=lambda named: WORST_FIRST.index(named[1].outcome))
    yield from (each if each.suite else replace(each, reason=f"{name}: {each.reason}") for name, each in found)


def _refuse_shared_suites(decisions: Decisions) -> None:
    asked: dict[str, str] = {}
    for name, decision in decisions.items():
        for suite in decision.runs:
            if suite in asked:
                raise UsageError(f"parts {asked[suite]!r} and {name!r} are both held to suite {suite!r}; rename one")
            asked[suite] = name


def _join(found: Iterator[Mapping[str, Value]]) -> Mapping[str, Value]:
    return dict(chain.from_iterable(each.items() for each in found))
