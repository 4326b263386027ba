"""Signs what stands in the ledger beside runs, such as a registration, and finds whether somebody trusted signed it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from securesystemslib.signer import Signer

from harness.gating.signatures import UNSIGNED
from harness.records import corrections, registrations
from harness.records.entries import Columns
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.signing.anchors import KEY, keep_anchor, ledger_head
from harness.signing.envelopes import open_envelope, sign_statement
from harness.signing.recording import record_statement
from harness.signing.statements import CORRECTION, REGISTRATION, Statement
from harness.signing.trust import Trust
from harness.signing.verifying import Untrusted, verify
from harness.values.canonical import sha256
from harness.values.identity import CANDIDATE

KINDS: Mapping[str, str] = {REGISTRATION: registrations.KIND, CORRECTION: corrections.KIND}  # each its subject, too
QUESTION = "question"


def sign_record(
    predicate_type: str,
    book: Ledger,
    store: Bundle,
    signer: Signer,
    issued: datetime,
    id: str,
    body: str,
    columns: Columns,
) -> None:
    """Sign the record of an id that was just made, and keep the statement in the ledger and the evidence."""
    found = _statement(predicate_type, book, issued, id, body, columns)
    text = sign_statement(found, [signer])
    record_statement(book, text, **_about(found))
    keep_anchor(store, text)


def put_back_record(book: Ledger, text: str, found: Statement) -> None:
    """Make a record again that the ledger lost, and that of its statement."""
    kind, id, body = KINDS[found.predicate_type], str(found.predicate["id"]), str(found.predicate["body"])
    if id not in {entry.id for entry in book.entries() if entry.kind == kind}:
        time = found.issued.isoformat() if found.predicate_type == CORRECTION else None
        book.record(kind, id, body, digest=found.subjects.get(QUESTION), time=time, **_about(found))
    record_statement(book, text, **_about(found))


def find_problem(
    predicate_type: str, texts: Sequence[str], id: str, body_digest: str, trust: Trust, project: str, now: datetime
) -> str:
    """Return why none of some statements says that a runner signed a record; nothing if one does."""
    subject, problem = KINDS[predicate_type], UNSIGNED
    for text in texts:
        _, said = open_envelope(text)
        if (id, body_digest) != (said.predicate.get("id"), said.subjects.get(subject)):
            continue
        try:
            verify(text, trust, predicate_type=predicate_type, project=project, now=now)
        except Untrusted as error:
            problem = str(error)
        else:
            return ""
    return problem


def _statement(predicate_type: str, book: Ledger, issued: datetime, id: str, body: str, columns: Columns) -> Statement:
    """Return what a runner says of a record: all of it, and where in the ledger it stands."""
    others = {QUESTION: columns.get("digest"), CANDIDATE: columns.get("candidate")}
    return Statement(
        predicate_type=predicate_type,
        subjects={KINDS[predicate_type]: sha256(body), **{name: text for name, text in others.items() if text}},
        predicate={
            "project": book.project,
            "issued": issued.isoformat(),
            "suite": columns.get("suite"),
            "candidate": columns.get("revision"),
            "id": id,
            "body": body,
            KEY: ledger_head(book.entries()),
        },
    )


def _about(found: Statement) -> Mapping[str, str | None]:
    """Return what an entry about a record is found by."""
    said = found.predicate
    return {"suite": said["suite"], "revision": said["candidate"], "candidate": found.subjects.get(CANDIDATE)}
