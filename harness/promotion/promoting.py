"""Promotes a candidate: decided before the lock and again under it, against the champion that is there then."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from securesystemslib.signer import Signer

from harness.errors import HarnessError, UsageError
from harness.promotion.champions import describe_other_champion, explain_served, find_other_champion
from harness.promotion.code import Code
from harness.promotion.moves import Move, describe_move
from harness.promotion.moving import Signed, finish_open, keep_proof, move_stage
from harness.promotion.predicates import About, Case, promotion_statement
from harness.promotion.stages import Stage, before_moving
from harness.promotion.standing import find_rollback, last_moved
from harness.records.entries import Entry
from harness.values.decisions import GateDecision
from harness.values.identity import Identity, short_identity

PASSES = ("pass", "waived")  # whatever the gate blocks: a stage that is not enforced promotes nothing that fails


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a candidate is asked to be promoted: decided by what, signed by whom, with which code, or despite the gate.

    `decide` reads the ledger as it stands when it is called. `parts` are the stages of the parts of what is decided
    about together, by the name of each part.
    """

    decide: Callable[[], Case]
    signer: Signer
    about: Callable[[], About]
    code: Code
    first_promotion: Literal["allow", "refuse"]
    override: str = ""
    parts: Mapping[str, Stage] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of it: who is promoted, by which statement (None if it was already), what was found, who was before.

    `warnings` are those of the gate.
    """

    candidate: Identity
    statement: Path | None
    notices: Sequence[str]
    before: Identity | None = None
    warnings: Sequence[str] = ()


class Refused(HarnessError):
    """The gate does not let the candidate pass; `decision` says why."""

    def __init__(self, decision: GateDecision) -> None:
        super().__init__(f"{decision.candidate.revision} is not promoted: {decision.gate} did not pass it")
        self.decision = decision


def promote(stage: Stage, asked: Asked) -> Done:
    """Promote a candidate that its gate passes, and return what came of it. Refused, or HarnessError; nothing moved."""
    with before_moving():
        case = asked.decide()
    _refuse_undecided(stage, case, asked)
    with before_moving():
        seen = [registry.current() for registry in stage.registries]
    with stage.lock() as still_locked:
        stage.whole_entries()
        notices = list(map(str, finish_open(stage)))
        entries = stage.entries()
        served, moves = stage.served(), stage.moves(entries)
        if _stands(case.decision.candidate, served, moves):
            notices += keep_proof(stage)
            warnings = case.decision.warnings
            return Done(candidate=case.decision.candidate, statement=None, notices=notices, warnings=warnings)
        _refuse_other_champion(stage, case, asked, served, moves, seen)
        if len(entries) != len(case.entries):
            case = asked.decide()
            _refuse_undecided(stage, case, asked)
        _refuse_rolled_back(stage, case.decision.candidate, case.decision.runs.values(), case, moves)
        _refuse_rolled_back_parts(case, asked)
        signed = _sign(stage, case, asked, served)
        path = move_stage(stage, signed, still_locked)
        notices += keep_proof(stage)
    warnings = case.decision.warnings
    return Done(candidate=signed.candidate, statement=path, notices=notices, before=served, warnings=warnings)


def _refuse_undecided(stage: Stage, case: Case, asked: Asked) -> None:
    passes = case.decision.outcome in PASSES
    if case.decision.candidate.digest is None or not (passes or asked.override):
        stage.ledger.record_decision(case.decision)
        raise Refused(case.decision)
    if passes and asked.override:
        raise UsageError(f"{stage.name} passes {case.decision.candidate.revision}; leave --override out")


def _stands(candidate: Identity, served: Identity | None, moves: Sequence[Move]) -> bool:
    """Tell whether a candidate is promoted already, and a promotion explains it."""
    last = last_moved(moves)
    return last is not None and served is not None and candidate.key == served.key == last.candidate.key


def _refuse_other_champion(
    stage: Stage, case: Case, asked: Asked, served: Identity | None, moves: Sequence[Move], seen: Sequence[str | None]
) -> None:
    """Refuse a candidate that was judged against another than the one whom it would replace, each part of several."""
    if asked.parts:
        for name, part in asked.parts.items():
            _refuse_other_part(part, case.decision.parts[name], case, asked)
    elif against := find_other_champion(case.runs, served, first_allowed=asked.first_promotion == "allow"):
        raise HarnessError(f"nothing was moved: {describe_other_champion(against, served, moves, stage.trust)}")
    now = [registry.current() for registry in stage.registries]
    if now != list(seen):
        was, by = ", ".join(map(str, seen)), explain_served(served, moves, stage.trust)
        message = f"while this was decided, {stage.name} was moved from {was} to {', '.join(map(str, now))}: {by}"
        raise HarnessError(f"nothing was moved: {message}; look whether this candidate is still wanted, then promote")


def _refuse_other_part(part: Stage, who: Identity, case: Case, asked: Asked) -> None:
    """Refuse a part that was judged against another than its own stage has now, unless that has this one already."""
    served = part.served()
    if served is not None and served.key == who.key:
        return
    runs = [run for run in case.runs if run.candidate.key == who.key]
    if against := find_other_champion(runs, served, first_allowed=asked.first_promotion == "allow"):
        moves = part.moves(part.entries())
        raise HarnessError(f"nothing was moved: {describe_other_champion(against, served, moves, part.trust)}")


def _refuse_rolled_back_parts(case: Case, asked: Asked) -> None:
    for name, part in asked.parts.items():
        who = case.decision.parts[name]
        digests = [run.digest for run in case.runs if run.candidate.key == who.key]
        _refuse_rolled_back(part, who, digests, case, part.moves(case.entries))


def _refuse_rolled_back(
    stage: Stage, who: Identity, digests: Collection[str], case: Case, moves: Sequence[Move]
) -> None:
    """Refuse a candidate that was rolled back since its runs were recorded: an old event revives nothing."""
    back = find_rollback(moves, who)
    if back is None:
        return
    old = [entry for entry in case.entries if _is_run(entry, digests) and entry.seq < back.seq]
    if old or not digests:
        suites = " and ".join(sorted({entry.suite or "" for entry in old})) or "its suites"
        left = f"{who.revision} was left by the {describe_move(back, stage.trust)}"
        message = f"{left}, and is judged on what was known before"
        raise HarnessError(f"nothing was moved: {message}; run {suites} on rows that came since, then promote")


def _is_run(entry: Entry, digests: Collection[str]) -> bool:
    return entry.kind == "run" and entry.digest in digests


def _sign(stage: Stage, case: Case, asked: Asked, served: Identity | None) -> Signed:
    stage.ledger.record_decision(case.decision)
    about = asked.about()
    statement = promotion_statement(about, case, served, asked.code, asked.override)
    text = stage.sign(statement, asked.signer, about.issued)
    return Signed(statement=statement, text=text, candidate=case.decision.candidate)


def describe_done(stage: Stage, done: Done, *, overridden: bool) -> str:
    """Return what came of it in words."""
    who, places = short_identity(done.candidate), ", ".join(registry.name for registry in stage.registries)
    if done.statement is None:
        return f"UNCHANGED  {who} is promoted to {stage.name} already ({places})"
    instead = f", instead of {short_identity(done.before)}" if done.before else ""
    title = "OVERRIDDEN  " if overridden else "PROMOTED  "
    return f"{title}{who} to {stage.name} ({places}){instead}\nstatement: {done.statement}"
