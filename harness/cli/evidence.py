"""`harness evidence`: says why rows that were judged are to be replaced by others."""

from pathlib import Path

import click

from harness.cli.groups import Group
from harness.cli.printing import say
from harness.gating.gates import candidate_named
from harness.project import open_project
from harness.records.corrections import record_correction


@click.group("evidence", cls=Group)
def command() -> None:
    """Record why rows that were judged were wrong."""


@command.command("correct")
@click.argument("suite")
@click.option("--candidate", required=True, metavar="DIGEST", help="Digest, or a revision that one digest carries.")
@click.option("--reason", required=True, metavar="TEXT", help="What was wrong with the rows, and what was done.")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--ledger", metavar="URL", help="The ledger to write to; wins over the gates file's.")
def correct_evidence(suite: str, candidate: str, reason: str, gates: Path | None, ledger: str | None) -> int:
    """Record that the rows SUITE judged of a candidate so far were wrong.

    Where a later run sees the same ids, its labels and scores count, however many differ.
    """
    book = open_project(gates).ledger(ledger)
    named = candidate_named(candidate, [entry.identity for entry in book.entries("run") if entry.suite == suite])
    runs = record_correction(book, suite, named, reason)
    say(f"recorded for {len(runs)} runs of {suite} ({named.revision}): {reason}")
    return 0
