"""Keeps signed statements in the ledger: one entry each, its kind the type in a word, its body the envelope."""

from collections.abc import Mapping, Sequence

from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.signing.envelopes import open_envelope


def record_statement(book: Ledger, envelope_text: str, **columns: str | None) -> str:
    """Append a signed statement; return the entry's digest. HarnessError if it is no statement or stands there already.

    `columns` are fields of `Entry` that it is found by, such as `candidate`; the stage is its `gate`, the statement's
    digest its `id` and `digest`.
    """
    _, statement = open_envelope(envelope_text)
    about = {"gate": statement.stage or None, "time": statement.issued.isoformat(), **columns}
    return book.record(statement.name, statement.digest, envelope_text, **{"digest": statement.digest, **about})


def read_statements(book: Ledger, entries: Sequence[Entry], name: str) -> Mapping[str, str]:
    """Return the envelopes of a type (`promotion`) among some entries by their statement's digest, oldest first."""
    kept = [entry for entry in entries if entry.kind == name]
    return dict(zip((entry.id for entry in kept), book.bodies(kept), strict=True))
