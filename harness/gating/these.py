"""Keeps a claim about exactly these rows from being made of others until it holds: every try is seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.gating.standing import question_of
from harness.gating.waivers import Held
from harness.values.runs import Run
from harness.values.verdicts import Verdict

REMEDY = "judge a changed candidate, or waive it with the reason"


@dataclass(frozen=True, kw_only=True)
class Missed:
    """A run in which a claim that holds now was made of other rows, or of other answers to the same, and did not."""

    run: Run
    value: float

    def __str__(self) -> str:
        return f"it was {self.value:.4g} in run {self.run.id} of {self.run.started:%Y-%m-%d}, on other rows or answers"


def fail_missed(held: Held, latest: Sequence[Run], runs: Sequence[Run]) -> Held:
    """Return the musts; a claim about exactly these rows fails if another run of the candidate missed it on others.

    It has no sampling error, so no level can pay for another try. `runs` are all of the candidate: what was asked under
    another name of a suite or a step counts too.
    """
    now = {run.suite: run for run in latest}
    return [(suite, _fail(verdict, find_missed(verdict, now[suite], runs))) for suite, verdict in held]


def describe_missed(held: Held, latest: Sequence[Run], runs: Sequence[Run]) -> Iterator[str]:
    """Yield which claims would fail at a gate that promotes."""
    now = {run.suite: run for run in latest}
    for suite, verdict in held:
        if missed := find_missed(verdict, now[suite], runs):
            yield f"{suite}: {verdict.key}: {missed}; a gate that promotes takes that for a fail: {REMEDY}"


def find_missed(verdict: Verdict, run: Run, runs: Sequence[Run]) -> Missed | None:
    """Return the last run in which what a verdict passes was missed; None if there is none, or it does not pass."""
    if verdict.outcome != "pass" or verdict.requirement.scope != "these":
        return None
    asked = question_of(run, verdict)
    for other in sorted(runs, key=lambda each: each.started, reverse=True):
        for was in other.verdicts if other.id != run.id else ():
            if _misses(was, verdict) and question_of(other, was) == asked:
                return Missed(run=other, value=was.estimate.value if was.estimate else 0.0)
    return None


def _misses(was: Verdict, now: Verdict) -> bool:
    """Tell whether what another verdict found, about exactly its rows, is not what is asked now."""
    if was.requirement.scope != "these" or was.estimate is None or was.metric != now.metric:
        return False
    threshold, better = now.requirement.sought(now.better)
    found = was.estimate.value
    return not (found >= threshold if better == "higher" else found <= threshold)


def _fail(verdict: Verdict, missed: Missed | None) -> Verdict:
    if missed is None:
        return verdict
    reason = f"{verdict.reason}; but {missed}, and a claim about exactly these rows has one try: {REMEDY}"
    return replace(verdict, outcome="fail", reason=reason)
