"""Puts verdicts into words for people who know no statistics."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent

from harness.judging.phrases import Asked, Found, describe_asked, describe_found, position_text, round_up, value_text
from harness.judging.questions import Finding
from harness.values.runs import Run
from harness.values.statistics import describe_statistic
from harness.values.verdicts import Estimate, Look, Verdict

SO = {
    "pass": "it is good enough",
    "fail": "it is not good enough",
    "inconclusive": "it may be good enough; this is not a failure",
    "error": "nothing was measured, so nothing is decided",
}
NOT_PROVEN = (
    "not proven: nobody measured how often this judge errs, or it errs too often, so what it says decides no must; "
    "name a calibration, or make it `severity: should`"
)
TOO_FEW = (
    "not proven: {worth} values without limits decide no must, as a rare one far beyond these may not have come; "
    "declare {limits}, collect what is worth {fewest:,.0f} independent values or more, or make it `severity: should`"
)
TOO_STEEP = (
    "not proven: the largest of these values rise so steeply that one far beyond them may decide the share, however "
    "many are collected; declare {limits}, or make it `severity: should`"
)
LIMITS = {"value_rate": "the `most` that a row can be worth"}
NOTHING_NEW = "nothing new is decided; this is not a failure"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an explanation: its label (saw, can say, so, to decide, do not, ...) and what it says."""

    label: str
    text: str

    def __str__(self) -> str:
        return f"{self.label:<10} {self.text}"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A verdict in words, in parts: what was asked, what was found, and the lines that explain it."""

    asked: Asked
    found: Found
    lines: tuple[Line, ...]

    @property
    def paragraph(self) -> str:
        """Return the lines below each other, each behind its label."""
        return indent("\n".join(map(str, self.lines)), "  ")


def describe(verdict: Verdict) -> Wording:
    """Return a verdict in words, in parts, for those who lay it out."""
    return Wording(asked=describe_asked(verdict), found=describe_found(verdict), lines=tuple(_lines(verdict)))


def explain(found: Verdict | Run) -> str:
    """Return a verdict, or every verdict of a run, as a short paragraph: saw, can say, so, to decide, do not."""
    verdicts = found.verdicts if isinstance(found, Run) else (found,)
    return "\n\n".join(f"{v.outcome.upper()}  {v.name}\n{describe(v).paragraph}" for v in verdicts)


def group_verdicts(verdicts: Sequence[Verdict]) -> Sequence[tuple[Verdict, ...]]:
    """Return the verdicts for a reader: passes of one requirement that found the same are one entry."""
    entries: dict[object, list[Verdict]] = {}
    for place, verdict in enumerate(verdicts):
        same = (verdict.step, str(verdict.requirement), describe_found(verdict)) if verdict.outcome == "pass" else place
        entries.setdefault(same, []).append(verdict)
    return [tuple(entry) for entry in entries.values()]


def reason(verdict: Verdict | Finding) -> str:
    """Return one line: what can be said, what was asked, and what would decide."""
    parts = [_can_say(verdict), str(describe_asked(verdict))]
    parts += [_to_decide(verdict)] if verdict.outcome == "inconclusive" else []
    look = verdict.look
    parts += [f"look {_look_text(verdict, look)}"] if look and _is_told(look) else []
    return "; ".join(parts)


def looks_spent_reason(look: Look) -> str:
    """Return why new rows are not judged."""
    planned = "the one time that was" if look.planned == 1 else f"the {look.planned} times that were"
    times = f"already judged {planned} planned" if look.planned else "judged by runs that did not see each other"
    return (
        f"looks spent: this candidate was {times}, and trying until it passes proves nothing; "
        f"a person decides, or a new candidate is judged"
    )


def too_few_reason(statistic: str, n_eff: float, fewest: float) -> str:
    """Return why values without limits, worth `n_eff` independent ones of `fewest`, decide no must yet."""
    limits = LIMITS.get(statistic, "`limits` of the metric")
    if math.isinf(fewest):
        return TOO_STEEP.format(limits=limits)
    return TOO_FEW.format(worth=round(n_eff), fewest=fewest, limits=limits)


def describe_unjudged(verdict: Verdict, estimate: Estimate) -> str:
    """Return what all rows together say where no look is left to judge them."""
    return f"seen and not judged: {_saw(verdict, estimate)}"


def _lines(verdict: Verdict) -> Iterator[Line]:
    estimate, look = verdict.estimate, verdict.look
    decidable = describe_statistic(verdict.statistic).has_interval
    if estimate is None:
        yield Line(label="why", text=verdict.reason)
    else:
        yield Line(label="saw", text=_saw(verdict, estimate))
        can_say = f"{_can_say(verdict)}; {describe_asked(verdict)}" if decidable else verdict.reason
        yield Line(label="can say", text=can_say)
    yield Line(label="so", text=NOTHING_NEW if look and look.spent else SO[verdict.outcome])
    for note in verdict.notes:
        yield Line(label="note", text=note)
    if look and estimate and (_is_told(look) or verdict.outcome == "inconclusive"):
        yield Line(label="look", text=_look_text(verdict, look))
    if estimate and verdict.outcome == "inconclusive" and decidable:
        yield Line(label="to decide", text=_to_decide(verdict))
        again = "re-run: the same data give the same answer, and tries on new data are counted"
        yield Line(label="do not", text=again)


def _is_told(look: Look) -> bool:
    return look.number > 1 or look.taken is not None or look.corrected > 0


def _look_text(verdict: Verdict | Finding, look: Look) -> str:
    """Return which look this was, `2, together with 214 frauds judged before`, or which one stands and until when."""
    if look.taken:
        return f"{look.number} of {look.taken:%Y-%m-%d} {_standing_text(verdict, look)}"
    together = f", together with {look.joined:,} {verdict.unit} judged before" if look.joined else ""
    alone = ", judged alone, as counts cannot be joined with earlier ones" if look.alone and look.number > 1 else ""
    corrected = f", {100 * look.corrected:.2g} % of the labels seen before corrected" if look.corrected else ""
    return f"{look.number}{f' of {look.planned}' if look.planned else ''}{together}{alone}{corrected}"


def _standing_text(verdict: Verdict | Finding, look: Look) -> str:
    """Return whether a look stands beside what came since: `stands; 120 frauds came since`."""
    came = "other data" if look.alone else f"{look.waiting:,} {verdict.unit}"
    if look.withdrawn:
        return f"passed, and this is withdrawn, as with the {came} that came since it does not hold"
    return f"stands; {came} came since, and look {look.number + 1} is taken {_next_look_text(verdict, look)}"


def _next_look_text(verdict: Verdict | Finding, look: Look) -> str:
    """Return when the next look is taken: `at 614 frauds in all`."""
    size = verdict.requirement.next_look(look.size)
    if not look.alone:
        return f"at {size:,} {verdict.unit} in all"
    more = size - look.size - look.waiting
    return f"after {max(more, 1)} more run{'s' if more > 1 else ''} on other data"


def _saw(verdict: Verdict, estimate: Estimate) -> str:
    if verdict.requirement.versus:
        same = f"on the same {estimate.n:,} {verdict.unit}"
        return f"{position_text(verdict, estimate.value)}, {same}{_worth(estimate)}"
    value = value_text(verdict, estimate.value)
    if estimate.hits is not None:
        event = f" {verdict.event}" if verdict.event else ""
        return f"{estimate.hits:,} of {estimate.n:,} {verdict.unit}{event} ({value}){_worth(estimate)}"
    against = " against the reference" if describe_statistic(verdict.statistic).shown_as == "difference" else ""
    return f"{value}{against} on {estimate.n:,} {verdict.unit}{_worth(estimate)}"


def _worth(estimate: Estimate) -> str:
    """Say what rows that come in bursts are worth."""
    if estimate.clusters is None or estimate.n_eff >= 0.9 * estimate.n:
        return ""
    return f"; they come in {estimate.clusters:,} groups and are worth about {estimate.n_eff:,.0f} independent ones"


def _can_say(verdict: Verdict | Finding) -> str:
    estimate = verdict.estimate
    if estimate is None or estimate.lower is None or estimate.upper is None:
        return "nothing"
    certain = describe_statistic(verdict.statistic).interval == "exact" or verdict.requirement.scope == "these"
    if estimate.lower == estimate.upper and certain:
        return f"exactly {position_text(verdict, estimate.value)}"
    lowest = (verdict.requirement.sought(verdict.better)[1] == "higher") == (verdict.outcome != "fail")
    bound = estimate.lower if lowest else estimate.upper
    flipped = verdict.requirement.versus is not None and bound < 0
    return f"at {'least' if lowest != flipped else 'most'} {position_text(verdict, bound)}"


def _to_decide(verdict: Verdict | Finding) -> str:
    have, look = verdict.estimate.n if verdict.estimate else 0, verdict.look
    if look and look.taken:
        return f"look {look.number + 1}, taken {_next_look_text(verdict, look)}"
    if verdict.n_needed is not None and verdict.n_needed <= have:
        return f"no more {verdict.unit}: the truth is probably close to what was asked, so a person decides"
    if verdict.requirement.severity == "must" and not describe_statistic(verdict.statistic).proves:
        return "what the note names; more rows do not"
    missing = [_missing_text(verdict, truth, n, have) for truth, n in verdict.plans if n > have]
    if not missing and verdict.n_needed:
        return f"about {verdict.n_needed - have:,} more {verdict.unit}, or what the note names"
    if not missing:
        return "more rows will not decide it soon, so a person decides"
    last = look is not None and look.number == look.planned
    return f"about {'; '.join(missing)}{'; but no look is left, so a person decides' if last else ''}"


def _missing_text(verdict: Verdict | Finding, truth: float, needed: int, have: int) -> str:
    alone = verdict.look is not None and verdict.look.alone
    count = f"{round_up(needed if alone else needed - have):,} {'new' if alone else 'more'} {verdict.unit}"
    if verdict.requirement.versus and truth == 0:
        return f"{count}, if both are equally good"
    return f"{count}, if it is really {position_text(verdict, truth)}"
