"""What a gate knows of signatures: who signed the runs it decides on, and whether its ledger is whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from harness.cli.signers import trust_of
from harness.gating.registered import Registrations
from harness.gating.signatures import UNSIGNED, RunSignature, Signatures
from harness.project import Project
from harness.records.corrections import KIND as CORRECTION
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.values.runs import Run

STATEMENT, REGISTRATION = "run-statement", "registration-statement"
SIGNED_CORRECTION = "correction-statement"


def read_signatures(
    runs: Sequence[Run], project: Project, book: Ledger, entries: Sequence[Entry], now: datetime
) -> Signatures:
    """Return who signed each of some runs, by its id; imports what verifies only where something is signed."""
    signed = {entry.digest for entry in entries if entry.kind == STATEMENT}
    own = [run for run in runs if run.digest in signed]
    unsigned = {run.id: RunSignature(problem=UNSIGNED) for run in runs}
    if not own:
        return unsigned
    if not project.trust_file.is_file():
        stranger = RunSignature(problem=f"it is signed, and no {project.trust_file.name} says whom to trust")
        return unsigned | {run.id: stranger for run in own}
    from harness.signing import runs as signing  # noqa: PLC0415 - costs half a second, and most runs are unsigned

    trust = trust_of(project)
    return unsigned | {
        run.id: signing.signature_of(run, signing.statements_of(run, book, entries), trust, now) for run in own
    }


def add_registration_signatures(
    found: Registrations, project: Project, book: Ledger, entries: Sequence[Entry], now: datetime
) -> Registrations:
    """Return what was registered, with why no runner is believed to have signed it before the run was recorded."""
    if not (any(entry.kind == REGISTRATION for entry in entries) and project.trust_file.is_file()):
        return replace(found, unsigned=dict.fromkeys(found.registered, UNSIGNED))
    from harness.signing.registrations import find_unsigned_registrations  # noqa: PLC0415 - as above

    unsigned = find_unsigned_registrations(found.registered, book, entries, trust_of(project), now)
    return replace(found, unsigned=unsigned)


def doubt_corrections(project: Project, book: Ledger, entries: Sequence[Entry], now: datetime) -> Mapping[str, str]:
    """Return why corrections of judged rows are not counted where a gate promotes, by their entries' digests."""
    kept = [entry.entry_digest for entry in entries if entry.kind == CORRECTION]
    if not kept:
        return {}
    if not any(entry.kind == SIGNED_CORRECTION for entry in entries) or not project.trust_file.is_file():
        return dict.fromkeys(kept, UNSIGNED)
    from harness.signing.corrections import find_unsigned_corrections  # noqa: PLC0415 - as above

    return find_unsigned_corrections(book, entries, trust_of(project), now)


def find_ledger_loss(signatures: Signatures, project: Project, book: Ledger, entries: Sequence[Entry]) -> str:
    """Return why the ledger may have lost entries, in words; nothing if it holds all that somebody trusted signed."""
    if not project.trust_file.is_file():
        return f"no {str(project.trust_file)!r} says whom this project trusts to sign; write it (docs/signing.md)"
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow
    from harness.signing import anchors  # noqa: PLC0415 - as above

    store, trust = open_bundle(project.evidence()), trust_of(project)
    signed = [anchors.Anchor(head=each.head, length=each.length) for each in signatures.values() if each.head]
    if not signed and not anchors.is_anchored(store, project.name, trust):
        return "nothing that is signed says how long the ledger was, so entries may be missing; run with --signer"
    return anchors.find_loss(store, book, entries, project.name, trust, signed)
