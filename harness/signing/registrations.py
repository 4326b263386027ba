"""Signs what a run is going to ask as soon as that is recorded, and finds out whose signature came before the run."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from securesystemslib.signer import Signer

from harness.records.entries import Columns, Entry
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.records.registrations import KIND
from harness.signing.recording import read_statements
from harness.signing.records import find_problem, sign_record
from harness.signing.statements import NAMES, REGISTRATION
from harness.signing.trust import Trust
from harness.values.canonical import sha256


def sign_registration(
    book: Ledger, store: Bundle, signer: Signer, issued: datetime, id: str, body: str, columns: Columns
) -> None:
    """Sign the registration of an id that was just recorded, and keep the statement in the ledger and the evidence."""
    sign_record(REGISTRATION, book, store, signer, issued, id, body, columns)


def find_unsigned_registrations(
    registered: Mapping[str, str], book: Ledger, entries: Sequence[Entry], trust: Trust, now: datetime
) -> Mapping[str, str]:
    """Return why no runner is believed to have signed what runs asked before they were recorded, by the run's id.

    `registered` names, by the id of each run, the registration that it ended.
    """
    texts = read_statements(book, entries, NAMES[REGISTRATION])
    signed = [(entry, texts[entry.id]) for entry in entries if entry.kind == NAMES[REGISTRATION]]
    at = {entry.id: entry.seq for entry in entries if entry.kind == "run"}
    asked = [entry for entry in entries if entry.kind == KIND and entry.id in set(registered.values())]
    digests = {entry.id: sha256(body) for entry, body in zip(asked, book.bodies(asked), strict=True)}
    problems: dict[str, str] = {}
    for run, id in registered.items():
        before = [text for entry, text in signed if entry.seq < at[run]]
        problem = find_problem(REGISTRATION, before, id, digests[id], trust, book.project, now)
        problems |= {run: problem} if problem else {}
    return problems
