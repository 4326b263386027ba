"""One line of the ledger: what it is about, the digest of its body, and the digest of the line before."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from harness.errors import HarnessError
from harness.gating.attempts import Attempt, attempt
from harness.values.canonical import sha256
from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.runs import SCHEDULE, Run

GENESIS = "sha256:" + "0" * 64
Columns = Mapping[str, str | None]


class Entry(NamedTuple):
    """One line of the ledger; its body is kept apart, so that only the bodies asked for are read and hashed.

    `kind` is any word. Of a run: its suite, trigger and outcome, when it started, its candidate's revision and digest,
    and the digest of the rows it read; of a decision: its gate, outcome, candidate, and when it was taken.
    A tuple, as every command makes one of each line: ten thousand cost a fifth of as many dataclasses.
    """

    seq: int
    project: str
    kind: str
    id: str
    recorded: str
    suite: str | None
    gate: str | None
    revision: str | None
    candidate: str | None
    rows: str | None
    trigger: str | None
    outcome: str | None
    digest: str | None
    time: str | None
    body_digest: str
    prev_digest: str
    entry_digest: str

    @property
    def identity(self) -> Identity:
        """Return whom this entry is about, without the parts, which only the body holds."""
        return Identity(revision=self.revision or "", digest=self.candidate)

    @property
    def moment(self) -> datetime:
        """Return when the run started or the decision was taken; of another kind, when it was recorded."""
        return datetime.fromisoformat(self.time or self.recorded)

    @property
    def is_scheduled(self) -> bool:
        """Tell whether this is a run that watches what is deployed."""
        return self.trigger == SCHEDULE

    @property
    def attempt(self) -> Attempt:
        """Return what this run counts as where candidates on the same rows are counted."""
        return Attempt(suite=self.suite or "", rows=self.rows or "", candidate=self.identity.key)


CHAINED = Entry._fields[1:-1]  # all but `seq`, which the database gives, and the digest itself
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def entry_digest(values: Mapping[str, str | None]) -> str:
    """Return the digest of an entry's columns, those that entries are chosen by included."""
    return _digest([values.get(name) for name in CHAINED])


def check_chain(entries: Iterable[Entry], ledger: str) -> None:
    """Refuse entries, oldest first, of which one was changed, put in or taken out."""
    previous = GENESIS
    for entry in entries:
        if entry.prev_digest != previous or entry.entry_digest != _digest(entry[1:-1]):
            message = f"entry {entry.id!r} does not follow from the one before"
            raise HarnessError(f"ledger {ledger}: {message}; it was tampered with")
        previous = entry.entry_digest


def check_body(entry: Entry, body: str | None, ledger: str) -> str:
    """Return the body of an entry; one that is gone, or another than was recorded, is refused."""
    if not isinstance(body, str) or sha256(body) != entry.body_digest:
        message = "is gone" if body is None else "is not the one that was recorded"
        raise HarnessError(f"ledger {ledger}: the body of entry {entry.id!r} {message}; it was tampered with")
    return body


def check_columns(entry: Entry, run: Run, ledger: str) -> Run:
    """Return the run of an entry; one that is filed under what it is not is refused, as it would not be found."""
    for name, is_of in {"id": run.id, **run_columns(run)}.items():
        if getattr(entry, name) != is_of:
            message = f"entry {entry.id!r} is of {is_of!r}, its column {name!r} says {getattr(entry, name)!r}"
            raise HarnessError(f"ledger {ledger}: {message}; it was tampered with")
    return run


def run_columns(run: Run) -> Columns:
    """Return what a run is found by and listed with."""
    return {
        "suite": run.suite,
        "revision": run.candidate.revision,
        "candidate": run.candidate.digest,
        "rows": attempt(run).rows,
        "trigger": run.trigger,
        "outcome": run.outcome,
        "digest": run.digest,
        "time": run.started.isoformat(),
    }


def decision_columns(decision: GateDecision) -> Columns:
    """Return what a decision is found by."""
    return {
        "gate": decision.gate,
        "revision": decision.candidate.revision,
        "candidate": decision.candidate.digest,
        "outcome": decision.outcome,
        "time": decision.decided.isoformat(),
    }


def _digest(values: Sequence[str | None]) -> str:
    return sha256(_encode(values))
