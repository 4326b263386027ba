"""`harness plan`: what the rows at hand can decide, and how many it takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import click

from harness.cli import apart
from harness.cli.credentials import has_secrets
from harness.cli.loads import Unrun, split_steps
from harness.cli.printing import say
from harness.cli.project import existing, open_ledger
from harness.cli.suites import read_all
from harness.judging.phrases import describe_asked, position_text, round_up
from harness.judging.plans import NextLook, Plan, is_plannable, plan, plan_next_look
from harness.project import Project, instant, open_project
from harness.records.ledger import Ledger
from harness.records.lent import LentStorage
from harness.running.judging import JudgedStep
from harness.running.opening import open_suite
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_steps
from harness.streams import print_to_stderr
from harness.suite.steps import ResolvedSuite
from harness.values.canonical import canonical_pretty
from harness.values.identity import CANDIDATE
from harness.values.measurements import Measurement
from harness.values.verdicts import Verdict

CANNOT = 4  # the suite asks for what its rows cannot show: it is the suite that is wrong
UNMEASURED = 3


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """The plans of one suite, the steps that were not run for it, and what its last recorded run took."""

    suite: str
    plans: Sequence[Plan]
    unrun: Sequence[Unrun]
    seconds: float | None


@click.command("plan")
@click.argument("paths", nargs=-1)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a suite's parameter.")
@click.option("--as-of", metavar="TIME", help="Clock of maturity and windows (ISO 8601, UTC); default now.")
@click.option(
    "--ledger", metavar="URL", help="The ledger with earlier runs, for the time a run takes and the next look."
)
@click.option("--json", "as_text", is_flag=True, help="Print the plans as JSON.")
@click.option(apart.OPTION, type=int, hidden=True)
def command(
    paths: Sequence[str],
    params: Sequence[str],
    as_of: str | None,
    ledger: str | None,
    as_text: bool,
    lent: int | None,
) -> int:
    """Say what the data decide, requirement by requirement: what is there, what is needed, how often it stalls.

    Runs the checks to see what is there, but none that runs alone (a load); shows no value, judges nothing and records
    nothing. Exit code 4 where a must
    cannot pass whatever the rows hold, 3 where something cannot be measured.
    """
    project = open_project()
    if lent is None and has_secrets(project, None, ledger):
        return apart.measure_apart(click.get_current_context(), project, records=False)
    storage = None if lent is None else apart.lent_storage(lent)
    book = Ledger(storage, project.name) if storage else open_ledger(project, ledger)
    suites = read_all(project.plugins, existing(paths), params)
    divisions = [split_steps(resolved.steps, project.plugins) for resolved in suites]
    now = instant(as_of)
    judged = [
        _measure_steps(replace(resolved, steps=steps), project, now, book, storage)
        for resolved, (steps, _) in zip(suites, divisions, strict=True)
    ]
    musts = sum(_is_must(verdict) for steps in judged for step in steps for verdict in step.verdicts)
    musts += sum(each.musts for _, unrun in divisions for each in unrun)
    found = [
        _Planned(
            suite=resolved.suite.name,
            plans=[_plan(verdict, step, musts, now) for step in steps for verdict in step.verdicts],
            unrun=unrun,
            seconds=_seconds(book, resolved.suite.name),
        )
        for resolved, steps, (_, unrun) in zip(suites, judged, divisions, strict=True)
    ]
    say(
        canonical_pretty([_as_json(each) for each in found]).rstrip()
        if as_text
        else "\n".join(_report_lines(found, musts))
    )
    return _exit_code([each for suite in found for each in suite.plans])


def _measure_steps(
    resolved: ResolvedSuite, project: Project, as_of: datetime, ledger: Ledger, storage: LentStorage | None
) -> Sequence[JudgedStep]:
    """Return what some steps measure; with none, nothing is opened either, as a target may start a service."""
    if not resolved.steps:
        return ()
    options = RunOptions(project=project.name, as_of=as_of, evidence="none", origin="interactive")
    services = RunServices(evidence_store=apart.open_evidence(project, storage), ledger=ledger)
    with print_to_stderr(), open_suite(resolved, project.plugins, options, services) as opened:
        return run_steps(resolved.steps, opened, project.plugins, options, services)


def _is_must(verdict: Verdict) -> bool:
    return verdict.requirement.severity == "must" and is_plannable(verdict)


def _plan(verdict: Verdict, step: JudgedStep, musts: int, now: datetime) -> Plan:
    own, other = (_find_measurement(verdict, step, target) for target in (CANDIDATE, verdict.requirement.versus))
    if verdict.outcome == "error" or own is None:
        return Plan(verdict=verdict)
    if not is_plannable(verdict):
        count = verdict.estimate.n if verdict.estimate else 0
        return Plan(verdict=verdict, n=count, n_eff=count)
    return plan_next_look(plan(verdict, own, other, musts), own, other, now)


def _find_measurement(verdict: Verdict, step: JudgedStep, target: str | None) -> Measurement | None:
    measured = step.finished.measurements
    return next((m for m in measured if m.target == target and m.key == verdict.key), None)


def _seconds(book: Ledger, suite: str) -> float | None:
    own = [entry for entry in book.entries("run") if entry.suite == suite]
    return next((run.cost.seconds for run in book.read_runs(own[-1:])), None)


def _exit_code(plans: Sequence[Plan]) -> int:
    if any(not each.possible and each.verdict.requirement.severity == "must" for each in plans):
        return CANNOT
    return UNMEASURED if any(each.verdict.outcome == "error" for each in plans) else 0


def _report_lines(found: Sequence[_Planned], musts: int) -> Iterator[str]:
    ran = any(each.plans for each in found)
    yield f"{'The checks were' if ran else 'Nothing was'} run to see what is there; nothing was judged or recorded."
    if musts > 1:
        yield f"{musts} musts, each planned so that all of them together pass a good candidate 95 times of 100."
    for each in found:
        yield f"\n{each.suite}"
        shown = [one for one in each.plans if is_plannable(one.verdict) or one.verdict.outcome == "error"]
        for one in shown:
            yield f"  {one.verdict.name}: {describe_asked(one.verdict)}{_for(one)}"
            yield from (f"    {label:<9} {text}" for label, text in _lines(one))
        if len(shown) < len(each.plans):
            yield f"  {len(each.plans) - len(shown)} more are exact, only shown, or about just these rows, however many"
        yield from (f"  {one.explain()}" for one in each.unrun)
        yield from _time(each)


def _for(one: Plan) -> str:
    if one.truth is None:
        return ""
    equal = one.verdict.requirement.versus and one.truth == 0
    return ", planned for an equal one" if equal else f", planned for {position_text(one.verdict, one.truth)}"


def _lines(one: Plan) -> Iterator[tuple[str, str]]:
    verdict, unit = one.verdict, one.verdict.unit
    if verdict.outcome == "error":
        yield "error", verdict.reason
        return
    worth = f", worth about {one.n_eff:,.0f} independent ones" if one.n_eff < 0.9 * one.n else ""
    yield "there", f"{one.n:,} {unit}{worth}"
    if not one.possible:
        yield "cannot", "pass at all: even if every one were good, so few would not show what is asked"
    yield "needed", _sample_size_text(one)
    if one.stalls is not None:
        yield "stalls", f"{_per_hundred(one.stalls)} of 100 such candidates end undecided on what is there"
    yield "decides", _decides(one, one)
    if one.next_look:
        yield "next", _next_look_text(one, one.next_look)


def _next_look_text(one: Plan, coming: NextLook) -> str:
    """Return when the look after this one is taken, and what it can decide."""
    when = f", at the present pace about {coming.when:%Y-%m-%d}" if coming.when else ""
    rows = f"{coming.size:,} {one.verdict.unit} in all ({coming.present:,} by now{when})"
    return f"look {coming.number}, at {rows}: {_decides(one, coming)}"


def _sample_size_text(one: Plan) -> str:
    if one.truth is None:
        return "not known: add plan_for, the truth that is to pass"
    if one.pilot is not None:
        few = f"the {one.n:,} {one.verdict.unit} there do not tell how far values scatter"
        return f"not known: {few}; measure about {round_up(one.pilot):,} or more, and plan again"
    if one.needed is None:
        return "more than can be asked for"
    enough = f"; {one.n:,} are there" if one.needed <= one.n else ""
    tail = f"; more if values have a long tail, of which {one.n:,} may show none" if one.may_hide_tail else ""
    return f"about {round_up(one.needed):,} {one.verdict.unit}{enough}{tail}"


def _decides(one: Plan, at: Plan | NextLook) -> str:
    good, bad = ("better", "worse") if one.verdict.requirement.versus else _sides(one)
    said = [
        f"{verb} what is really {position_text(one.verdict, truth)} or {side}"
        for verb, truth, side in (("passes", at.passes_from, good), ("fails", at.fails_from, bad))
        if truth is not None
    ]
    return f"{' and '.join(said)}, 95 times of 100" if said else "nothing: no truth is decided 95 times of 100"


def _sides(one: Plan) -> tuple[str, str]:
    return ("more", "less") if one.verdict.requirement.sought(one.verdict.better)[1] == "higher" else ("less", "more")


def _per_hundred(share: float) -> str:
    return "fewer than 1" if 0 < share < 0.01 else f"{100 * share:.0f}"


def _time(each: _Planned) -> Iterator[str]:
    if each.seconds is None:
        yield "  time: not known, this suite was not run yet"
        return
    more = max((one.needed / one.n for one in each.plans if one.needed and one.n), default=0.0)
    then = f", so about {each.seconds * more:.2g} s with what is needed" if more > 1 else ""
    yield f"  time: the last run took {each.seconds:.2g} s{then}"


def _as_json(each: _Planned) -> Mapping[str, Any]:
    plans, unrun = [_one_as_json(one) for one in each.plans], [one.as_json() for one in each.unrun]
    return {"suite": each.suite, "seconds": each.seconds, "plans": plans, "not_run": unrun}


def _next_as_json(coming: NextLook | None) -> Mapping[str, Any] | None:
    if coming is None:
        return None
    return {**vars(coming), "when": coming.when.isoformat() if coming.when else None}


def _one_as_json(one: Plan) -> Mapping[str, Any]:
    verdict = one.verdict
    names = ("n", "n_eff", "truth", "needed", "pilot", "may_hide_tail", "stalls")
    decided = ("passes_from", "fails_from", "possible")
    return {
        "check": verdict.check,
        "step": verdict.step,
        "metric": verdict.metric,
        "labels": dict(verdict.labels),
        "asked": str(describe_asked(verdict)),
        "severity": verdict.requirement.severity,
        "unit": verdict.unit,
        "error": verdict.reason if verdict.outcome == "error" else None,
        **{name: getattr(one, name) for name in (*names, *decided)},
        "next_look": _next_as_json(one.next_look),
    }
