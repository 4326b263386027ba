"""Records what a run is going to ask before it measures anything, so that a run that was given up is seen."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.gating.registered import Registrations
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.values.canonical import canonical, sha256
from harness.values.identity import Identity
from harness.values.requirements import Requirement
from harness.values.runs import Data, Run

KIND = "registration"
Question = Mapping[str, Any]


def register_run(
    ledger: Ledger,
    question: Question,
    requirements: Sequence[tuple[str, Requirement]],
    gates: Mapping[str, str],
) -> str:
    """Append what is going to be asked, with its thresholds and the digests of the gates that ask; return the id."""
    asked = [{"step": step, **asdict(requirement)} for step, requirement in requirements]
    body = canonical({"asks": question, "requirements": asked, "gates": dict(gates)})
    id = uuid.uuid4().hex[:12]
    about = {"suite": question["suite"], "revision": question["candidate"][0], "candidate": question["candidate"][1]}
    ledger.record(KIND, id, body, digest=sha256(canonical(question)), **about)
    return id


def question_of(
    suite: str,
    suite_digest: str,
    candidate: Identity,
    baselines: Mapping[str, Identity | None],
    datasets: Mapping[str, Data],
    params: Mapping[str, object],
    seed: int,
) -> Question:
    """Return what a run asks of whom, on which rows, as plain values: the same before it measures and after."""
    return {
        "suite": suite,
        "suite_digest": suite_digest,
        "candidate": [candidate.revision, candidate.digest],
        "baselines": {name: who.key if who else None for name, who in baselines.items()},
        "datasets": {name: data.digest for name, data in datasets.items()},
        "params": dict(params),
        "seed": seed,
    }


def read_registrations(
    ledger: Ledger, entries: Sequence[Entry], runs: Sequence[Run], stage: str, gate_digest: str
) -> Registrations:
    """Return which of some runs were registered for a gate as it is now, and which registered ones never ended.

    A run ends the last registration of the same question before it that no other run has ended.
    """
    kept = [entry for entry in entries if entry.kind == KIND]
    if not kept:
        return Registrations()
    bodies = dict(zip((entry.id for entry in kept), map(json.loads, ledger.bodies(kept)), strict=True))
    ended = _match(kept, entries, ledger)
    current = {id for id, body in bodies.items() if body["gates"].get(stage) == gate_digest}
    suites = {run.suite for run in runs}
    return Registrations(
        registered={run.id: ended[run.id] for run in runs if run.id in ended},
        current=frozenset(run.id for run in runs if ended.get(run.id) in current),
        abandoned=tuple(_list_abandoned(kept, set(ended.values()), suites)),
    )


def _match(kept: Sequence[Entry], entries: Sequence[Entry], ledger: Ledger) -> Mapping[str, str]:
    """Return by the id of each run the registration that it ended."""
    whom = {(entry.suite, entry.candidate, entry.revision) for entry in kept}
    own = [each for each in entries if each.kind == "run" and (each.suite, each.candidate, each.revision) in whom]
    ended: dict[str, str] = {}
    for entry, run in zip(own, ledger.read_runs(own), strict=True):
        asked = sha256(canonical(_question_of_run(run)))
        before = [each for each in kept if each.digest == asked and each.seq < entry.seq]
        before = [each for each in before if each.id not in ended.values()]
        if before:
            ended[run.id] = before[-1].id
    return ended


def _question_of_run(run: Run) -> Question:
    return question_of(run.suite, run.suite_digest, run.candidate, run.baselines, run.datasets, run.params, run.seed)


def _list_abandoned(kept: Sequence[Entry], ended: set[str], suites: set[str]) -> Iterator[str]:
    for entry in kept:
        if entry.id not in ended and entry.suite in suites:
            who = entry.revision or entry.candidate
            yield f"a run of {entry.suite} on {who} was registered at {entry.recorded[:16]} UTC and never ended"
