"""Puts verdicts into words for people who know no statistics."""

from collections.abc import Iterator
from html import escape
from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.values.runs import Run
    from harness.values.verdicts import Estimate, Look, Verdict

SO = {
    "pass": "it is good enough",
    "fail": "it is not good enough",
    "inconclusive": "it may be good enough; this is not a failure",
    "error": "nothing was measured, so nothing is decided",
}
ASKED = {
    "at_least": "at least {} was asked",
    "at_most": "at most {} was asked",
    "lose_at_most": "a loss of at most {} was allowed",
    "gain_at_least": "a gain of at least {} was asked",
}
NOTHING_NEW = "nothing new is decided; this is not a failure"


def reason(verdict: "Verdict") -> str:
    """Return one line: what can be said, what was asked, and what would decide."""
    said = f"{_can_say(verdict)}; {requirement_text(verdict)}"
    decided = f"{said}; {_to_decide(verdict)}" if verdict.outcome == "inconclusive" else said
    return (
        f"{decided}; {look_text(verdict.look, verdict.unit)}" if verdict.look and verdict.look.number > 1 else decided
    )


def look_text(look: "Look", unit: str) -> str:
    """Return which look this was: `look 2 of 2, together with 214 frauds judged before`."""
    together = f", together with {look.joined:,} {unit} judged before" if look.joined else ""
    alone = ", judged alone, as counts cannot be joined with earlier ones" if look.alone and look.number > 1 else ""
    return f"look {look.number} of {look.planned}{together}{alone}"


def looks_spent_reason(look: "Look") -> str:
    """Return why new rows are not judged."""
    planned = "the one time that was" if look.planned == 1 else f"the {look.planned} times that were"
    return (
        f"looks spent: this candidate was already judged {planned} planned, and trying until it passes proves nothing; "
        f"a person decides, or a new candidate is judged"
    )


def explain(verdict: "Verdict") -> str:
    """Return a verdict as a short paragraph: saw, can say, so, to decide, do not."""
    lines = "\n".join(f"{label:<10} {text}" for label, text in _lines(verdict))
    return f"{verdict.outcome.upper()}  {verdict.name}\n{indent(lines, '  ')}"


def value_text(verdict: "Verdict") -> str:
    """Return a verdict's value with its interval: `79.9 % (73.9 % to 85.1 %)`."""
    estimate = verdict.estimate
    if estimate is None:
        return "-"
    if estimate.lower is None or estimate.lower == estimate.upper:
        return number(verdict, estimate.value)
    span = f"({number(verdict, estimate.lower)} to {number(verdict, estimate.upper)})"
    return f"{number(verdict, estimate.value)} {span}"


def html(run: "Run") -> str:
    """Return a run as a small HTML table for notebooks."""
    cells = [(v.outcome, v.name, value_text(v), requirement_text(v)) for v in run.verdicts]
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
    head = "".join(f"<th>{name}</th>" for name in ("verdict", "metric", "found (between)", "asked"))
    title = f"{run.outcome}: {run.suite}, candidate {run.candidate.revision}"
    return f"<table><caption>{escape(title)}</caption><tr>{head}</tr>{rows}</table>"


def number(verdict: "Verdict", value: float | None) -> str:
    """Return a value the way its statistic is spoken of: shares as percentages, the rest as numbers."""
    if value is None:
        return "not known"
    if verdict.statistic == "proportion":
        return f"{100 * value:.1f} %".replace(".0 %", " %")
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _lines(verdict: "Verdict") -> Iterator[tuple[str, str]]:
    if verdict.estimate is None:
        yield "why", verdict.reason
    else:
        yield "saw", _saw(verdict, verdict.estimate)
        yield (
            "can say",
            verdict.reason if verdict.statistic == "point" else f"{_can_say(verdict)}; {requirement_text(verdict)}",
        )
    yield "so", NOTHING_NEW if verdict.look and verdict.look.spent else SO[verdict.outcome]
    for note in verdict.notes:
        yield "note", note
    if verdict.look and verdict.estimate and (verdict.look.number > 1 or verdict.outcome == "inconclusive"):
        yield "look", look_text(verdict.look, verdict.unit).removeprefix("look ")
    if verdict.estimate and verdict.outcome == "inconclusive" and verdict.statistic != "point":
        yield "to decide", _to_decide(verdict)
        yield "do not", "re-run: the same data give the same answer, and tries on new data are counted"


def _saw(verdict: "Verdict", estimate: "Estimate") -> str:
    if verdict.requirement.versus:
        same = f"on the same {estimate.n:,} {verdict.unit}"
        return f"{position_text(verdict, estimate.value)}, {same}{_worth(verdict, estimate)}"
    if estimate.hits is not None:
        event = f" {verdict.event}" if verdict.event else ""
        counted = f"{estimate.hits:,} of {estimate.n:,} {verdict.unit}{event}"
        return f"{counted} ({number(verdict, estimate.value)}){_worth(verdict, estimate)}"
    return f"{number(verdict, estimate.value)} on {estimate.n:,} {verdict.unit}{_worth(verdict, estimate)}"


def _worth(verdict: "Verdict", estimate: "Estimate") -> str:
    """Say what rows that come in bursts are worth."""
    if estimate.clusters is None or estimate.n_eff >= 0.9 * estimate.n:
        return ""
    return f"; they come in {estimate.clusters:,} groups and are worth about {estimate.n_eff:,.0f} independent ones"


def _can_say(verdict: "Verdict") -> str:
    estimate = verdict.estimate
    if estimate is None or estimate.lower is None or estimate.upper is None:
        return "nothing"
    if estimate.lower == estimate.upper and (verdict.statistic == "exact" or verdict.requirement.scope == "these"):
        return f"exactly {position_text(verdict, estimate.value)}"
    lowest = (verdict.requirement.sought(verdict.better)[1] == "higher") == (verdict.outcome != "fail")
    bound = estimate.lower if lowest else estimate.upper
    flipped = verdict.requirement.versus is not None and bound < 0
    return f"at {'least' if lowest != flipped else 'most'} {position_text(verdict, bound)}"


def position_text(verdict: "Verdict", value: float) -> str:
    """Return a value in words; against a baseline, how far from it."""
    if verdict.requirement.versus is None:
        return number(verdict, value)
    return f"{_distance_text(verdict, abs(value))} {'above' if value >= 0 else 'below'} {verdict.requirement.versus}"


def _distance_text(verdict: "Verdict", value: float) -> str:
    """Say how far two values lie apart: two shares by points, as 2 % of 80 % would be something else."""
    if verdict.statistic != "proportion":
        return number(verdict, value)
    points = f"{100 * value:.1f}".removesuffix(".0")
    return f"{points} point{'' if points == '1' else 's'}"


def requirement_text(verdict: "Verdict") -> str:
    """Return what the requirement asks for."""
    bound = verdict.requirement.bound
    return ASKED[bound.kind].format((_distance_text if bound.is_comparison else number)(verdict, bound.value))


def _to_decide(verdict: "Verdict") -> str:
    have = verdict.estimate.n if verdict.estimate else 0
    if verdict.n_needed is not None and verdict.n_needed <= have:
        return f"no more {verdict.unit}: the truth is probably close to what was asked, so a person decides"
    alone = verdict.look is not None and verdict.look.alone
    missing = [
        f"{round_up(n if alone else n - have):,} {'new' if alone else 'more'} {verdict.unit}, {_if(verdict, truth)}"
        for truth, n in verdict.plans
        if n > have
    ]
    if not missing:
        return "more rows will not decide it soon, so a person decides"
    last = verdict.look is not None and verdict.look.number >= verdict.look.planned
    return f"about {'; '.join(missing)}{'; but no look is left, so a person decides' if last else ''}"


def _if(verdict: "Verdict", truth: float) -> str:
    if verdict.requirement.versus and truth == 0:
        return "if both are equally good"
    return f"if it is really {position_text(verdict, truth)}"


def round_up(n: int) -> int:
    """Return a number rounded up to two leading digits: a plan is not exact."""
    step = int(10 ** max(len(str(n)) - 2, 0))
    return -(-n // step) * step
