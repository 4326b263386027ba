"""What `harness run` does: suites are measured, judged, recorded and reported."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from harness.cli.apart import open_evidence
from harness.cli.interrupts import INTERRUPTED
from harness.cli.loads import planned_seconds
from harness.cli.printing import tell
from harness.cli.progress import Pace, show_progress
from harness.cli.project import EXIT, existing, open_ledger, span
from harness.cli.recording import Batch, Kept, run_and_record, unwritable
from harness.cli.registering import register_suite
from harness.cli.reports import earlier_runs, rows_reader, write_reports
from harness.cli.suites import read_all
from harness.errors import HarnessError
from harness.files import write_atomic
from harness.gating.attempts import attempt_warning
from harness.gating.repeats import describe_repeats
from harness.plugins.calling import open_door
from harness.plugins.reports import ReadRows, Report, Reporter
from harness.project import Project, instant
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.records.lent import LentStorage
from harness.records.runs import summary
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_suite
from harness.suite.steps import ResolvedSuite
from harness.values.calls import Replay
from harness.values.canonical import canonical_pretty
from harness.values.outcomes import Outcome, worst
from harness.values.runs import Run

NOTHING_JUDGED = 5


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for on the command line, as it was written."""

    paths: Sequence[str]
    params: Sequence[str]
    as_of: str | None
    reports: Sequence[str]
    as_text: bool
    out: Path | None
    executor: str
    evidence: str
    trigger: str
    timeout: str | None
    replay: Replay | None
    budget: str | None
    register: bool
    no_record: bool
    ledger: str | None


def measure(wanted: Wanted, project: Project, storage: LentStorage | None) -> int:
    """Measure, judge, record and report suites, in the ledger that is lent or the project's; return the exit code."""
    reporters = {
        name: project.plugins.reporter(name) for name in ("json" if wanted.as_text else "terminal", *wanted.reports)
    }
    suites = read_all(project.plugins, existing(wanted.paths), wanted.params)
    book = Ledger(storage, project.name) if storage else open_ledger(project, wanted.ledger)
    options = RunOptions(
        project=project.name,
        as_of=instant(wanted.as_of),
        executor=wanted.executor,
        evidence=wanted.evidence,
        trigger=wanted.trigger,
        timeout=span(wanted.timeout),
    )
    services = RunServices(evidence_store=open_evidence(project, storage), ledger=book)
    kept = Kept(
        evidence=services.evidence_store,
        ledger=None if wanted.no_record else book,
        out=wanted.out,
        sign=storage.sign if storage and storage.signs else None,
    )

    def run_one(resolved: ResolvedSuite) -> Run:
        steps = [step.name for step in resolved.steps for _ in step.arguments]
        pace = Pace(resolved.suite.name, steps, planned_seconds(resolved.steps, project.plugins))
        with show_progress(pace, len(steps)) as (on_start, on_result):
            watched = replace(services, on_start=on_start, on_result=on_result)
            if wanted.register:
                watched = replace(watched, on_open=partial(register_suite, project, book, resolved))
            return run_suite(resolved, project.plugins, options, watched)

    with open_door(project.settings, wanted.replay, wanted.budget, os.environ) as door:
        services = replace(services, door=door)
        batch = run_and_record(suites, run_one, kept)
        if door and not batch.unrun and not batch.troubles:
            door.keep()
    return _report_batch(
        batch, kept, book, reporters, wanted.out or project.settings.store / "reports", rows_reader(kept.evidence)
    )


def _report_batch(
    batch: Batch,
    kept: Kept,
    book: Ledger,
    reporters: Mapping[str, Reporter],
    folder: Path,
    read_rows: ReadRows,
) -> int:
    """Write the summary and the reports of what ended, say what to beware of, and return the exit code."""
    outcome = _outcome(batch)
    troubles = [*batch.troubles, *_write_summary(kept.out, batch, outcome)]
    entries, unread = _read_entries(book)
    report = Report(runs=batch.runs, history=earlier_runs(batch.runs, entries), read_rows=read_rows)
    troubles += [*unread, *(write_reports(reporters, report, folder) if report.runs else ())]
    attempts = [entry.attempt for entry in entries]
    repeats = [warning for run in batch.runs for warning in describe_repeats(run)]
    for warning in filter(None, (*repeats, *(attempt_warning(run, attempts) for run in batch.runs))):
        click.echo(f"warning: {warning}", err=True)
    if batch.unrun:
        click.echo(batch.interruption(), err=True)
        return INTERRUPTED
    if batch.troubles and batch.runs and "terminal" in reporters:
        click.echo(batch.shortfall())
    return exit_code(batch.runs, troubles, outcome)


def _outcome(batch: Batch) -> Outcome:
    """Return the worst outcome; of suites that were not all measured and recorded, error."""
    if batch.unrun or batch.troubles:
        return "error"
    return worst([run.outcome for run in batch.runs])


def _write_summary(out: Path | None, batch: Batch, outcome: Outcome) -> Iterator[HarnessError]:
    if out is None or not batch.runs:
        return
    try:
        write_atomic(out / "summary.json", canonical_pretty(summary(batch.runs, outcome)))
    except OSError as error:
        yield tell(HarnessError(unwritable(out, error)))


def _read_entries(ledger: Ledger) -> tuple[Sequence[Entry], Sequence[HarnessError]]:
    """Return the recorded runs; a ledger that cannot be read costs the reports their history, and is told."""
    try:
        return ledger.entries("run"), []
    except HarnessError as error:
        return [], [tell(error)]


def exit_code(runs: Sequence[Run], troubles: Sequence[HarnessError], outcome: Outcome) -> int:
    """Return the exit code of all: that of the worst, or 5 when no requirement was judged."""
    if troubles:
        return max(error.exit_code for error in troubles)
    return EXIT[outcome] if any(run.verdicts for run in runs) else NOTHING_JUDGED
