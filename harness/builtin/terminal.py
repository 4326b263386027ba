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

from harness.gating.wording import NOT_BLOCKING, describe_decision
from harness.judging.phrases import describe_asked, describe_found
from harness.judging.wording import describe, group_verdicts
from harness.plugins.hooks import hookimpl
from harness.plugins.reports import Report, Reporter
from harness.values.decisions import GateDecision
from harness.values.identity import is_of_rows, proof_text, short_identity
from harness.values.outcomes import WORST_FIRST, Outcome, worst
from harness.values.runs import Run
from harness.values.verdicts import Verdict

STYLE: Mapping[Outcome, str] = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "error": "bold magenta"}
NARROW = 110  # columns below which the check stands above its verdicts, not beside them
PIPED = 1000  # as good as no width: what reads a pipe wants one line a verdict
SAID_AFTER = 13  # where `explain` puts its words, after the label
OWN = ("why", "saw", "can say", "to decide")  # lines that differ from one slice to the next
SEVERITIES = ("must", "should", "info")
LINE = 2_000  # characters of a reason
NAMED = 3  # verdicts that share an explanation
OF_DATA = ("data.", "drift.columns")  # checks of what a candidate reads: no other candidate mends it
BETTER = "a better candidate, under a name of its own"
NO_LOOK = "a person decides, or a new candidate is judged: no look is left"
NO_MUST = "say under `require:` what must hold, then run again"
RUN_NEXT: Mapping[Outcome, str] = {
    "fail": BETTER,
    "inconclusive": "more rows, as `to decide` says, then run again",
    "error": "mend what `why` says, then run again",
}
GATE_NEXT: Mapping[str, str] = {
    "pass": "nothing holds it back",
    "waived": "nothing holds it back while the waiver lasts",
    "fail": f"{BETTER}; where a reason tells of the data, better data",
    NOT_BLOCKING: "nothing holds it back; more rows would decide",
    "inconclusive": "more rows, as the reasons say, then run and ask again",
    "error": "mend what the reasons say, then ask again",
}
ASKED_SHARE = 6  # of a narrow terminal, the part that what was asked may take


def report(found: Report, out: Path) -> str:
    """Return the decision of a gate, else the runs."""
    return _decision_text(found.decision) if found.decision else _runs_text(found.runs)


def _decision_text(decision: GateDecision) -> str:
    words, who = describe_decision(decision), decision.candidate
    warnings = [f"warning: {warning}" for warning in words.warnings]
    above = [f"  {line}" for line in (*words.reasons, *words.notices, *warnings)]
    then = GATE_NEXT[words.title if words.title in GATE_NEXT else decision.outcome]
    return "\n".join([*above, f"{words.title.upper()}  {words.headline}  ({proof_text(who)})  next: {then}"])


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
        entries = sorted(group_verdicts(run.verdicts), key=_order)
        yield from [Text("")] if index else []
        yield Text(f"{run.suite}: candidate {short_identity(run.candidate)}", style="bold")
        yield _table(entries, width)
        yield from _explanations(_group_alike(entries), width)
        then = f"  next: {_next_step(run.outcome, runs)}" if len(runs) == 1 else ""
        yield _ending(run.outcome, f"{run.suite}: {_count(run.verdicts, entries)}  run {run.id}{then}")
    if len(runs) > 1:
        outcome = worst([run.outcome for run in runs])
        yield Text("")
        yield _ending(outcome, f"{len(runs)} suites together  next: {_next_step(outcome, runs)}")


def _order(entry: tuple[Verdict, ...]) -> int:
    """Return where an entry stands among others: what keeps the candidate from passing is read first."""
    verdict = entry[0]
    severity = SEVERITIES.index(verdict.requirement.severity)
    return WORST_FIRST.index(verdict.outcome) + len(WORST_FIRST) * (severity if verdict.outcome != "pass" else 2)


def _group_alike(entries: Sequence[tuple[Verdict, ...]]) -> Sequence[Sequence[Verdict]]:
    """Return what did not pass and is to be explained; what has the same explanation is one group."""
    found: dict[object, list[Verdict]] = {}
    for verdict in (verdict for entry in entries for verdict in entry):
        if verdict.outcome != "pass" and verdict.requirement.severity != "info":
            found.setdefault((verdict.outcome, describe(verdict).lines), []).append(verdict)
    return list(found.values())


def _next_step(outcome: Outcome, runs: Sequence[Run]) -> str:
    if outcome == "fail":
        return _after_failure(runs)
    if outcome == "inconclusive" and all(_has_no_look(each) for run in runs for each in run.verdicts):
        return NO_LOOK
    if outcome == "error" and not any(_is_must(each) for run in runs for each in run.verdicts):
        return NO_MUST
    candidate = runs[-1].candidate
    name = candidate.digest if is_of_rows(candidate) and candidate.digest else candidate.revision
    return f"harness gate STAGE --candidate {name}" if outcome == "pass" else RUN_NEXT[outcome]


def _after_failure(runs: Sequence[Run]) -> str:
    """Return what to mend: the candidate, or the data where checks of the data failed, or both."""
    missed = [(run, each) for run in runs for each in run.verdicts if each.outcome == "fail" and _is_must(each)]
    of_data = [(run, each) for run, each in missed if each.check.startswith(OF_DATA)]
    if not of_data:
        return BETTER
    names = {repr(name): None for run, _ in of_data for name, data in run.datasets.items() if data.judged}
    mended = f"better data{' in ' if names else ''}{' or '.join(names)}, as `can say` tells"
    return f"{mended}, then run again" if len(of_data) == len(missed) else f"{mended}, and {BETTER}"


def _has_no_look(verdict: Verdict) -> bool:
    """Tell whether more rows decide nothing: what is open has had all its looks, or nothing is."""
    look, is_open = verdict.look, _is_must(verdict) and verdict.outcome == "inconclusive"
    return not is_open or (look is not None and look.planned is not None and look.number >= look.planned)


def _is_must(verdict: Verdict) -> bool:
    return verdict.requirement.severity == "must"


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
    return [outcome, *map(Text, (name + verdict.against, str(describe_found(verdict)), _requirement_cell(verdict)))]


def _requirement_cell(verdict: Verdict) -> str:
    """Return what was asked as a cell: the heading says "asked" already, and only what is no must says so."""
    return f"{_asked(verdict)}{' (should)' if verdict.requirement.severity == 'should' else ''}"


def _explanations(groups: Sequence[Sequence[Verdict]], width: int) -> Iterator[Text]:
    """Yield each explanation; of a slice whose whole was explained, only what is its own or was not said yet."""
    explained: dict[tuple[str, str, Outcome], set[str]] = {}
    for alike in groups:
        verdict = alike[0]
        said = explained.setdefault((verdict.step, verdict.metric, verdict.outcome), set())
        lines = describe(verdict).lines
        new = [str(each) for each in lines if not verdict.labels or each.label in OWN or str(each) not in said]
        yield _explanation(alike, width, new)
        said.update(map(str, lines))


def _explanation(alike: Sequence[Verdict], width: int, shown: Sequence[str]) -> Text:
    """Return in words what some verdicts come to alike, each line wrapped below where its words begin."""
    head = f"{alike[0].outcome.upper()}  {_names(alike)}"
    lines = [_shorten(line) for each in shown for line in each.splitlines()]
    filled = [textwrap.fill(line, width, initial_indent="  ", subsequent_indent=" " * SAID_AFTER) for line in lines]
    return Text.assemble((head, STYLE[alike[0].outcome]), "\n", "\n".join(filled), "\n")


def _shorten(line: str) -> str:
    """Return a line that a reader gets through: what a service or a plugin said may be megabytes."""
    more = len(line) - LINE
    return f"{line[:LINE]}... and {more:,} characters more, which --json shows" if more > 0 else line


def _names(alike: Sequence[Verdict]) -> str:
    names = list(dict.fromkeys(verdict.name for verdict in alike))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _asked(verdict: Verdict) -> str:
    asked = describe_asked(verdict)
    return f"{asked.verb} {asked.value}"


def _ending(outcome: Outcome, said: str) -> Text:
    return Text.assemble((outcome.upper(), STYLE[outcome]), f"  {said}")


def _count(verdicts: Sequence[Verdict], entries: Sequence[tuple[Verdict, ...]]) -> str:
    musts = [verdict.outcome for verdict in verdicts if _is_must(verdict)]
    rows = len([entry for entry in entries if _is_must(entry[0])])
    warned = [v for v in verdicts if v.requirement.severity == "should" and v.outcome != "pass"]
    counts = [f"{musts.count(outcome)} {outcome}" for outcome in STYLE if outcome in musts]
    of_musts = f"{', '.join(counts)} of {len(musts)} must{'s' if len(musts) > 1 else ''}"
    folded = f" in {rows} row{'s' if rows > 1 else ''}" if rows < len(musts) else ""
    warnings = f", {len(warned)} warning{'s' if len(warned) > 1 else ''}" if warned else ""
    return (of_musts + folded if musts else "no musts, so nothing is proven") + warnings


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer the report that `harness run` and `harness gate` print."""
    return {"terminal": report}
