"""The moves of what is promoted, as the ledger has them: a signed statement first, then what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.promotion.registries import MOVE
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.signing.envelopes import open_envelope
from harness.signing.recording import record_statement
from harness.signing.statements import NAMES, OVERRIDE, PROMOTION, ROLLBACK
from harness.signing.trust import Trust
from harness.values.canonical import canonical
from harness.values.identity import Identity, short_identity

KINDS: Mapping[str, str] = {NAMES[each]: each for each in (PROMOTION, OVERRIDE, ROLLBACK)}
Ended = Literal["moved", "not moved"]
REMEDY = "bring back the ledger as it was before, then `harness audit --rejoin` puts back what came since"
IDENTITY = TypeAdapter(Identity)


@dataclass(frozen=True, kw_only=True)
class Move:
    """A statement that was recorded so that a stage may move to its candidate, and what came of it.

    `kind` is promotion, override or rollback, `id` the digest of the statement, `seq` where it stands in the ledger;
    `outcome` is None while nobody knows whether it moved.
    """

    kind: str
    id: str
    stage: str
    candidate: Identity
    predicate: Mapping[str, Any]
    envelope: str
    seq: int
    recorded: datetime
    outcome: Ended | None = None

    @property
    def before(self) -> Identity | None:
        """Return who was promoted before it."""
        return identity_from_json(self.predicate.get("before"))

    @property
    def revokes(self) -> Sequence[str]:
        """Return the statements that a rollback revokes."""
        return tuple(self.predicate.get("revokes", ()))

    @property
    def reason(self) -> str:
        """Return why it was moved, where somebody had to say."""
        return str(self.predicate.get("reason", ""))

    @property
    def predicate_type(self) -> str:
        """Return the type of its statement."""
        return KINDS[self.kind]


def begin_move(book: Ledger, envelope: str, candidate: Identity) -> str:
    """Record a statement before anything moves; return its digest."""
    _, statement = open_envelope(envelope)
    record_statement(book, envelope, revision=candidate.revision, candidate=candidate.digest)
    return statement.digest


def end_move(book: Ledger, move: Move, outcome: Ended, note: str = "") -> None:
    """Record what came of a statement."""
    who = {"revision": move.candidate.revision, "candidate": move.candidate.digest, "gate": move.stage}
    body = canonical({"statement": move.id, "outcome": outcome, "note": note})
    book.record(MOVE, move.id, body, outcome=outcome, digest=move.id, **who)


def read_moves(book: Ledger, entries: Sequence[Entry], stage: str | None = None) -> Sequence[Move]:
    """Return the moves of a stage, or of all, oldest first. HarnessError if one cannot be read."""
    kept = [entry for entry in entries if entry.kind in KINDS and stage in (None, entry.gate)]
    ended = {entry.id: entry.outcome for entry in entries if entry.kind == MOVE}
    return [_read(entry, body, ended.get(entry.id)) for entry, body in zip(kept, book.bodies(kept), strict=True)]


def describe_move(move: Move, trust: Trust) -> str:
    """Return who moved what when: `promotion of m/2 (sha256:...) by release on 2026-11-26 12:00 UTC`."""
    kind = "OVERRIDDEN promotion" if move.kind == "override" else move.kind
    return (
        f"{kind} of {short_identity(move.candidate)} by {_signers(move, trust)} on {move.recorded:%Y-%m-%d %H:%M} UTC"
    )


def identity_as_json(who: Identity | None) -> Mapping[str, Any] | None:
    """Return an identity as plain JSON values."""
    found: Mapping[str, Any] | None = None if who is None else IDENTITY.dump_python(who, mode="json")
    return found


def identity_from_json(document: object) -> Identity | None:
    """Return the identity that JSON values say. HarnessError if they say none."""
    try:
        return None if document is None else IDENTITY.validate_python(document)
    except ValidationError as error:
        raise HarnessError(f"a recorded statement names nobody: {document!r}; it is of another version") from error


def _read(entry: Entry, body: str, outcome: str | None) -> Move:
    try:
        _, statement = open_envelope(body)
    except HarnessError as error:
        raise HarnessError(f"ledger entry {entry.id!r} is no {entry.kind}: {error}; {REMEDY}") from error
    candidate = identity_from_json(statement.predicate.get("candidate"))
    if candidate is None or statement.name != entry.kind or statement.digest != entry.id:
        raise HarnessError(f"ledger entry {entry.id!r} is no {entry.kind}; it was tampered with: {REMEDY}")
    return Move(
        kind=entry.kind,
        id=entry.id,
        stage=statement.stage,
        candidate=candidate,
        predicate=statement.predicate,
        envelope=body,
        seq=entry.seq,
        recorded=datetime.fromisoformat(entry.recorded),
        outcome="moved" if outcome == "moved" else "not moved" if outcome else None,
    )


def _signers(move: Move, trust: Trust) -> str:
    ids = [signature["keyid"] for signature in json.loads(move.envelope)["signatures"]]
    return ", ".join(trust.keys[id].person if id in trust.keys else f"an unknown key {id[:19]}…" for id in ids)
