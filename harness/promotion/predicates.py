"""What a promotion or a rollback says, to be signed: of whom, decided by what, and instead of whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.promotion.code import Code
from harness.promotion.moves import identity_as_json
from harness.promotion.standing import Return
from harness.records.digests import decision_digest
from harness.records.entries import Entry
from harness.signing.anchors import KEY, ledger_head
from harness.signing.statements import OVERRIDE, PROMOTION, ROLLBACK, Statement
from harness.values.decisions import GateDecision
from harness.values.identity import CANDIDATE, Identity, is_digest
from harness.values.runs import Run


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a gate decided about a candidate, the runs it decided on, and the ledger as it stood then."""

    decision: GateDecision
    runs: Sequence[Run]
    entries: Sequence[Entry]


@dataclass(frozen=True, kw_only=True)
class About:
    """What each statement of a stage says besides: the project, the stage, the model, when, and by which version."""

    project: str
    stage: str
    model: str
    issued: datetime
    version: str

    @property
    def predicate(self) -> Mapping[str, Any]:
        """Return it as a statement says it; `model` is left out where no registry knows one."""
        named = {"model": self.model} if self.model else {}
        said = {"project": self.project, "stage": self.stage, "issued": self.issued.isoformat()}
        return {**said, **named, "harness": self.version}


def promotion_statement(about: About, case: Case, before: Identity | None, code: Code, reason: str) -> Statement:
    """Return the statement that promotes: with a reason, the one that overrides the gate."""
    decision = case.decision
    predicate = {
        **about.predicate,
        "candidate": identity_as_json(decision.candidate),
        **({"parts": {name: identity_as_json(who) for name, who in decision.parts.items()}} if decision.parts else {}),
        "before": identity_as_json(before),
        "outcome": decision.outcome,
        "findings": list(decision.reasons),
        "warnings": list(decision.warnings),
        "gate": decision.gate_digest,
        "policy": decision.policy,
        "decision": decision_digest(decision),
        "runs": dict(decision.runs),
        "suites": dict(decision.suites),
        "plugins": {suite: dict(found) for suite, found in decision.plugins.items()},
        "baselines": {run.suite: _baselines(run) for run in case.runs},
        "environment": {run.suite: dict(run.environment) for run in case.runs},
        "waivers": list(decision.waived),
        "approvals": list(decision.approvals),
        "code": code.predicate,
        KEY: ledger_head(case.entries),
        **({"reason": reason} if reason else {}),
    }
    parts = {f"{CANDIDATE}:{name}": str(who.digest) for name, who in decision.parts.items()}
    subjects = {CANDIDATE: str(decision.candidate.digest), **parts, **_data(decision)}
    return Statement(predicate_type=OVERRIDE if reason else PROMOTION, subjects=subjects, predicate=predicate)


def rollback_statement(
    about: About, to: Return, left: Identity | None, entries: Sequence[Entry], reason: str
) -> Statement:
    """Return the statement that leads back, and revokes the promotions of whom it leaves."""
    predicate = {
        **about.predicate,
        "candidate": identity_as_json(to.candidate),
        "before": identity_as_json(left),
        "promotion": to.promotion.id if to.promotion else None,
        "revokes": list(to.revokes),
        KEY: ledger_head(entries),
        **({"reason": reason} if reason else {}),
    }
    return Statement(predicate_type=ROLLBACK, subjects={CANDIDATE: str(to.candidate.digest)}, predicate=predicate)


def _baselines(run: Run) -> Mapping[str, Any]:
    return {name: identity_as_json(who) for name, who in run.baselines.items()}


def _data(decision: GateDecision) -> Mapping[str, str]:
    """Return the data that were judged as subjects: `data:fraud/matured`; labels apart."""
    return {
        f"data:{suite}/{name}{f':{number}' if number else ''}": digest
        for suite, found in decision.datasets.items()
        for name, digests in found.items()
        for number, digest in enumerate(digests.split("+"))
        if is_digest(digest)
    }
