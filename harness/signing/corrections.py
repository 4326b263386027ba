"""Finds the corrections of judged rows that no runner signed: anybody who writes to the ledger may have made them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from harness.records.corrections import KIND
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.signing.recording import read_statements
from harness.signing.records import find_problem
from harness.signing.statements import CORRECTION, NAMES
from harness.signing.trust import Trust


def find_unsigned_corrections(book: Ledger, entries: Sequence[Entry], trust: Trust, now: datetime) -> Mapping[str, str]:
    """Return why no runner is believed to have signed a correction, by its entry's digest, of those that nobody did."""
    kept = [entry for entry in entries if entry.kind == KIND]
    texts = list(read_statements(book, entries, NAMES[CORRECTION]).values())
    problems = {
        entry.entry_digest: find_problem(CORRECTION, texts, entry.id, entry.body_digest, trust, book.project, now)
        for entry in kept
    }
    return {entry: problem for entry, problem in problems.items() if problem}
