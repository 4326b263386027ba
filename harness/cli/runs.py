"""`harness runs`: what the ledger holds, in words."""

from collections.abc import Iterator, Sequence

import click

from harness.cli.project import say
from harness.errors import UsageError
from harness.project import open_project
from harness.records.runs import as_json, canonical_pretty
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
    for run in reversed(_runs(ledger)):
        if suite in (None, run.suite):
            when = f"{run.started:%Y-%m-%d %H:%M}"
            say(f"{run.id}  {when}  {run.outcome:<12}  {run.suite}  {run.candidate.revision}  {run.digest[:19]}")
    return 0


@command.command("show")
@click.argument("run")
@ledger_option
@click.option("--json", "as_text", is_flag=True, help="Print the whole record as JSON.")
def show(run: str, ledger: str | None, as_text: bool) -> int:
    """Show one run's verdicts."""
    found = _one(_runs(ledger), run)
    report = open_project().plugins.reporter("terminal")
    say(canonical_pretty(as_json(found)).rstrip() if as_text else report([found], open_project().settings.store))
    return 0


@command.command("explain")
@click.argument("run")
@click.argument("metric", required=False)
@ledger_option
def explain_run(run: str, metric: str | None, ledger: str | None) -> int:
    """Explain a run's verdicts, or those of one METRIC, in plain words."""
    found = _one(_runs(ledger), run)
    chosen = [verdict for verdict in found.verdicts if metric in (None, verdict.metric, verdict.name)]
    if not chosen:
        raise UsageError(f"run {found.id} judged no {metric!r}; it judged {', '.join(v.name for v in found.verdicts)}")
    say("\n\n".join(verdict.explain() for verdict in chosen))
    return 0


@command.command("compare")
@click.argument("first")
@click.argument("second")
@ledger_option
def compare_runs(first: str, second: str, ledger: str | None) -> int:
    """Compare the verdicts of two runs, requirement by requirement."""
    runs = _runs(ledger)
    before, after = _one(runs, first), _one(runs, second)
    say("\n".join(_differences(before, after)))
    return 0


def _differences(before: Run, after: Run) -> Iterator[str]:
    yield f"{before.id} {before.candidate.revision}  ->  {after.id} {after.candidate.revision}"
    left, right = _by_key(before), _by_key(after)
    for key in dict.fromkeys([*left, *right]):
        one, other = left.get(key), right.get(key)
        yield f"  {key}: {_short(one)}  ->  {_short(other)}"


def _by_key(run: Run) -> dict[str, Verdict]:
    return {f"{verdict.step} {verdict.name} ({verdict.requirement_text()})": verdict for verdict in run.verdicts}


def _short(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    return f"{verdict.outcome} {verdict.value_text()}"


def _runs(url: str | None) -> Sequence[Run]:
    return open_project().ledger(url).runs()


def _one(runs: Sequence[Run], key: str) -> Run:
    found = [run for run in runs if run.id.startswith(key)] or [run for run in runs if run.digest.startswith(key)]
    if key == "latest" and runs:
        return runs[-1]
    if len({run.digest for run in found}) == 1:
        return found[-1]
    message = f"{len(found)} runs start with {key!r}" if found else f"no run {key!r}"
    raise UsageError(f"{message}; `harness runs list` shows the ids, and `latest` is the newest")
