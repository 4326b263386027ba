"""The `html` report: one page that needs no network, the verdict first, an interval plot for each requirement."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness import (
    Identity,
    Report,
    Reporter,
    Run,
    Verdict,
    describe,
    describe_decision,
    group_verdicts,
    hookimpl,
    write_atomic,
)
from harness_reports import drawing, figures, plots, tallies

SYMBOLS: Mapping[tallies.Status, str] = {
    "pass": "✓",
    "waived": "~",
    "fail": "✕",
    "inconclusive": "?",
    "error": "!",
    "info": "i",
}


def report(found: Report, out: Path) -> str:
    """Write `report.html` and say where it is."""
    return f"report: {write_atomic(out / 'report.html', page(found))}"


def page(found: Report) -> str:
    """Return the page as text; every value in it is escaped."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            runs=found.runs,
            outcome=found.outcome,
            decision=found.decision,
            words=describe_decision(found.decision) if found.decision else None,
            history=found.history,
            read_rows=found.read_rows,
            candidates=_candidates(found),
        )
    )


def _candidates(found: Report) -> Sequence[Identity]:
    """Return whom the page is about, each once."""
    named = [found.decision.candidate] if found.decision else [run.candidate for run in found.runs]
    return list({who.key: who for who in named}.values())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "counted": tallies.must_counts_text,
        "open_points": tallies.open_points,
        "described": describe,
        "newest_first": tallies.newest_first,
        "status": tallies.status,
        "plotted": plot_verdicts,
        "figures": figures.figures,
        "moved_unshown": figures.moved_unshown,
        "drawn_curves": drawing.draw_curves,
        "drawn_bars": drawing.draw_bars,
        "shortened": plots.shorten,
        "when": when,
    }
    environment.globals |= {
        "symbols": SYMBOLS,
        "decides": tallies.DECIDES,
        "width": plots.WIDTH,
    }
    return environment


def plot_verdicts(run: Run) -> Sequence[tuple[Verdict, plots.Plot, Sequence[Verdict]]]:
    """Return each verdict with its plot and the passes folded into it, those first that did not pass."""
    return sorted(_plotted(run), key=lambda entry: tallies.urgency(entry[0]))


def _plotted(run: Run) -> Iterator[tuple[Verdict, plots.Plot, Sequence[Verdict]]]:
    """Yield the verdicts by requirement: those of one share a scale."""
    folded = {id(entry[0]): entry for entry in group_verdicts(run.verdicts)}
    for verdicts in tallies.by_requirement(run):
        scale = plots.scale_of(verdicts)
        shown = [verdict for verdict in verdicts if id(verdict) in folded]
        yield from ((verdict, plots.plot(verdict, scale), folded[id(verdict)]) for verdict in shown)


def when(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report html`."""
    return {"html": report}
