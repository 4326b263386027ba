"""`harness run`: measures, judges, records, reports."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.progress import show_progress
from harness.cli.project import EXIT, existing, say, span
from harness.cli.reports import earlier_runs
from harness.cli.suites import read_all
from harness.errors import HarnessError
from harness.files import write_atomic
from harness.gating.attempts import attempt_warning
from harness.plugins.reports import Report
from harness.project import Project, instant, open_project
from harness.records.evidence import LEVELS
from harness.records.evidence_store import open_bundle
from harness.records.runs import as_json, summary
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_suite
from harness.suite.steps import ResolvedSuite
from harness.values.canonical import canonical_pretty
from harness.values.outcomes import Outcome, worst
from harness.values.runs import TRIGGERS, Run

NOTHING_JUDGED = 5


@click.command("run")
@click.argument("paths", nargs=-1)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a suite's parameter.")
@click.option("--as-of", metavar="TIME", help="Clock of maturity and windows (ISO 8601, UTC); default now.")
@click.option("--report", "reports", multiple=True, metavar="NAME", help="Further report: html, junit, markdown, ...")
@click.option("--json", "as_text", is_flag=True, help="Print the runs as JSON instead of a table.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write run.json of each suite, summary.json."
)
@click.option("--executor", default="threads", metavar="NAME", help="What performs the work units.")
@click.option("--evidence", type=click.Choice(LEVELS), default="ids", help="Which rows are kept behind a verdict.")
@click.option("--trigger", type=click.Choice(TRIGGERS), default="manual", help="Why this runs.")
@click.option("--timeout", metavar="SPAN", help="Steps that end later than this, or never, are errors, as in 30m.")
@click.option("--ledger", metavar="URL", help="Where the run is recorded (SQLAlchemy URL).")
@click.option(
    "--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file, which may name a ledger."
)
def command(
    paths: Sequence[str],
    params: Sequence[str],
    as_of: str | None,
    reports: Sequence[str],
    as_text: bool,
    out: Path | None,
    executor: str,
    evidence: str,
    trigger: str,
    timeout: str | None,
    ledger: str | None,
    gates: Path | None,
) -> int:
    """Run suite files, or all *.suite.yaml below a folder: measure, judge, record."""
    project = open_project(gates)
    reporters = {name: project.plugins.reporter(name) for name in ("json" if as_text else "terminal", *reports)}
    suites = read_all(project, existing(paths), params)
    book = project.ledger(ledger)
    options = RunOptions(
        project=project.name,
        as_of=instant(as_of),
        executor=executor,
        evidence=evidence,
        trigger=trigger,
        timeout=span(timeout),
    )
    services = RunServices(evidence_store=open_bundle(project.evidence()), ledger=book)
    runs, troubles = _run_all(project, suites, options, services)
    for run in runs:
        book.record_run(run)
    outcome: Outcome = "error" if troubles else worst([run.outcome for run in runs])
    if out and runs:
        _write_results(out, runs, outcome)
    entries = book.entries("run")
    report = Report(runs=runs, history=earlier_runs(runs, entries))
    for reporter in reporters.values() if runs else ():
        say(reporter(report, out or project.settings.store / "reports"))
    attempts = [entry.attempt for entry in entries]
    for warning in filter(None, (attempt_warning(run, attempts) for run in runs)):
        click.echo(f"warning: {warning}", err=True)
    return exit_code(runs, troubles, outcome)


def _write_results(out: Path, runs: Sequence[Run], outcome: Outcome) -> None:
    try:
        write_out(out, runs, outcome)
    except OSError as error:
        recorded = ", ".join(run.id for run in runs)
        message = f"--out {str(out)!r} cannot be written: {error}; name a folder that can be written to"
        raise HarnessError(f"{message} (recorded all the same: run {recorded})") from error


def exit_code(runs: Sequence[Run], troubles: Sequence[HarnessError], outcome: Outcome) -> int:
    """Return the exit code of all: that of the worst, or 5 when no requirement was judged."""
    if troubles:
        return max(error.exit_code for error in troubles)
    return EXIT[outcome] if any(run.verdicts for run in runs) else NOTHING_JUDGED


def _run_all(
    project: Project, suites: Sequence[ResolvedSuite], options: RunOptions, services: RunServices
) -> tuple[Sequence[Run], Sequence[HarnessError]]:
    """Run each suite; one that cannot be measured is told at once and does not stop the others."""
    runs: list[Run] = []
    troubles: list[HarnessError] = []
    for resolved in suites:
        try:
            tasks = sum(len(step.arguments) for step in resolved.steps)
            with show_progress(resolved.suite.name, tasks) as progress:
                runs.append(run_suite(resolved, project.plugins, options, replace(services, on_result=progress)))
        except HarnessError as error:
            click.echo(f"error: {resolved.suite.name}: {error}", err=True)
            troubles.append(error)
    return runs, troubles


def write_out(out: Path, runs: Sequence[Run], outcome: Outcome) -> None:
    """Write `<suite>/run.json` for each run, then `summary.json`."""
    for run in runs:
        write_atomic(out / run.suite / "run.json", canonical_pretty(as_json(run)))
    write_atomic(out / "summary.json", canonical_pretty(summary(runs, outcome)))
