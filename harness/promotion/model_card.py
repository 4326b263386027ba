"""What a dossier says in words: the model card, the comparison with the champion, and the slices, filled from runs."""

from collections.abc import Iterable, Iterator, Sequence

from harness.judging.phrases import describe_asked, describe_found
from harness.judging.wording import reason
from harness.promotion.moves import Move
from harness.values.identity import Identity, short_identity
from harness.values.runs import Run
from harness.values.verdicts import Verdict

MODEL_CARD, COMPARISON, SLICES = "model-card.md", "champion.md", "slices.md"
HEADINGS = ("suite", "step", "metric", "found", "asked", "outcome", "on")


def model_card(move: Move, runs: Sequence[Run]) -> str:
    """Return the card of the model that was promoted: what it is, on what it was judged, how it did, and what not."""
    said, who = move.predicate, move.candidate
    lines = [
        f"# {_text(who.revision)}",
        "",
        f"- digest: `{who.digest}`",
        *(f"- {_text(name)}: `{_text(digest)}`" for name, digest in sorted(who.parts.items())),
        f"- project: {_text(said['project'])}",
        f"- intended use: stage {_text(move.stage)}, decided: {_text(said.get('outcome', ''))}",
        f"- {_kind(move)}: {_text(said['issued'])}, instead of {_who(move.before)}",
        *([f"- reason: {_text(move.reason)}"] if move.reason else []),
        "",
        "## Data it was judged on",
        "",
        *_table(("suite", "table", "source", "rows", "filters", "digest"), _data(runs)),
        "",
        "## How it did",
        "",
        *_table(HEADINGS, (_verdict(run, each) for run in runs for each in _own(run) if not each.labels)),
        "",
        "## Limits, and what was found against it",
        "",
        *_limits(move, runs),
    ]
    return "\n".join(lines) + "\n"


def champion_comparison(runs: Sequence[Run]) -> str:
    """Return how the candidate compares with each baseline: candidate minus baseline, on the same rows."""
    baselines = [
        f"- {_text(run.suite)}: {_text(name)} is {_who(who)}"
        for run in runs
        for name, who in sorted(run.baselines.items())
    ]
    found = [_verdict(run, each) for run in runs for each in run.verdicts if each.requirement.versus]
    head = ["# Compared with the champion", "", *(baselines or ["No suite names a baseline."]), ""]
    return (
        "\n".join([*head, "Found is candidate minus baseline, on the same rows.", "", *_table(HEADINGS, found)]) + "\n"
    )


def slice_table(runs: Sequence[Run]) -> str:
    """Return what was judged of slices, and by checks of bias."""
    found = [
        _verdict(run, each) for run in runs for each in run.verdicts if each.labels or each.check.startswith("bias")
    ]
    none = [] if found else ["No suite slices its rows, and none runs a check of bias.", ""]
    return "\n".join(["# Slices and bias", "", *none, *_table(HEADINGS, found)]) + "\n"


def _kind(move: Move) -> str:
    return "OVERRIDDEN, promoted all the same" if move.kind == "override" else "promoted"


def _own(run: Run) -> Sequence[Verdict]:
    return [verdict for verdict in run.verdicts if not verdict.requirement.versus]


def _limits(move: Move, runs: Sequence[Run]) -> Iterator[str]:
    against = move.predicate.get("findings", ()) if move.predicate.get("outcome") != "pass" else ()
    yield from (f"- {_text(each)}" for each in (*against, *move.predicate.get("warnings", ())))
    for run in runs:
        for verdict in run.verdicts:
            if verdict.outcome != "pass":
                yield f"- {verdict.outcome}: {_text(run.suite)}: {_text(str(verdict.key))}: {_text(reason(verdict))}"
            yield from (f"- {_text(run.suite)}: {_text(str(verdict.key))}: {_text(note)}" for note in verdict.notes)
    yield "- It was judged on the rows above alone, and holds for rows like them."


def _data(runs: Sequence[Run]) -> Iterator[Sequence[str]]:
    for run in runs:
        for name, data in sorted(run.datasets.items()):
            yield run.suite, name, data.uri, str(data.rows), "; ".join(data.filters), data.digest


def _verdict(run: Run, verdict: Verdict) -> Sequence[str]:
    n = f"{verdict.estimate.n} {verdict.unit}" if verdict.estimate else ""
    asked, found = describe_asked(verdict).brief, str(describe_found(verdict))
    return run.suite, verdict.key.step, str(verdict.key), found, asked, verdict.outcome, n


def _who(who: Identity | None) -> str:
    return _text(short_identity(who)) if who else "nobody"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    yield from (f"| {' | '.join(map(_text, row))} |" for row in rows)


def _text(found: object) -> str:
    """Return text that stands in one cell, and starts no markup of its own."""
    line = " ".join(str(found).split())
    return "".join(f"\\{each}" if each in "\\`*[]<>|" else each for each in line)
