"""`harness dossier`: one zip with all that the promotion of a model rests on."""

import os
from pathlib import Path

import click

from harness.cli.deciding import list_judged, name_suites
from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.promoting import policy_option
from harness.cli.signers import trust_of
from harness.cli.verify import about_lines
from harness.errors import HarnessError, UsageError
from harness.files import write_atomic
from harness.gating.gates import candidate_named
from harness.project import Project, open_project
from harness.promotion.dossier import STATEMENT, Case, find_promoted, list_files, read_decided, zip_files
from harness.promotion.moves import Move
from harness.records.evidence_store import open_bundle
from harness.signing.anchors import find_loss
from harness.signing.trust import Trust
from harness.signing.verifying import verify


@click.command("dossier")
@click.argument("model")
@click.option("--stage", metavar="NAME", help="The stage it was promoted to; default the last one.")
@click.option(
    "--rows", is_flag=True, help="Add the evidence of earlier looks, without which they are not measured again."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The zip; default in .harness/dossiers.")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@policy_option
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
def command(
    model: str,
    stage: str | None,
    rows: bool,
    out: Path | None,
    gates: Path | None,
    policy_ref: str | None,
    ledger: str | None,
) -> int:
    """Write a zip with all that the last promotion of MODEL (its revision, digest or the start of that) rests on.

    In it: the signed statement and what verifying says, model card, champion and slices from the runs, waivers,
    approvals, environment, and a script that measures the runs again. The same records give the same bytes.
    """
    project = open_project(gates, policy_ref)
    book, trust = open_ledger(project, ledger), trust_of(project)
    entries = book.entries()
    store = open_bundle(project.evidence())
    loss = find_loss(store, book, entries, project.name, trust)
    if loss:
        raise HarnessError(f"no dossier was written: {loss}")
    move = find_promoted(book, entries, candidate_named(model, list_judged(entries)), stage)
    runs = read_decided(book, entries, move)
    case = Case(
        move=move,
        runs=runs,
        files={run.suite: _suite_file(project, move.stage, run.suite) for run in runs},
        verification=_verification(move, trust, project),
    )
    place = out or project.settings.store / "dossiers" / f"{move.stage}-{move.id[7:19]}.zip"
    try:
        write_atomic(place, zip_files(list_files(case, book, entries, trust, store if rows else None)))
    except OSError as error:
        raise HarnessError(f"{place} was not written: {error}; make room there, or name a file with --out") from error
    say(f"dossier of {move.candidate.revision}, {move.kind} to {move.stage}: {place}")
    return 0


def _verification(move: Move, trust: Trust, project: Project) -> str:
    """Return the command that verifies the statement, and what it says. Untrusted if nobody trusted signed it."""
    found = verify(move.envelope, trust, predicate_type=move.predicate_type, project=project.name, stage=move.stage)
    typed = f"harness verify {STATEMENT} --type {move.kind} --trust trust.yaml"
    lines = [f"$ {typed} --project {project.name} --stage {move.stage}", f"VERIFIED  {STATEMENT}", *about_lines(found)]
    return "\n".join(lines) + "\n"


def _suite_file(project: Project, stage: str, suite: str) -> str:
    """Return where a suite that a stage asks for lies, from the root of the project."""
    if project.gates is None:
        raise UsageError(f"no gates file at {project.settings.gates}; write one, or name it with --gates FILE")
    asked = name_suites(project.gates.gate(stage), project).get(suite)
    if asked is None:
        message = f"gate {stage!r} does not ask for suite {suite!r} by a file any more"
        raise UsageError(f"{message}; read the gates of then, as in --policy-ref COMMIT")
    root = project.policy.settings.root if project.policy else project.settings.root
    return Path(os.path.relpath(project.asked_file(asked.file).resolve(), root.resolve())).as_posix()
