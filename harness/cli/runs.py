"""`harness runs`: what the ledger holds, in words."""

from collections.abc import Iterator, Sequence

import click

from harness.cli.printing import say
from harness.errors import UsageError
from harness.judging.phrases import describe_asked, describe_found
from harness.judging.wording import explain
from harness.plugins.reports import Report
from harness.project import open_project
from harness.records.entries import Entry
from harness.records.runs import as_json
from harness.values.canonical import canonical_pretty
from harness.values.runs import Run
from harness.values.verdicts import Verdict

ledger_option = click.option("--ledger", metavar="URL", help="The ledger to read.")


@click.group("runs")
def command() -> None:
    """List, show, compare and explain recorded runs."""


@command.command("list")
@ledger_option
@click.option("--suite", help="Only runs of this suite.")
def list_runs(ledger: str | None, suite: str | None) -> int:
    """List runs, newest first."""
    entries = open_project().ledger(ledger).entries("run")
    lines = [_line(entry) for entry in reversed(entries) if suite in (None, entry.suite)]
    if lines:
        say("\n".join(lines))
    return 0


@command.command("show")
@click.argument("run")
@ledger_option
@click.option("--json", "as_text", is_flag=True, help="Print the whole record as JSON.")
def show(run: str, ledger: str | None, as_text: bool) -> int:
    """Show one run's verdicts."""
    found = _read_run(run, ledger)
    project = open_project()
    if as_text:
        say(canonical_pretty(as_json(found)).rstrip())
    else:
        say(project.plugins.reporter("terminal")(Report(runs=[found]), project.settings.store / "reports"))
    return 0


@command.command("explain")
@click.argument("run")
@click.argument("metric", required=False)
@ledger_option
def explain_run(run: str, metric: str | None, ledger: str | None) -> int:
    """Explain a run's verdicts, or those of one METRIC, in plain words."""
    found = _read_run(run, ledger)
    chosen = [verdict for verdict in found.verdicts if metric in (None, verdict.metric, verdict.name)]
    if not chosen:
        raise UsageError(f"run {found.id} judged no {metric!r}; it judged {', '.join(v.name for v in found.verdicts)}")
    say("\n\n".join(explain(verdict) for verdict in chosen))
    return 0


@command.command("compare")
@click.argument("first")
@click.argument("second")
@ledger_option
def compare_runs(first: str, second: str, ledger: str | None) -> int:
    """Compare the verdicts of two runs, requirement by requirement."""
    before, after = _read_run(first, ledger), _read_run(second, ledger)
    say("\n".join(_differences(before, after)))
    return 0


def _differences(before: Run, after: Run) -> Iterator[str]:
    yield f"{before.id} {before.candidate.revision}  ->  {after.id} {after.candidate.revision}"
    left, right = _by_key(before), _by_key(after)
    for key in dict.fromkeys([*left, *right]):
        one, other = left.get(key), right.get(key)
        yield f"  {key}: {_short(one)}  ->  {_short(other)}"


def _by_key(run: Run) -> dict[str, Verdict]:
    return {f"{verdict.step} {verdict.name} ({describe_asked(verdict)})": verdict for verdict in run.verdicts}


def _short(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    return f"{verdict.outcome} {describe_found(verdict)}"


def _line(entry: Entry) -> str:
    """Return a line of the list; all that it says stands in the entry, so that no run is read."""
    what = f"{entry.outcome:<12}  {entry.suite}  {entry.revision}  {(entry.digest or '')[:19]}"
    return f"{entry.id}  {entry.moment:%Y-%m-%d %H:%M}  {what}"


def _read_run(key: str, url: str | None) -> Run:
    book = open_project().ledger(url)
    (run,) = book.read_runs([_one(book.entries("run"), key)])
    return run


def _one(entries: Sequence[Entry], key: str) -> Entry:
    by_id = [entry for entry in entries if entry.id.startswith(key)]
    found = by_id or [entry for entry in entries if (entry.digest or "").startswith(key)]
    if key == "latest" and entries:
        return entries[-1]
    if len({entry.digest for entry in found}) == 1:
        return found[-1]
    message = f"{len(found)} runs start with {key!r}" if found else f"no run {key!r}"
    raise UsageError(f"{message}; `harness runs list` shows the ids, and `latest` is the newest")
