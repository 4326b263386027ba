"""The `terminal` report: a table of verdicts with their intervals, then what they come to."""

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.hooks import Reporter, hookimpl
from harness.model import Run, Verdict

STYLE = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "error": "bold magenta"}


def report(runs: Sequence[Run], out: Path) -> str:
    """Return the runs as text: coloured on a terminal, plain elsewhere."""
    seen = Console()
    console = Console(
        file=StringIO(),
        width=seen.width if seen.is_terminal else 140,
        force_terminal=seen.is_terminal,
        color_system="auto" if seen.is_terminal else None,
    )
    for run in runs:
        for part in _parts(run):
            console.print(part)
    text = console.file.getvalue() if isinstance(console.file, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.splitlines())


def _parts(run: Run) -> Iterator[Table | Text | str]:
    digest = f" ({run.candidate.digest[:19]}…)" if run.candidate.digest else " (declared, without digest)"
    yield Text(f"{run.suite}: candidate {run.candidate.revision}{digest}", style="bold")
    yield _table(run.verdicts)
    for verdict in run.verdicts:
        if verdict.outcome != "pass" and verdict.requirement.severity != "info":
            yield Text("")
            yield Text(verdict.explain(), style=STYLE[verdict.outcome])
    yield Text("")
    yield Text(f"{run.outcome.upper()}  {run.suite}: {_count(run.verdicts)}  run {run.id}", style=STYLE[run.outcome])


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("verdict", "metric", "found (between)", "asked", "severity", "check"):
        table.add_column(heading)
    for verdict in verdicts:
        outcome = Text(_outcome(verdict), style=STYLE[verdict.outcome])
        severity = verdict.requirement.severity
        table.add_row(outcome, Text(verdict.name), verdict.shown(), verdict.asked(), severity, verdict.step)
    return table


def _outcome(verdict: Verdict) -> str:
    return "info" if verdict.requirement.severity == "info" else verdict.outcome


def _count(verdicts: Sequence[Verdict]) -> str:
    musts = [verdict.outcome for verdict in verdicts if verdict.requirement.severity == "must"]
    counts = [f"{musts.count(outcome)} {outcome}" for outcome in STYLE if outcome in musts]
    return f"{', '.join(counts)} of {len(musts)} musts" if musts else "no musts, so nothing is proven"


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer the report that `harness run` prints."""
    return {"terminal": report}
