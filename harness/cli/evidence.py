"""`harness evidence`: says why rows that were judged are to be replaced by others, or erases them."""

from pathlib import Path

import click

from harness.cli.groups import Group
from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.signers import HELP as SIGNER_HELP
from harness.cli.signers import correction_signer
from harness.errors import UsageError
from harness.gating.gates import candidate_named
from harness.project import instant, open_project
from harness.records.corrections import record_correction


@click.group("evidence", cls=Group)
def command() -> None:
    """Record why rows that were judged were wrong, or erase them."""


@command.command("correct")
@click.argument("suite")
@click.option("--candidate", required=True, metavar="DIGEST", help="Digest, or a revision that one digest carries.")
@click.option("--reason", required=True, metavar="TEXT", help="What was wrong with the rows, and what was done.")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--ledger", metavar="URL", help="The ledger to write to; wins over the gates file's.")
@click.option("--signer", metavar="URI", help=SIGNER_HELP)
def correct_evidence(
    suite: str, candidate: str, reason: str, gates: Path | None, ledger: str | None, signer: str | None
) -> int:
    """Record that the rows SUITE judged of a candidate so far were wrong.

    Where a later run sees the same ids, its labels and scores count, however many differ. A gate that promotes counts
    what a runner signed.
    """
    project = open_project(gates)
    book = open_ledger(project, ledger)
    sign = correction_signer(project, signer, book)
    named = candidate_named(candidate, [entry.identity for entry in book.entries("run") if entry.suite == suite])
    found = record_correction(book, suite, named, reason)
    sign(found)
    say(f"recorded for {len(found.runs)} runs of {suite} ({named.revision}): {reason}")
    return 0


@command.command("purge")
@click.option("--subject", metavar="ID", help="Rows with this id, or of a cluster (a customer, a card) with this id.")
@click.option("--before", metavar="DATE", help="Rows that only runs before this time judged (ISO 8601, UTC).")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--ledger", metavar="URL", help="The ledger to write to; wins over the gates file's.")
def purge_evidence(subject: str | None, before: str | None, gates: Path | None, ledger: str | None) -> int:
    """Erase rows behind verdicts, and record how many: verdicts stay, later looks use what remains."""
    from harness.records import evidence_store, purges  # noqa: PLC0415 - Arrow, which a correction does without

    if (subject is None) == (before is None):
        raise UsageError("say which rows to erase: --subject ID, or --before DATE")
    project = open_project(gates)
    book = open_ledger(project, ledger)
    runs = book.runs()
    moment = instant(before, "--before")
    chosen = purges.choose_subject(subject) if subject is not None else purges.choose_before(moment, runs)
    reason = "of one subject" if subject is not None else f"judged before {moment:%Y-%m-%d %H:%M} UTC"
    found = purges.purge_rows(book, evidence_store.open_bundle(project.evidence()), runs, chosen, reason)
    where = "1 file" if len(found.rows) == 1 else f"{len(found.rows)} files"
    say(f"erased {sum(found.rows.values()):,} rows in {where} of evidence; verdicts stay as recorded")
    say("not erased: tables, folders of --out, backups, and ids of rows that broke a rule, which stand in the ledger")
    return 0
