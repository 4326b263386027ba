"""Keeps what earlier looks decided: a fail stays until new rows pass, and a gate names the last decided verdict."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from harness.gating.family import correct_failures
from harness.gating.waivers import Held
from harness.values.identity import CANDIDATE
from harness.values.keys import MetricKey
from harness.values.outcomes import Outcome
from harness.values.requirements import Bound
from harness.values.runs import Run
from harness.values.verdicts import Verdict

Question = tuple[str, MetricKey, str | None]


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """That a look decided what a suite asks of a metric against whom, when, and why its rows were wrong, if so."""

    candidate: str
    question: Question
    bound: Bound
    outcome: Outcome
    when: datetime
    look: int
    correction: str

    def settles(self, verdict: Verdict) -> bool:
        """Tell whether this decides for a verdict's threshold too: a fail for stricter ones, a pass for laxer ones."""
        asked = verdict.requirement.bound
        return asked.implies(self.bound) if self.outcome == "fail" else self.bound.implies(asked)


def collect_musts(latest: Sequence[Run]) -> Held:
    """Return every must of the runs with its suite."""
    return [(run.suite, each) for run in latest for each in run.verdicts if each.requirement.severity == "must"]


def correct_together(held: Held) -> Held:
    """Return the musts, their failures corrected for being looked at together."""
    return list(zip([suite for suite, _ in held], correct_failures([each for _, each in held]), strict=True))


def keep_decided(
    held: Held, latest: Sequence[Run], runs: Sequence[Run], corrections: Mapping[str, str] | None = None
) -> Held:
    """Return the musts: what is undecided now stays failed if an earlier look failed it and none passed since.

    A fail is what failed among all musts of its time. `runs` are all of the candidate: what was asked before under
    another name of a suite or a step counts too. `corrections` say, by the id of a run, why its rows were wrong: that
    ends no fail, as only a pass does, but the reason names it.
    """
    if not any(_is_open(verdict) for _, verdict in held):
        return held
    now = {run.suite: run for run in latest}
    decided = _group_decided(runs, now, corrections or {})
    return [(suite, _stand(verdict, now[suite], decided)) for suite, verdict in held]


def _is_open(verdict: Verdict) -> bool:
    return verdict.outcome == "inconclusive" and verdict.look is not None


def _group_decided(
    runs: Sequence[Run], suites: Collection[str], corrections: Mapping[str, str]
) -> Mapping[Question, Sequence[_Decided]]:
    """Return by question what looks decided, in order."""
    found: dict[Question, list[_Decided]] = {}
    for each in _list_decided(runs, suites, corrections):
        found.setdefault(each.question, []).append(each)
    return found


def _list_decided(runs: Sequence[Run], suites: Collection[str], corrections: Mapping[str, str]) -> Iterator[_Decided]:
    """Yield what each look decided, in order, among the musts of the suites' latest runs of its time."""
    latest: dict[str, dict[str, Run]] = {}
    for run in sorted(runs, key=lambda run: run.started):
        own = latest.setdefault(run.candidate.key, {})
        own[run.suite] = run
        beside = [other for suite, other in own.items() if suite in suites or suite == run.suite]
        for suite, verdict in correct_together(collect_musts(beside)):
            if suite == run.suite and verdict.look and verdict.outcome in ("pass", "fail"):
                yield _Decided(
                    candidate=run.candidate.key,
                    question=question_of(run, verdict),
                    bound=verdict.requirement.bound,
                    outcome=verdict.outcome,
                    when=verdict.look.taken or run.as_of,
                    look=verdict.look.number,
                    correction=corrections.get(run.id, ""),
                )


def question_of(run: Run, verdict: Verdict) -> Question:
    """Return what was asked, whatever the step is called, of which metric and against whom."""
    measured = run.measured.get((CANDIDATE, verdict.key), ())
    asked = measured[0].asked if measured else ""
    champion = run.baselines.get(verdict.requirement.versus or "")
    versus = champion.key if champion else verdict.requirement.versus
    return asked or f"{run.suite} {verdict.step}", replace(verdict.key, step=""), versus


def _stand(verdict: Verdict, run: Run, decided: Mapping[Question, Sequence[_Decided]]) -> Verdict:
    if not _is_open(verdict):
        return verdict
    keys = {run.candidate.key, *(verdict.look.alike if verdict.look else ())}
    found = [each for each in decided.get(question_of(run, verdict), ()) if each.candidate in keys]
    own = [each for each in found if each.settles(verdict)]
    if not own:
        return verdict
    outcome: Outcome = "fail" if own[-1].outcome == "fail" else "inconclusive"
    return replace(verdict, outcome=outcome, reason=_standing_reason(verdict, own[-1]))


def _standing_reason(verdict: Verdict, last: _Decided) -> str:
    """Return what was decided last, and what the present look says: `failed on 2026-11-20 at look 2; look 3 ...`."""
    wrong = f" on rows {last.correction} (until new rows pass)" if last.correction else ""
    before = f"{last.outcome}ed on {last.when:%Y-%m-%d} at look {last.look}{wrong}"
    look = verdict.look
    if look and look.withdrawn:
        return verdict.reason
    since = "none is left" if look and look.spent else f"look {look.number if look else 1} cannot tell"
    same = look is not None and look.number == last.look
    return f"{before}; {'nothing passed since' if same else since}: {verdict.reason}"
