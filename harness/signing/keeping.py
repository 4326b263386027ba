"""Keeps the signed statement of a run: in the ledger, beside the evidence, and in the folder it is exported to."""

from collections.abc import Sequence
from pathlib import Path

from harness.files import write_atomic
from harness.records.artefacts import Artefact
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.signing.anchors import keep_anchor
from harness.signing.envelopes import open_envelope
from harness.signing.runs import STATEMENT_FILE, record_signature, statements_of
from harness.values.runs import Run


def keep_signature(run: Run, envelope_text: str, book: Ledger | None, store: Bundle, folder: Path | None) -> None:
    """Keep a run's statement in the ledger and beside the evidence, if the run is recorded, and in a folder."""
    if book is not None:
        record_signature(book, run, envelope_text)
        keep_anchor(store, envelope_text)
    if folder is not None:
        write_atomic(folder / STATEMENT_FILE, envelope_text)


def import_signatures(found: Sequence[Artefact], book: Ledger, store: Bundle) -> None:
    """Record the statements that came with some runs, unless the ledger holds them; whose they are is not asked.

    HarnessError if one is no statement.
    """
    for each in found:
        file = each.folder / STATEMENT_FILE
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            open_envelope(text)
            if text not in statements_of(each.run, book, book.entries()):
                keep_signature(each.run, text, book, store, None)
