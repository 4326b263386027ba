"""Anchors the ledger outside of itself: signed statements name its head and length, and are kept with the evidence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.records.entries import GENESIS, Entry
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.signing.envelopes import open_envelope
from harness.signing.recording import read_statements
from harness.signing.statements import NAMES, REJOIN, Statement
from harness.signing.trust import Trust
from harness.signing.verifying import verify
from harness.values.canonical import sha256

FOLDER = "anchors"
SUFFIX = ".intoto.json"
KEY, GAP = "ledger", "gap"  # in a predicate
REMEDY = (
    "bring back the ledger as it was; if that is gone, `harness audit --rejoin --signer URI` puts back what is kept "
    "beside the evidence, and signs the gap (docs/signing.md)"
)


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The digest of the last entry and the number of entries that a signed statement saw."""

    head: str
    length: int


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A statement of somebody trusted that is kept beside the evidence: its envelope, what it says, and its anchor."""

    text: str
    statement: Statement
    anchor: Anchor


def ledger_head(entries: Sequence[Entry]) -> Mapping[str, Any]:
    """Return the head and length of a ledger, as a predicate holds them."""
    return {"head": entries[-1].entry_digest if entries else GENESIS, "length": len(entries)}


def anchor_of(statement: Statement) -> Anchor | None:
    """Return the anchor in a statement; None if it has none, or none of the right form."""
    return _parse_anchor(statement.predicate.get(KEY))


def keep_anchor(store: Bundle, envelope_text: str) -> None:
    """Keep a signed statement that holds an anchor beside the evidence, where whoever writes to the ledger is not."""
    name = _name(envelope_text)
    if name is not None:
        store.write(name, envelope_text.encode())


def drop_anchor(store: Bundle, envelope_text: str) -> None:
    """Delete a statement that was kept, if it is."""
    name = _name(envelope_text)
    if name is not None and name in store:
        store.delete(name)


def read_kept(store: Bundle, project: str, trust: Trust) -> Sequence[Kept]:
    """Return the statements of somebody trusted that are kept beside the evidence, in the order they were signed."""
    found = [each for name in _list_names(store, project) if (each := _read(store, name, project, trust))]
    return sorted(found, key=lambda each: (each.statement.issued, each.anchor.length))


def read_gaps(book: Ledger, entries: Sequence[Entry], project: str, trust: Trust) -> frozenset[Anchor]:
    """Return the anchors of which somebody trusted signed that the ledger lost what they saw."""
    texts = read_statements(book, entries, NAMES[REJOIN]).values()
    signed = (_verify(text, project, trust) for text in texts)
    gaps = [anchor for each in signed if each for anchor in each.predicate.get(GAP, ())]
    return frozenset(anchor for each in gaps if (anchor := _parse_anchor(each)))


def find_loss(
    store: Bundle,
    book: Ledger,
    entries: Sequence[Entry],
    project: str,
    trust: Trust,
    others: Collection[Anchor] = (),
) -> str:
    """Return why the ledger lost entries, in words; nothing if it holds all that is signed and kept, and saw `others`.

    A statement of somebody trusted is kept beside the evidence once the ledger has it: one that it does not have was
    lost. What others recorded since `entries` was read is no loss, so that the ledger is read again before it is said.
    """
    if not _find_loss_in(entries, store, book, project, trust, others):
        return ""
    return _find_loss_in(book.entries(), store, book, project, trust, others)


def _find_loss_in(
    entries: Sequence[Entry], store: Bundle, book: Ledger, project: str, trust: Trust, others: Collection[Anchor]
) -> str:
    """Return what is not in these entries; only statements, and the longest anchor, are read."""
    gaps = read_gaps(book, entries, project, trust)
    longest = _find_longest(store, project, trust, gaps)
    anchors = {*others, *([longest] if longest else [])} - gaps
    return _anchor_problem(entries, sorted(anchors, key=lambda each: -each.length)) or _statement_problem(
        store, entries, project, trust
    )


def is_anchored(store: Bundle, project: str, trust: Trust) -> bool:
    """Tell whether anything that is kept and signed says how long the ledger was."""
    return _find_longest(store, project, trust, frozenset()) is not None


def holds(entries: Sequence[Entry], anchor: Anchor) -> bool:
    """Tell whether a ledger still has what an anchor saw."""
    if len(entries) < anchor.length:
        return False
    return anchor.head == (entries[anchor.length - 1].entry_digest if anchor.length > 0 else GENESIS)


def folder_of(kind: str, project: str) -> str:
    """Return the folder beside the evidence that holds something of a project, which may be called anything."""
    return f"{kind}/{sha256(project)[7:19]}"


def _anchor_problem(entries: Sequence[Entry], anchors: Sequence[Anchor]) -> str:
    """Return what a ledger lost, by anchors with the longest first."""
    for each in anchors:
        if len(entries) < each.length:
            missing = each.length - len(entries)
            return f"the ledger has lost its newest {missing} entries: it had {each.length}, signed; {REMEDY}"
        if not holds(entries, each):
            return f"entry {each.length} of the ledger is not the one that was signed; {REMEDY}"
    return ""


def _statement_problem(store: Bundle, entries: Sequence[Entry], project: str, trust: Trust) -> str:
    known = {_short(entry.id) for entry in entries if entry.kind in NAMES.values()}
    unknown = [name for name in _list_names(store, project) if name.removesuffix(SUFFIX)[-12:] not in known]
    lost = [each for name in unknown if (each := _read(store, name, project, trust))]
    if not lost:
        return ""
    first = lost[0].statement
    what = f"{first.name} of {first.issued:%Y-%m-%d %H:%M} UTC ({_short(first.digest)}…)"
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return f"the ledger has lost the {what}{more}, signed, which is kept beside the evidence; {REMEDY}"


def _find_longest(store: Bundle, project: str, trust: Trust, gaps: Collection[Anchor]) -> Anchor | None:
    """Return the anchor of the longest ledger that somebody trusted signed; what is known to be lost is passed over."""
    for name in reversed(_list_names(store, project)):
        found = _read(store, name, project, trust)
        if found and found.anchor not in gaps:
            return found.anchor
    return None


def _name(envelope_text: str) -> str | None:
    """Return under which name a statement is kept; None for one without an anchor."""
    _, statement = open_envelope(envelope_text)
    anchor = anchor_of(statement)
    short = _short(statement.digest)
    return f"{folder_of(FOLDER, statement.project)}/{anchor.length:012d}-{short}{SUFFIX}" if anchor else None


def _list_names(store: Bundle, project: str) -> Sequence[str]:
    return [name for name in store.list(folder_of(FOLDER, project)) if name.endswith(SUFFIX)]


def _read(store: Bundle, name: str, project: str, trust: Trust) -> Kept | None:
    """Return what is kept under a name; what does not verify was put there by somebody else, and is passed over."""
    try:
        text = store.read(name).decode("utf-8")
    except UnicodeDecodeError:
        return None
    statement = _verify(text, project, trust)
    anchor = anchor_of(statement) if statement else None
    return Kept(text=text, statement=statement, anchor=anchor) if statement and anchor else None


def _verify(text: str, project: str, trust: Trust) -> Statement | None:
    try:
        _, statement = open_envelope(text)
        return verify(text, trust, predicate_type=statement.predicate_type, project=project).statement
    except HarnessError:
        return None


def _parse_anchor(said: object) -> Anchor | None:
    if not isinstance(said, Mapping) or not isinstance(said.get("head"), str) or type(said.get("length")) is not int:
        return None
    return Anchor(head=said["head"], length=said["length"])


def _short(digest: str) -> str:
    return digest[7:19]
