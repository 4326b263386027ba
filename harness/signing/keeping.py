"""Keeps the signed statement of a run: in the ledger, beside the evidence, and in the folder it is exported to."""

from collections.abc import Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.files import write_atomic
from harness.records.artefacts import STATEMENT_FILE, Artefact
from harness.records.digests import run_digest
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.records.runs import as_json, from_json
from harness.signing.anchors import folder_of, keep_anchor
from harness.signing.envelopes import open_envelope
from harness.signing.runs import record_signature, statements_of
from harness.values.canonical import canonical, sha256
from harness.values.runs import Run

FOLDER = "runs"  # beside the evidence


def keep_signature(run: Run, envelope_text: str, book: Ledger | None, store: Bundle, folder: Path | None) -> None:
    """Keep a run's statement in the ledger and, with its record, beside the evidence, if it is recorded; in a folder.

    The record beside the evidence is what a ledger that lost the run is rebuilt from.
    """
    if book is not None:
        record_signature(book, run, envelope_text)
        store.write(_name(run.project, run.digest, run.id), canonical(as_json(run)).encode())
        keep_anchor(store, envelope_text)
    if folder is not None:
        write_atomic(folder / STATEMENT_FILE, envelope_text)


def read_kept_run(store: Bundle, project: str, digest: str, id: str) -> Run | None:
    """Return the run of a digest and an id whose record is kept beside the evidence; None if it is not, or changed."""
    name = _name(project, digest, id)
    if name not in store:
        return None
    try:
        run = from_json(store.read(name).decode("utf-8"))
    except (HarnessError, ValueError):
        return None
    return run if run.id == id and run.digest == digest == run_digest(run) else None


def import_signatures(found: Sequence[Artefact], book: Ledger, store: Bundle) -> None:
    """Record the statements that came with some runs, unless the ledger holds them; whose they are is not asked.

    HarnessError if one is no statement.
    """
    for each in found:
        file = each.folder / STATEMENT_FILE
        if file.is_file():
            text = _read_statement(file)
            if text not in statements_of(each.run, book, book.entries()):
                keep_signature(each.run, text, book, store, None)


def _read_statement(file: Path) -> str:
    """Return the envelope in a file. HarnessError if it is no statement, or part of one."""
    try:
        text = file.read_text(encoding="utf-8")
        open_envelope(text)
    except (OSError, UnicodeDecodeError, HarnessError) as error:
        raise HarnessError(f"{file} holds no signed statement: {error}; `harness runs sign` writes it anew") from error
    return text


def _name(project: str, digest: str, id: str) -> str:
    """Return where a run is kept: by its digest and, as several may have the same, its id."""
    return f"{folder_of(FOLDER, project)}/{digest[7:19]}-{sha256(id)[7:19]}.json"
