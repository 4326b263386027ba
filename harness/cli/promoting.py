"""What promote, rollback and audit share: a stage with its registries, its ledger, its lock and whom it trusts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from harness.cli.asking import Candidates, decide_gate
from harness.cli.forges import Forge
from harness.cli.project import open_ledger
from harness.cli.signers import trust_of
from harness.errors import UsageError
from harness.gating.gates import Gate
from harness.project import Project
from harness.promotion.predicates import About, Case
from harness.promotion.stages import Stage
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from harness.records.locks import lock_promotions

FOLDER = "promotions"
policy_option = click.option(
    "--policy-ref", metavar="REF", help="Read gates, suites, trust and plugins from this commit, not from here."
)


def promoting_gate(project: Project, stage: str, ledger: str | None) -> Gate:
    """Return the gate of a stage that promotes. UsageError if it does not, or its ledger is not named."""
    if project.gates is None:
        raise UsageError(f"no gates file at {project.settings.gates}; write one, or name it with --gates FILE")
    gate = project.gates.gate(stage)
    if not gate.promote:
        raise UsageError(f"gate {stage!r} promotes nothing; add `promote: {{file: champion.json}}`, or mlflow")
    if not (ledger or project.gates.ledger):
        raise UsageError(
            f"gate {stage!r} promotes, so its ledger must be named; add `ledger: URL` to the gates file or --ledger, "
            f"as a fresh runner forgets the default one"
        )
    return gate


def open_stage(project: Project, name: str, gate: Gate, ledger: str | None, out: Path | None = None) -> Stage:
    """Return a stage with all that moving it takes."""
    url, store = project.ledger_url(ledger), project.settings.store
    return Stage(
        project=project.name,
        name=name,
        registries=project.registries(gate),
        ledger=open_ledger(project, ledger),
        store=open_bundle(project.evidence()),
        trust=trust_of(project),
        lock=lambda: lock_promotions(url, store),
        out=out or store / FOLDER,
    )


def open_part(project: Project, name: str, ledger: str | None) -> Stage:
    """Return the stage whose gate decides about a part of what another promotes."""
    return open_stage(project, name, promoting_gate(project, name, ledger), ledger)


def decide_case(
    project: Project, stage: str, gate: Gate, who: Candidates, book: Ledger, forge: Forge | None = None
) -> Case:
    """Return what the gate decides about its candidates now, by the code of `harness gate`; nothing is recorded."""
    entries = book.entries()
    decided = decide_gate(project, stage, gate, who, book, entries, datetime.now(UTC), forge)
    return Case(decision=decided.decision, runs=decided.runs, entries=entries)


def about_now(stage: Stage) -> About:
    """Return what a statement of a stage that is signed now says besides."""
    return About(
        project=stage.project,
        stage=stage.name,
        model=stage.model,
        issued=datetime.now(UTC),
        version=version("promotion-harness"),
    )


def print_notices(notices: Sequence[str]) -> None:
    """Print what was found on the way."""
    for notice in notices:
        click.echo(f"notice: {notice}", err=True)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print what the gate warns of, which keeps nobody from being promoted."""
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
