"""Signs runs when they are recorded, and finds out who signed one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from securesystemslib.signer import Signer

from harness.gating.signatures import UNSIGNED, RunSignature
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.signing.anchors import Anchor, anchor_of, ledger_head
from harness.signing.envelopes import sign_statement
from harness.signing.recording import read_statements, record_statement
from harness.signing.statements import NAMES, RUN, Statement
from harness.signing.trust import Trust
from harness.signing.verifying import Untrusted, check_subject, verify
from harness.values.identity import CANDIDATE, is_digest
from harness.values.runs import Run

RUN_SUBJECT = "run"
SUITE_SUBJECT = "suite"


def run_statement(run: Run, issued: datetime, entries: Sequence[Entry]) -> Statement:
    """Return what a runner says of a run: its digest and all that this leaves out, of which candidate, suite and data.

    `entries` are those of the ledger as the runner sees it, which what it says anchors.
    """
    candidate = {CANDIDATE: run.candidate.digest} if run.candidate.digest else {}
    return Statement(
        predicate_type=RUN,
        subjects={RUN_SUBJECT: run.digest, SUITE_SUBJECT: run.suite_digest, **candidate, **dict(_data_subjects(run))},
        predicate={
            "project": run.project,
            "issued": issued.isoformat(),
            "suite": run.suite,
            "candidate": run.candidate.revision,
            "outcome": run.outcome,
            "run": _beside_the_digest(run),
            "ledger": ledger_head(entries),
        },
    )


def sign_run(run: Run, signer: Signer, issued: datetime, entries: Sequence[Entry]) -> str:
    """Return the envelope in which a runner signs a run."""
    return sign_statement(run_statement(run, issued, entries), [signer])


def record_signature(book: Ledger, run: Run, envelope_text: str) -> str:
    """Append the statement of a run to the ledger, to be found by the run's digest; return the entry's digest."""
    about = {"suite": run.suite, "revision": run.candidate.revision, "candidate": run.candidate.digest}
    return record_statement(book, envelope_text, digest=run.digest, **about)


def signature_of(run: Run, statements: Sequence[str], trust: Trust, now: datetime) -> RunSignature:
    """Return who of the runners signed a run, by the statements that were recorded of its digest."""
    problem = UNSIGNED
    for text in reversed(statements):
        try:
            found = verify(text, trust, predicate_type=RUN, project=run.project, now=now)
            _check_is_of(found.statement, run)
        except Untrusted as error:
            problem = str(error)
        else:
            seen = anchor_of(found.statement) or Anchor(head="", length=0)
            return RunSignature(persons=tuple(sorted(found.persons)), head=seen.head, length=seen.length)
    return RunSignature(problem=problem)


def statements_of(run: Run, book: Ledger, entries: Sequence[Entry]) -> Sequence[str]:
    """Return the signed statements that the ledger holds of a run's digest, the oldest first."""
    own = [entry for entry in entries if entry.kind == NAMES[RUN] and entry.digest == run.digest]
    return list(read_statements(book, own, NAMES[RUN]).values())


def _check_is_of(statement: Statement, run: Run) -> None:
    """Refuse a statement of another run: of another digest, or of the same digest at another time."""
    check_subject(statement, RUN_SUBJECT, run.digest)
    for name, value in _beside_the_digest(run).items():
        said: Mapping[str, Any] = statement.predicate.get("run", {})
        if said.get(name) != value:
            found = f"says {name} {said.get(name)!r}, and the ledger {value!r}"
            raise Untrusted(f"not accepted: it is of another run with the same digest: it {found}")


def _beside_the_digest(run: Run) -> Mapping[str, Any]:
    """Return what a run's digest leaves out and a gate goes by: which run it was, when, and why."""
    return {
        "id": run.id,
        "trigger": run.trigger,
        "origin": run.origin,
        "as_of": run.as_of.isoformat(),
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat(),
        "earlier": None if run.earlier is None else sorted(run.earlier),
    }


def _data_subjects(run: Run) -> Iterator[tuple[str, str]]:
    """Yield a name and digest for each table, labels apart; what has no digest of bytes is in the run's alone."""
    for name, data in run.datasets.items():
        for number, digest in enumerate(data.digest.split("+")):
            if is_digest(digest):
                yield f"data:{name}" if number == 0 else f"data:{name}:{number}", digest
