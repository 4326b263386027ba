"""Puts back what a ledger lost, as one restored from a backup, from what is kept beside the evidence; signs the gap."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from securesystemslib.signer import Signer

from harness.errors import HarnessError
from harness.promotion.moves import KINDS, end_move, identity_from_json, read_moves
from harness.promotion.predicates import About
from harness.records.entries import Entry
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.signing.anchors import GAP, KEY, Anchor, Kept, holds, keep_anchor, ledger_head, read_gaps, read_kept
from harness.signing.envelopes import sign_statement
from harness.signing.keeping import read_kept_run
from harness.signing.recording import record_statement
from harness.signing.records import KINDS as RECORDS
from harness.signing.records import put_back_record
from harness.signing.runs import RUN_SUBJECT
from harness.signing.statements import NAMES, REJOIN, RUN, Statement
from harness.signing.trust import Trust
from harness.signing.verifying import verify
from harness.values.identity import CANDIDATE, Identity

PUT_BACK = "put back, as the ledger lost it"
LEDGER = "ledger"  # the subject: the ledger as it was found, by its head


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A ledger as it was found, what is kept beside the evidence and not in it, and what saw entries that are gone."""

    entries: Sequence[Entry]
    missing: Sequence[Kept]
    gap: Sequence[Anchor]

    @property
    def longest(self) -> int:
        """Return how many entries the ledger is known to have had."""
        return max([len(self.entries), *(each.length for each in self.gap)])

    @property
    def unkept(self) -> int:
        """Return how many of these are gone at least, as they are not kept beside the evidence."""
        before = [each for each in self.missing if each.anchor.length < self.longest]
        moves = [each for each in before if each.statement.predicate_type in KINDS.values()]
        recorded = [each for each in self.missing if each.statement.predicate_type in (RUN, *RECORDS)]
        return max(0, self.longest - len(self.entries) - len(before) - len(moves) - len(recorded))

    @property
    def grew(self) -> bool:
        """Tell whether the ledger got entries of its own since, so that nobody knows which it had before."""
        return any(each.length <= len(self.entries) for each in self.gap)


@dataclass(frozen=True, kw_only=True)
class Rejoined:
    """What came of it: how many entries of each kind were put back, and what is gone; `statement` is the signed gap."""

    loss: Loss
    put_back: Mapping[str, int]
    gone: Sequence[str]
    statement: str


@dataclass(frozen=True, kw_only=True)
class Records:
    """Where a project records, what it keeps beside the evidence, and whom it trusts."""

    book: Ledger
    store: Bundle
    trust: Trust


def find_gap(records: Records) -> Loss | None:
    """Return what the ledger lost of all that somebody trusted signed; None if it is whole."""
    book, trust = records.book, records.trust
    entries = book.entries()
    kept = read_kept(records.store, book.project, trust)
    known = {entry.id for entry in entries if entry.kind in NAMES.values()}
    gaps = read_gaps(book, entries, book.project, trust)
    gap = [each.anchor for each in kept if each.anchor not in gaps and not holds(entries, each.anchor)]
    missing = [each for each in kept if each.statement.digest not in known]
    return Loss(entries=entries, missing=missing, gap=list(dict.fromkeys(gap))) if gap or missing else None


def rejoin(records: Records, signer: Signer, about: About) -> Rejoined | None:
    """Put back what the ledger lost, sign what it lost, and return that; None if it is whole.

    A run is put back as it was judged, so that looks are counted on from the highest that is known. What was killed on
    the way is done again. HarnessError if the ledger holds another run under the same id, or nobody may sign.
    """
    loss = find_gap(records)
    if loss is None:
        return None
    _refuse_signer(records, signer, about, loss)
    put_back: Counter[str] = Counter()
    gone: list[str] = []
    for each in loss.missing:
        gone += _put_back(records, each)
        put_back[each.statement.name] += 1
    _end_moves(records)
    gone += _describe_unkept(records, loss)
    entries = records.book.entries()
    text = _sign(records, signer, _statement(about, loss, entries, put_back, gone))
    record_statement(records.book, text)
    keep_anchor(records.store, text)
    return Rejoined(loss=loss, put_back=dict(put_back), gone=gone, statement=text)


def describe_rejoined(found: Rejoined) -> Iterator[str]:
    """Yield what was put back and what is gone, in lines of words."""
    counts = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in found.put_back.items())
    before, known = len(found.loss.entries), found.loss.longest
    yield f"REJOINED  the ledger had {before} entries; {known} are known to have been there, by what is signed"
    yield f"put back: {counts or 'nothing'}"
    yield from (f"gone: {each}" for each in found.gone)


def _describe_unkept(records: Records, loss: Loss) -> Iterator[str]:
    """Yield how many entries are gone that nothing brings back, and which runs are known to be among them."""
    what = "unsigned runs, registrations and corrections, decisions, waivers, approvals"
    least = "at least " if loss.grew else ""
    yield f"{least}{loss.unkept} entries up to the last signature, of kinds that are not kept there ({what})"
    runs = records.book.runs()
    lost = {id for run in runs for id in run.earlier or ()} - {run.id for run in runs}
    if lost:
        message = "unsigned runs that signed ones were judged together with, so that their looks are counted"
        remedy = "`harness runs import DIR` puts those back, unsigned, that were written with --out; else run again"
        yield f"{', '.join(sorted(lost))}: {message}; {remedy}"


def _end_moves(records: Records) -> None:
    """Record what came of moves that stand open, but for the last, which the registries tell the next command.

    A statement that moved nothing is not kept, unless the store deletes nothing: then who stood there before it is also
    who stood there before the next one.
    """
    moves = read_moves(records.book, records.book.entries())
    for stage in dict.fromkeys(move.stage for move in moves):
        own = [move for move in moves if move.stage == stage]
        for move, later in pairwise(own):
            if move.outcome is None:
                stayed = _key(later.before) == _key(move.before) != move.candidate.key
                end_move(records.book, move, "not moved" if stayed else "moved", PUT_BACK)


def _key(who: Identity | None) -> str | None:
    return who.key if who else None


def _put_back(records: Records, kept: Kept) -> Iterator[str]:
    """Record a statement, and what it is about; yield what of that is gone."""
    if kept.statement.predicate_type == RUN:
        yield from _put_back_run(records, kept)
    elif kept.statement.predicate_type in RECORDS:
        put_back_record(records.book, kept.text, kept.statement)
    else:
        _put_back_statement(records, kept)


def _put_back_statement(records: Records, kept: Kept) -> None:
    candidate = identity_from_json(kept.statement.predicate.get("candidate"))
    who = {"revision": candidate.revision, "candidate": candidate.digest} if candidate else {}
    record_statement(records.book, kept.text, **who)


def _put_back_run(records: Records, kept: Kept) -> Iterator[str]:
    """Record a run with its statement; yield that the run is gone where only its statement is kept."""
    said, subjects = kept.statement.predicate, kept.statement.subjects
    digest, id = subjects[RUN_SUBJECT], str(said.get("run", {}).get("id"))
    about = {"suite": said.get("suite"), "revision": said.get("candidate"), "candidate": subjects.get(CANDIDATE)}
    run = read_kept_run(records.store, records.book.project, digest, id)
    recorded = {entry.id: entry.digest for entry in records.book.entries("run")}
    if recorded.get(id, digest) != digest:
        message = f"the ledger holds another run {id} ({recorded[id]}) than was signed ({digest})"
        raise HarnessError(f"{message}; it was changed: find out who writes to it, and bring back an older one")
    if run is not None and id not in recorded:
        records.book.record_run(run)
    record_statement(records.book, kept.text, digest=digest, **about)
    if run is None and id not in recorded:
        yield f"run {id} of {about['suite']} for {about['revision']} ({said.get('outcome')}); run the suite again"


def _statement(
    about: About, loss: Loss, entries: Sequence[Entry], put_back: Mapping[str, int], gone: Sequence[str]
) -> Statement:
    """Return what is signed: the ledger as it was found and as it is now, and which anchors hold no more."""
    found = ledger_head(loss.entries)
    predicate: Mapping[str, Any] = {
        **{name: value for name, value in about.predicate.items() if name != "stage"},
        KEY: ledger_head(entries),
        "found": found,
        "longest": loss.longest,
        GAP: [{"head": each.head, "length": each.length} for each in loss.gap],
        "put_back": dict(put_back),
        "gone": list(gone),
    }
    return Statement(predicate_type=REJOIN, subjects={LEDGER: str(found["head"])}, predicate=predicate)


def _refuse_signer(records: Records, signer: Signer, about: About, loss: Loss) -> None:
    """Refuse who may not sign before anything is put back."""
    _sign(records, signer, _statement(about, loss, loss.entries, {}, ()))


def _sign(records: Records, signer: Signer, statement: Statement) -> str:
    text = sign_statement(statement, [signer])
    verify(text, records.trust, predicate_type=REJOIN, project=records.book.project, now=statement.issued)
    return text
