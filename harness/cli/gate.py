"""`harness gate`: decides for one candidate from what the ledger holds, and records the decision."""

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.asking import HELP, decide_gate, name_candidates, only_candidate
from harness.cli.deciding import list_judged
from harness.cli.forges import GITHUB, forge_named
from harness.cli.plugins_apart import open_guarded
from harness.cli.project import EXIT, open_ledger
from harness.cli.reports import earlier_runs, rows_reader, write_reports
from harness.errors import UsageError
from harness.gating.gates import Gate
from harness.plugins.reports import Report
from harness.project import Project, instant
from harness.records.ledger import Ledger
from harness.values.identity import Identity


@click.command("gate")
@click.argument("stage")
@click.option("--candidate", "candidates", multiple=True, metavar="NAME", help=f"{HELP} Default that of --run.")
@click.option(
    "--run",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Record the runs that `harness run --out DIR` wrote elsewhere, and their evidence, before deciding.",
)
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option(
    "--policy-ref", metavar="REF", help="Read gates, suites and plugins of the project from this commit, not from here."
)
@click.option("--forge", type=click.Choice([GITHUB]), help="Ask it who approved, who asked and who wrote the suites.")
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
@click.option("--as-of", metavar="TIME", help="Clock of the age limits (ISO 8601, UTC); default now.")
@click.option("--report", "reports", multiple=True, metavar="NAME", help="Further report: html, junit, markdown, ...")
@click.option("--json", "as_text", is_flag=True, help="Print the decision as JSON.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where reports are written.")
def command(
    stage: str,
    candidates: Sequence[str],
    folders: Sequence[Path],
    gates: Path | None,
    policy_ref: str | None,
    forge: str | None,
    ledger: str | None,
    as_of: str | None,
    reports: Sequence[str],
    as_text: bool,
    out: Path | None,
) -> int:
    """Decide whether a candidate may pass STAGE, or all parts that it asks for, from recorded runs alone."""
    project = open_guarded(gates, policy_ref, ledger=ledger)
    reporters = {name: project.plugins.reporter(name) for name in ("json" if as_text else "terminal", *reports)}
    gate = _gate(project, stage, ledger)
    if gate.promote and as_of:
        raise UsageError(f"gate {stage!r} promotes, so it goes by the clock; leave --as-of out, or ask another gate")
    book = open_ledger(project, ledger)
    taken = _take_runs(folders, book, project) if folders else ()
    entries = book.entries()
    known = list_judged(entries)
    who = name_candidates(candidates, stage, gate, known) if candidates else only_candidate(taken, stage, gate)
    decided = decide_gate(project, stage, gate, who, book, entries, instant(as_of), forge_named(forge))
    decided.record(book)
    decision = decided.decision
    history = earlier_runs(decided.runs, entries)
    report = Report(runs=decided.runs, decision=decision, history=history, read_rows=rows_reader(project.evidence()))
    troubles = list(write_reports(reporters, report, out or project.settings.store / "reports"))
    if troubles:
        return max(trouble.exit_code for trouble in troubles)
    return EXIT[decision.outcome] if decision.blocks else 0


def _take_runs(folders: Sequence[Path], book: Ledger, project: Project) -> Sequence[Identity]:
    """Record the runs below some folders, with their evidence, and return whom they are of."""
    from harness.records import artefacts, evidence_store  # noqa: PLC0415 - Arrow, which a gate on a ledger does without
    from harness.signing import keeping  # noqa: PLC0415 - as above

    found = artefacts.read_artefacts(folders)
    store = evidence_store.open_bundle(project.evidence())
    artefacts.import_runs(found, book, store)
    keeping.import_signatures(found, book, store)
    return list({each.run.candidate.key: each.run.candidate for each in found}.values())


def _gate(project: Project, stage: str, ledger: str | None) -> Gate:
    if project.gates is None:
        raise UsageError(f"no gates file at {project.settings.gates}; write one, or name it with --gates FILE")
    gate = project.gates.gate(stage)
    if gate.promote and not (ledger or project.gates.ledger):
        raise UsageError(
            f"gate {stage!r} promotes, so its ledger must be named; add `ledger: URL` to the gates file or --ledger, "
            f"as a fresh runner forgets the default one"
        )
    return gate
