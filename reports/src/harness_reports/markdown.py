"""The `markdown` report: a summary that fits a pull request, with everything in it escaped."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import (
    GateDecision,
    Report,
    Reporter,
    Run,
    Verdict,
    describe,
    describe_decision,
    group_verdicts,
    hookimpl,
    worst,
    write_atomic,
)
from harness_reports import tallies

LIMIT = 65_536  # of a comment on GitHub
ROOM_FOR_NOTICE = 300
KINDS = ("reason", "suite", "verdict", "explanation")
EMOJI: Mapping[tallies.Status, str] = {
    "pass": "✅",
    "waived": "📝",
    "fail": "❌",
    "inconclusive": "🟡",
    "error": "⛔",
    "info": "🔹",
}
SPECIAL = re.compile(r"([\\`*_\[\]<>&|~$])")
REFERENCE = re.compile(r"@(?=\w)|#(?=\d)|(?<=GH)-(?=\d)")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece that stays or goes as a whole, and what is counted when it goes."""

    text: str
    counted: str = ""


def report(found: Report, out: Path) -> str:
    """Write `summary.md`, ready to be posted, and say where it is."""
    return f"markdown: {write_atomic(out / 'summary.md', summary(found))}"


def summary(found: Report, limit: int = LIMIT) -> str:
    """Return the summary of a decision and all runs; what does not fit into the limit is counted."""
    head = _decision(found.decision) if found.decision else _headline(found.runs)
    return _fit_parts([*head, *_tables(found.runs), *_explanations(found.runs)], limit)


def escape_markdown(text: str) -> str:
    """Return text that means only itself in markdown: no markup, no table cell, no mention, no reference."""
    return SPECIAL.sub(r"\\\1", _unreferring(text))


def _as_html(text: str) -> str:
    return html.escape(_unreferring(text), quote=False)


def _unreferring(text: str) -> str:
    """Return text on one line that notifies nobody and links to no issue."""
    return REFERENCE.sub(lambda found: f"{found[0]}\N{ZERO WIDTH SPACE}", " ".join(text.split()))


def _decision(decision: GateDecision) -> Iterator[Part]:
    words, outcome = describe_decision(decision), decision.outcome
    yield Part(text=f"## {EMOJI[outcome]} {words.title.capitalize()}: {escape_markdown(words.headline)}\n\n")
    reasons = [*words.reasons, *words.notices, *(f"warning: {warning}" for warning in words.warnings)]
    yield from (Part(text=f"- {escape_markdown(reason)}\n", counted="reason") for reason in reasons)


def _headline(runs: Sequence[Run]) -> Iterator[Part]:
    outcome = worst([run.outcome for run in runs])
    who = " and ".join(dict.fromkeys(escape_markdown(run.candidate.revision) for run in runs))
    yield Part(text=f"## {EMOJI[outcome]} {outcome.capitalize()}: {who}\n\n")
    yield Part(text=f"{tallies.must_counts_text(runs).capitalize()}: {tallies.DECIDES[outcome]}.\n")


def _tables(runs: Sequence[Run]) -> Iterator[Part]:
    for run in runs:
        yield Part(text=f"\n### {EMOJI[run.outcome]} {escape_markdown(run.suite)}\n\n", counted="suite")
        yield Part(text="| verdict | metric | found | asked | step |\n|---|---|---|---|---|\n")
        yield from (Part(text=_row(entry), counted="verdict") for entry in group_verdicts(run.verdicts))
        yield Part(
            text=f"\nRun <code>{escape_markdown(run.id)}</code>, digest <code>{escape_markdown(run.digest)}</code>\n"
        )


def _row(entry: tuple[Verdict, ...]) -> str:
    verdict = entry[0]
    name = f"{verdict.metric} (all {len(entry)})" if len(entry) > 1 else verdict.name
    status, severity = tallies.status(verdict), verdict.requirement.severity
    word = f"{EMOJI[status]} {status}{' (should)' if severity == 'should' else ''}"
    words = describe(verdict)
    found = str(words.found) if verdict.estimate else "nothing"
    cells = [word, *map(escape_markdown, (name, found, words.asked.brief, verdict.step))]
    return f"| {' | '.join(cells)} |\n"


def _explanations(runs: Sequence[Run]) -> Iterator[Part]:
    for run in runs:
        for verdict in tallies.open_points(run):
            yield Part(text=_details(run, verdict), counted="explanation")


def _details(run: Run, verdict: Verdict) -> str:
    words = describe(verdict)
    title = f"{EMOJI[verdict.outcome]} {_as_html(f'{verdict.name}: {words.asked.brief} ({run.suite})')}"
    lines = html.escape(words.paragraph, quote=False)
    return f"\n<details><summary>{title}</summary>\n\n<pre>\n{lines}\n</pre>\n\n</details>\n"


def _fit_parts(parts: Sequence[Part], limit: int) -> str:
    """Return the parts that fit, in order, with a count of those that do not."""
    kept: list[str] = []
    left_out: list[str] = []
    room = limit - ROOM_FOR_NOTICE
    for part in parts:
        if len(part.text) <= room:
            kept.append(part.text)
            room -= len(part.text)
        else:
            left_out.append(part.counted)
    return "".join(kept) + _notice(left_out)


def _notice(left_out: Sequence[str]) -> str:
    counts = [f"{left_out.count(kind)} {kind}s" for kind in KINDS if kind in left_out]
    if not counts:
        return ""
    return f"\n**Left out, as a comment has room for no more: {' and '.join(counts)}.** The HTML report has them all.\n"


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report markdown`."""
    return {"markdown": report}
