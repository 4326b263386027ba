"""Signs what a run is going to ask as soon as that is recorded, and finds out whose signature came before the run."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from securesystemslib.signer import Signer

from harness.gating.signatures import UNSIGNED
from harness.records.entries import Columns, Entry
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.records.registrations import KIND
from harness.signing.anchors import KEY, keep_anchor, ledger_head
from harness.signing.envelopes import open_envelope, sign_statement
from harness.signing.recording import read_statements, record_statement
from harness.signing.statements import NAMES, REGISTRATION, Statement
from harness.signing.trust import Trust
from harness.signing.verifying import Untrusted, verify
from harness.values.canonical import sha256
from harness.values.identity import CANDIDATE

SUBJECT, QUESTION = "registration", "question"


def sign_registration(
    book: Ledger, store: Bundle, signer: Signer, issued: datetime, id: str, body: str, columns: Columns
) -> None:
    """Sign the registration of an id that was just recorded, and keep the statement in the ledger and the evidence."""
    found = _statement(book, issued, id, body, columns)
    text = sign_statement(found, [signer])
    record_statement(book, text, **_about(found))
    keep_anchor(store, text)


def put_back_registration(book: Ledger, text: str, found: Statement) -> None:
    """Record a registration that the ledger lost, and its statement."""
    id, body = str(found.predicate["id"]), str(found.predicate["body"])
    if id not in {entry.id for entry in book.entries() if entry.kind == KIND}:
        book.record(KIND, id, body, digest=found.subjects[QUESTION], **_about(found))
    record_statement(book, text, **_about(found))


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
        problem = _find_problem(before, {"id": id, SUBJECT: digests[id]}, trust, book.project, now)
        problems |= {run: problem} if problem else {}
    return problems


def _find_problem(texts: Sequence[str], asked: Mapping[str, str], trust: Trust, project: str, now: datetime) -> str:
    """Return why none of some statements says that a runner signed a registration; nothing if one does."""
    problem = UNSIGNED
    for text in texts:
        _, said = open_envelope(text)
        if asked != {"id": said.predicate.get("id"), SUBJECT: said.subjects.get(SUBJECT)}:
            continue
        try:
            verify(text, trust, predicate_type=REGISTRATION, project=project, now=now)
        except Untrusted as error:
            problem = str(error)
        else:
            return ""
    return problem


def _statement(book: Ledger, issued: datetime, id: str, body: str, columns: Columns) -> Statement:
    """Return what a runner says of a registration: all of it, and where in the ledger it stands."""
    candidate = columns.get("candidate")
    return Statement(
        predicate_type=REGISTRATION,
        subjects={
            SUBJECT: sha256(body),
            QUESTION: str(columns.get("digest")),
            **({CANDIDATE: str(candidate)} if candidate else {}),
        },
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
    """Return what an entry about a registration is found by."""
    said = found.predicate
    return {"suite": said["suite"], "revision": said["candidate"], "candidate": found.subjects.get(CANDIDATE)}
