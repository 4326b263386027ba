"""Anchors the ledger outside of itself: signed statements name its head and length, and are kept with the evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.records.entries import GENESIS, Entry
from harness.records.evidence_store import Bundle
from harness.signing.envelopes import open_envelope
from harness.signing.statements import Statement
from harness.signing.trust import Trust
from harness.signing.verifying import verify
from harness.values.canonical import sha256

FOLDER = "anchors"
KEY = "ledger"  # in a predicate
REMEDY = "find out who changed it, and bring back the ledger as it was (docs/signing.md)"


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The digest of the last entry and the number of entries that a signed statement saw."""

    head: str
    length: int


def ledger_head(entries: Sequence[Entry]) -> Mapping[str, Any]:
    """Return the head and length of a ledger, as a predicate holds them."""
    return {"head": entries[-1].entry_digest if entries else GENESIS, "length": len(entries)}


def anchor_of(statement: Statement) -> Anchor | None:
    """Return the anchor in a statement; None if it has none, or none of the right form."""
    said = statement.predicate.get(KEY)
    if not isinstance(said, Mapping) or not isinstance(said.get("head"), str) or type(said.get("length")) is not int:
        return None
    return Anchor(head=said["head"], length=said["length"])


def keep_anchor(store: Bundle, envelope_text: str) -> None:
    """Keep a signed statement that holds an anchor beside the evidence, where whoever writes to the ledger is not."""
    _, statement = open_envelope(envelope_text)
    anchor = anchor_of(statement)
    if anchor is not None:
        name = f"{_folder(statement.project)}/{anchor.length:012d}-{statement.digest[7:19]}.intoto.json"
        store.write(name, envelope_text.encode())


def find_anchor(store: Bundle, project: str, trust: Trust) -> Anchor | None:
    """Return the anchor of the longest ledger that somebody trusted signed and is kept beside the evidence."""
    return next(_read_anchors(store, project, trust), None)


def anchor_problem(entries: Sequence[Entry], anchors: Sequence[Anchor]) -> str:
    """Return why a ledger may have lost entries, in words; nothing if it holds all that was signed."""
    if not anchors:
        return "nothing that is signed says how long the ledger was, so entries may be missing; run with --signer"
    longest = max(anchors, key=lambda each: each.length)
    if len(entries) < longest.length:
        missing = longest.length - len(entries)
        return f"the ledger has lost its newest {missing} entries: it had {longest.length}, signed; {REMEDY}"
    for each in anchors:
        found = entries[each.length - 1].entry_digest if each.length > 0 else GENESIS
        if found != each.head:
            return f"entry {each.length} of the ledger is not the one that was signed; {REMEDY}"
    return ""


def _read_anchors(store: Bundle, project: str, trust: Trust) -> Iterator[Anchor]:
    """Yield anchors, the longest first; what does not verify was put there by somebody else, and is passed over."""
    for name in reversed(store.list(_folder(project))):
        try:
            text = store.read(name).decode("utf-8")
            _, statement = open_envelope(text)
            found = verify(text, trust, predicate_type=statement.predicate_type, project=project)
        except (HarnessError, UnicodeDecodeError):
            continue
        anchor = anchor_of(found.statement)
        if anchor is not None:
            yield anchor


def _folder(project: str) -> str:
    return f"{FOLDER}/{sha256(project)[7:19]}"  # a project may be called anything
