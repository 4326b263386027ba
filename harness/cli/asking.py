"""Asks a gate about a candidate, or a gate of parts about one for each, and says which decisions are recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.cli.deciding import ask_gate
from harness.cli.forges import Forge
from harness.errors import UsageError, did_you_mean
from harness.gating.decide import decide
from harness.gating.gates import Gate, candidate_named, list_candidates
from harness.gating.parts import join_decisions
from harness.project import Project
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.runs import Run

HELP = "Its revision, its digest or the start of that; PART=NAME for each part, where a gate asks for parts."
Candidates = Mapping[str, Identity]  # by part; of a gate without parts, one by its stage


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a gate decided, on which runs; of a gate of parts, `parts` are the decisions of their own gates."""

    decision: GateDecision
    runs: Sequence[Run]
    parts: Sequence[GateDecision] = ()

    def record(self, book: Ledger) -> None:
        """Record it, after those of its parts."""
        for each in (*self.parts, self.decision):
            book.record_decision(each)


def name_candidates(asked: Sequence[str], stage: str, gate: Gate, known: Sequence[Identity]) -> Candidates:
    """Return whom a gate is asked about. UsageError if there are more or fewer names than it decides about."""
    if gate.parts:
        named = _names_by_part(asked, stage, gate)
        return {part: candidate_named(named[part], known) for part in gate.parts}
    if len(asked) > 1:
        raise UsageError(f"gate {stage!r} decides about one candidate, and {len(asked)} were named; name one")
    return {stage: candidate_named(asked[0], known)}


def only_candidate(candidates: Sequence[Identity], stage: str, gate: Gate) -> Candidates:
    """Return the one candidate that runs are of. UsageError if there are several, or the gate asks for parts."""
    if gate.parts:
        raise UsageError(f"name each part's candidate: {_wanted(gate)}")
    if len(candidates) == 1:
        return {stage: candidates[0]}
    found = f"the runs are of {list_candidates(candidates)}" if candidates else "there is no --run that tells"
    raise UsageError(f"name the candidate with --candidate; {found}")


def decide_gate(
    project: Project,
    stage: str,
    gate: Gate,
    who: Candidates,
    book: Ledger,
    entries: Sequence[Entry],
    now: datetime,
    forge: Forge | None = None,
) -> Decided:
    """Return what a gate decides about its candidates at one moment, from the same entries of the ledger."""
    if not gate.parts:
        question, runs = ask_gate(project, stage, gate, who[stage], book, entries, now, forge)
        decision = decide(question, runs)
        return Decided(decision=decision, runs=_runs_decided(decision, runs))
    found = {
        part: decide_gate(project, named, _gate_of(project, named), {named: who[part]}, book, entries, now, forge)
        for part, named in gate.parts.items()
    }
    decisions = {part: each.decision for part, each in found.items()}
    return Decided(
        decision=join_decisions(stage, gate, decisions),
        runs=[run for each in found.values() for run in each.runs],
        parts=list(decisions.values()),
    )


def _names_by_part(asked: Sequence[str], stage: str, gate: Gate) -> Mapping[str, str]:
    named: dict[str, str] = {}
    for each in asked:
        part, _, name = each.partition("=")
        if not name or part not in gate.parts:
            raise UsageError(
                f"{each!r} is of no part of gate {stage!r}{did_you_mean(part, gate.parts)}; {_wanted(gate)}"
            )
        if part in named:
            raise UsageError(f"part {part!r} has two candidates, {named[part]!r} and {name!r}; name one")
        named[part] = name
    missing = [part for part in gate.parts if part not in named]
    if missing:
        raise UsageError(
            f"gate {stage!r} decides about all of its parts, and {missing[0]!r} was left out; {_wanted(gate)}"
        )
    return named


def _wanted(gate: Gate) -> str:
    return f"give {' '.join(f'--candidate {part}=NAME' for part in gate.parts)}"


def _gate_of(project: Project, stage: str) -> Gate:
    if project.gates is None:
        raise UsageError(f"no gates file at {project.settings.gates}; write one, or name it with --gates FILE")
    return project.gates.gate(stage)


def _runs_decided(decision: GateDecision, runs: Sequence[Run]) -> Sequence[Run]:
    """Return the run of each suite that was decided on."""
    found = {run.suite: run for run in runs if decision.runs.get(run.suite) == run.digest}
    return [found[suite] for suite in decision.runs]
