"""The `terminal` report: a table of verdicts with their intervals and what they come to, or what a gate decided."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.gating.wording import describe_decision
from harness.judging.phrases import describe_asked, describe_found
from harness.judging.wording import describe, group_verdicts
from harness.plugins.hooks import hookimpl
from harness.plugins.reports import Report, Reporter
from harness.values.decisions import GateDecision
from harness.values.identity import proof_text, short_identity
from harness.values.outcomes import Outcome, worst
from harness.values.runs import Run
from harness.values.verdicts import Verdict

STYLE: Mapping[Outcome, str] = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "error": "bold magenta"}
NARROW = 110  # columns below which the check stands above its verdicts, not beside them
PIPED = 1000  # as good as no width: what reads a pipe wants one line a verdict
SAID_AFTER = 13  # where `explain` puts its words, after the label
ASKED_SHARE = 6  # of a narrow terminal, the part that what was asked may take


def report(found: Report, out: Path) -> str:
    """Return the decision of a gate, else the runs."""
    return _decision_text(found.decision) if found.decision else _runs_text(found.runs)


def _decision_text(decision: GateDecision) -> str:
    words, who = describe_decision(decision), decision.candidate
    warnings = [f"warning: {warning}" for warning in words.warnings]
    below = [f"  {line}" for line in (*words.reasons, *words.notices, *warnings)]
    return "\n".join([f"{words.title.upper()}  {words.headline}  ({proof_text(who)})", *below])


def _runs_text(runs: Sequence[Run]) -> str:
    """Return the runs as text: coloured and fitted on a terminal, plain and a line a verdict elsewhere."""
    seen = Console()
    console = Console(
        file=StringIO(),
        width=seen.width if seen.is_terminal else PIPED,
        force_terminal=seen.is_terminal,
        color_system="auto" if seen.is_terminal else None,
    )
    for part in _parts(runs, console.width):
        console.print(part, soft_wrap=isinstance(part, Text))
    text = console.file.getvalue() if isinstance(console.file, StringIO) else ""
    return "\n".join(line.rstrip() for line in text.splitlines())


def _parts(runs: Sequence[Run], width: int) -> Iterator[Table | Text]:
    for index, run in enumerate(runs):
        yield from [Text("")] if index else []
        yield Text(f"{run.suite}: candidate {short_identity(run.candidate)}", style="bold")
        yield _table(group_verdicts(run.verdicts), width)
        for verdict in run.verdicts:
            if verdict.outcome != "pass" and verdict.requirement.severity != "info":
                yield _explanation(verdict, width)
        yield _ending(run.outcome, f"{run.suite}: {_count(run.verdicts)}  run {run.id}")
    if len(runs) > 1:
        yield Text("")
        yield _ending(worst([run.outcome for run in runs]), f"{len(runs)} suites together")


def _table(entries: Sequence[tuple[Verdict, ...]], width: int) -> Table:
    narrow = width < NARROW
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrow)
    table.add_column("verdict", no_wrap=True)
    table.add_column("metric", overflow="fold")
    table.add_column("found (between)", no_wrap=True)
    table.add_column("asked", max_width=width // ASKED_SHARE if narrow else None)
    if not narrow:
        table.add_column("check")
    for step, found in groupby(entries, key=lambda entry: entry[0].step):
        if narrow:
            table.add_row("", Text(step, style="dim", no_wrap=True, overflow="ellipsis"))
        for entry in found:
            table.add_row(*_cells(entry, narrow), *([] if narrow else [Text(step)]))
    return table


def _cells(entry: tuple[Verdict, ...], narrow: bool) -> Sequence[Text]:
    verdict = entry[0]
    severity = verdict.requirement.severity
    outcome = Text("info") if severity == "info" else Text(verdict.outcome, style=STYLE[verdict.outcome])
    lines = [verdict.metric, *(f" {key}={value}" for key, value in verdict.labels.items())]
    alone = "\n".join(lines) if narrow else verdict.name
    name = f"{verdict.metric} (all {len(entry)})" if len(entry) > 1 else alone
    return [outcome, *map(Text, (name, str(describe_found(verdict)), _requirement_cell(verdict)))]


def _requirement_cell(verdict: Verdict) -> str:
    """Return what was asked as a cell: the heading says "asked" already, and only what is no must says so."""
    return f"{describe_asked(verdict).brief}{' (should)' if verdict.requirement.severity == 'should' else ''}"


def _explanation(verdict: Verdict, width: int) -> Text:
    """Return the verdict in words, each wrapped below where its words begin."""
    head = f"{verdict.outcome.upper()}  {verdict.name}"
    lines = [line for each in describe(verdict).lines for line in str(each).splitlines()]
    filled = [textwrap.fill(line, width, initial_indent="  ", subsequent_indent=" " * SAID_AFTER) for line in lines]
    return Text.assemble((head, STYLE[verdict.outcome]), "\n", "\n".join(filled), "\n")


def _ending(outcome: Outcome, said: str) -> Text:
    return Text.assemble((outcome.upper(), STYLE[outcome]), f"  {said}")


def _count(verdicts: Sequence[Verdict]) -> str:
    musts = [verdict.outcome for verdict in verdicts if verdict.requirement.severity == "must"]
    warned = [v for v in verdicts if v.requirement.severity == "should" and v.outcome != "pass"]
    counts = [f"{musts.count(outcome)} {outcome}" for outcome in STYLE if outcome in musts]
    of_musts = f"{', '.join(counts)} of {len(musts)} must{'s' if len(musts) > 1 else ''}"
    warnings = f", {len(warned)} warning{'s' if len(warned) > 1 else ''}" if warned else ""
    return (of_musts if musts else "no musts, so nothing is proven") + warnings


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer the report that `harness run` and `harness gate` print."""
    return {"terminal": report}
