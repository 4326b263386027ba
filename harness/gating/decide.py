"""Decides whether a candidate may pass a stage, from recorded runs alone: pure, no clock, no files, no plugins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from harness.gating.approvals import Counted, Given, count_approvals
from harness.gating.asked_suites import AskedSuite, find_changes, name_warnings
from harness.gating.attempts import Attempt, attempt_warning
from harness.gating.derivations import Derivation, describe_derivation, find_tampering
from harness.gating.gates import Gate, list_candidates
from harness.gating.online import correct_pass, describe_level
from harness.gating.registered import Registrations, find_unregistered
from harness.gating.repeats import describe_repeats
from harness.gating.signatures import Signatures, describe_unsigned, find_unsigned, signers
from harness.gating.standing import collect_musts, correct_together, keep_decided
from harness.gating.these import describe_missed, fail_missed
from harness.gating.waivers import Held, SignedWaiver, Waiver, refusal
from harness.judging.asking import rename_run
from harness.judging.looks import overdrawn
from harness.judging.wording import looks_spent_reason
from harness.values.decisions import GateDecision, GateFinding
from harness.values.identity import CANDIDATE, Identity
from harness.values.outcomes import GateOutcome
from harness.values.requirements import MOST_ALPHA
from harness.values.runs import Run
from harness.values.verdicts import Verdict

WORST_FIRST: tuple[GateOutcome, ...] = ("error", "fail", "inconclusive", "waived", "pass")


@dataclass(frozen=True, kw_only=True)
class GateQuestion:
    """What is asked about whom at which stage, and what else is known: waivers, and who else was judged on the rows.

    `suites` are those the gate asks for as they stand now; without, they are known by name alone. `passed_before` tells
    of each candidate that came to the stage before whether it passed; by the id of a run, `corrections` say why rows of
    it were wrong, `derivations` what came of deriving its verdicts again, `signatures` who signed it. `unanchored` says
    why the ledger may have lost entries, if it may. `known` have runs. `policy` is the commit
    that gates and suites were read from, if not from the working tree; `given` are the approvals,
    and `registrations` say which runs were announced before they measured.
    """

    project: str
    stage: str
    gate: Gate
    candidate: Identity
    now: datetime
    suites: Sequence[AskedSuite] = ()
    promoted_before: bool = True
    waivers: Sequence[Waiver] = ()
    attempts: Sequence[Attempt] = ()
    passed_before: Sequence[bool] = ()
    known: Sequence[Identity] = ()
    corrections: Mapping[str, str] = field(default_factory=dict)
    derivations: Mapping[str, Derivation] = field(default_factory=dict)
    policy: str = ""
    given: Given = field(default_factory=Given)
    signatures: Signatures | None = None
    unanchored: str = ""
    registrations: Registrations = field(default_factory=Registrations)


def decide(asked: GateQuestion, runs: Sequence[Run]) -> GateDecision:
    """Return what a stage decides for one candidate from the latest run of each of its suites.

    `runs` are those of the stage, and all others in which looks at this candidate, or at one that scored alike, count.
    Passes only if every must of every suite passes and nothing is missing, stale or about another candidate. A must
    fails only if it does among all musts together; waivers stand for what failed or is undecided, never for an error.
    """
    gate, candidate = asked.gate, asked.candidate
    suites = {suite.name: suite for suite in asked.suites or _named_suites(gate)}
    latest = latest_runs(gate, list(suites), candidate, runs)
    seen = [run for run in latest.values() if run]
    held = collect_held(asked, runs)
    counted = count_approvals(gate.approvals, asked.given) if gate.approvals else Counted()
    findings = [*_candidate_findings(gate, candidate), *counted.findings, *_ledger_findings(asked)]
    for suite, run in latest.items():
        findings += _run_findings(asked, suites[suite], run, held)
    outcome = _worst(findings)
    return GateDecision(
        project=asked.project,
        gate=asked.stage,
        gate_digest=gate.digest,
        candidate=candidate,
        outcome=outcome,
        findings=_sort_findings(findings, outcome),
        warnings=(
            *_candidate_warnings(asked, seen),
            *describe_missed(held, seen, _own_runs(asked, seen, runs)),
            *_idle(asked, held),
            *asked.given.refused,
            *asked.registrations.abandoned,
            *name_warnings(asked.suites),
            *_derivation_warnings(asked, seen),
            *(warning for run in seen for warning in describe_repeats(run)),
            *(describe_unsigned(seen, asked.signatures) if not gate.promote else ()),
        ),
        runs={run.suite: run.digest for run in seen},
        suites={run.suite: run.suite_digest for run in seen},
        datasets={run.suite: {name: data.digest for name, data in run.datasets.items()} for run in seen},
        plugins={run.suite: run.plugins for run in seen},
        decided=asked.now,
        policy=asked.policy,
        blocks=gate.enforce and _keeps_back(outcome, gate),
        enforced=gate.enforce,
        approvals=tuple(map(str, counted.approvals)),
        waived=tuple(each.id for each in _standing_waivers(asked, held) if isinstance(each, SignedWaiver)),
    )


def _keeps_back(outcome: GateOutcome, gate: Gate) -> bool:
    return outcome in ("fail", "error") or (outcome == "inconclusive" and gate.on_inconclusive == "block")


def collect_held(asked: GateQuestion, runs: Sequence[Run]) -> Held:
    """Return every must that a gate holds a candidate to with its suite, as it decides: corrected, and what stands."""
    names = [suite.name for suite in asked.suites or _named_suites(asked.gate)]
    seen = [run for run in latest_runs(asked.gate, names, asked.candidate, runs).values() if run]
    return _correct_held(asked, seen, _own_runs(asked, seen, runs))


def _own_runs(asked: GateQuestion, seen: Sequence[Run], runs: Sequence[Run]) -> Sequence[Run]:
    """Return the runs in which looks at the candidate count; what watches counts none."""
    keys = frozenset({asked.candidate.key}).union(*(run.alike for run in seen))
    return [] if asked.gate.watch else [run for run in runs if run.is_recorded and run.candidate.key in keys]


def latest_runs(
    gate: Gate, suites: Sequence[str], candidate: Identity, runs: Sequence[Run]
) -> Mapping[str, Run | None]:
    """Return by suite the run that a gate decides on: the candidate's latest that counts."""
    counting = [run for run in runs if _counts(run, gate)]
    return {suite: _latest(counting, suite, candidate) for suite in suites}


def _named_suites(gate: Gate) -> Sequence[AskedSuite]:
    return [AskedSuite(name=suite) for suite in gate.suites if isinstance(suite, str)]


def _counts(run: Run, gate: Gate) -> bool:
    return run.is_recorded and run.is_scheduled == gate.watch


def _derivation_warnings(asked: GateQuestion, seen: Sequence[Run]) -> Iterator[str]:
    for run in seen:
        if run.id in asked.derivations:
            yield from describe_derivation(asked.derivations[run.id], signers(run, asked.signatures))


def _worst(findings: Sequence[GateFinding]) -> GateOutcome:
    outcomes = [finding.outcome for finding in findings]
    return min(outcomes, key=WORST_FIRST.index) if outcomes else "error"


def _correct_held(asked: GateQuestion, latest: Sequence[Run], runs: Sequence[Run]) -> Held:
    """Return every must with its suite: failures corrected for being looked at together, and what looks decided."""
    same = {run.suite: [rename_run(other, run.measurements) for other in runs] for run in latest}
    now = {run.suite: run for run in latest}
    musts = [(suite, _limit_looks(each, now[suite], same[suite])) for suite, each in collect_musts(latest)]
    held = correct_together(musts)
    if asked.gate.many_candidates == "correct":
        held = [(suite, correct_pass(verdict, asked.passed_before)) for suite, verdict in held]
    held = keep_decided(held, latest, runs, asked.corrections)
    return fail_missed(held, latest, runs) if asked.gate.promote else held


def _limit_looks(verdict: Verdict, run: Run, runs: Sequence[Run]) -> Verdict:
    """Return the verdict; where runs that did not see each other took more looks than planned, none counts."""
    if verdict.outcome != "error" and verdict.look and overdrawn(verdict, run, runs):
        return replace(verdict, outcome="inconclusive", reason=looks_spent_reason(verdict.look))
    return verdict


def _candidate_warnings(asked: GateQuestion, seen: Sequence[Run]) -> Iterator[str]:
    """Yield what to know of candidates that came before: how likely one slips through, or that it is corrected for."""
    if asked.gate.many_candidates == "warn":
        yield from filter(None, (attempt_warning(run, asked.attempts) for run in seen))
    elif asked.passed_before:
        yield describe_level(asked.passed_before)


def _idle(asked: GateQuestion, held: Held) -> Iterator[str]:
    for waiver in asked.waivers:
        why = _refuse_waiver(asked, waiver, held)
        if why:
            yield f"{waiver.summary} does not apply: it {why}"


def _refuse_waiver(asked: GateQuestion, waiver: Waiver, held: Held) -> str:
    """Return why a waiver does not apply, or nothing if it does."""
    unwaivable = [(suite.name, step) for suite in asked.suites for step in suite.unwaivable]
    promotes = bool(asked.gate.promote)
    return refusal(waiver, held, asked.candidate, promotes=promotes, unwaivable=unwaivable, now=asked.now)


def _sort_findings(findings: Sequence[GateFinding], outcome: GateOutcome) -> tuple[GateFinding, ...]:
    """Return why it passes, or all that keeps it from passing, the worst first."""
    if outcome == "pass":
        return tuple(findings)
    against = [finding for finding in findings if finding.outcome != "pass"]
    return tuple(sorted(against, key=lambda finding: WORST_FIRST.index(finding.outcome)))


def _latest(runs: Sequence[Run], suite: str, candidate: Identity) -> Run | None:
    same = [run for run in runs if run.suite == suite and run.candidate.key == candidate.key]
    return max(same, key=lambda run: run.started) if same else None


def _candidate_findings(gate: Gate, candidate: Identity) -> Iterator[GateFinding]:
    if gate.promote and candidate.digest is None:
        message = (
            "is only declared: no digest proves which model made the scores; record made_by, or judge the model itself"
        )
        yield GateFinding(outcome="error", reason=f"candidate {candidate.revision} {message}")


def _ledger_findings(asked: GateQuestion) -> Iterator[GateFinding]:
    """Yield that the ledger may have lost entries, where a gate promotes."""
    if asked.gate.promote and asked.unanchored:
        yield GateFinding(outcome="error", reason=asked.unanchored)


def _run_findings(asked: GateQuestion, suite: AskedSuite, run: Run | None, held: Held) -> Iterator[GateFinding]:
    if run is None:
        yield _suite_error(suite.name, _missing_run(asked))
        return
    if run.id in asked.derivations:
        is_signed = bool(signers(run, asked.signatures))
        yield from find_tampering(asked.derivations[run.id], is_signed=is_signed, promotes=bool(asked.gate.promote))
    if asked.gate.promote:
        yield from find_unsigned(suite.name, run, asked.signatures)
        yield from _replay_findings(suite.name, run)
    if asked.gate.registered == "require":
        yield from find_unregistered(run, asked.registrations)
    yield from find_changes(suite, run)
    yield from _age_findings(asked.gate, suite.name, run, asked.now)
    yield from _must_findings(asked, suite.name, run, held)


def _must_findings(asked: GateQuestion, suite: str, run: Run, held: Held) -> Iterator[GateFinding]:
    verdicts = [verdict for other, verdict in held if other == suite]
    if not verdicts:
        yield _suite_error(suite, "no must was judged, so nothing is proven")
    waivers = list(_standing_waivers(asked, held))
    measured = {m.key.overall for m in run.measurements if m.target == CANDIDATE and not m.failure}
    for verdict in verdicts:
        is_measured = verdict.key.overall in measured
        yield _waiver_finding(waivers, suite, verdict) or _verdict_finding(asked, suite, run, verdict, is_measured)


def _missing_run(asked: GateQuestion) -> str:
    """Return that a suite did not judge the candidate, and whom the ledger knows where it does not know this one."""
    kind, how = ("scheduled run", " with --trigger schedule") if asked.gate.watch else ("run", "")
    message = f"no {kind} of this candidate in the ledger; run the suite{how} first"
    if not asked.known or asked.candidate.key in {each.key for each in asked.known}:
        return message
    named = f"which knows {list_candidates(asked.known)}; name one of them (`model:` in the target's config names it)"
    return f"no {kind} of this candidate in the ledger, {named}, or run the suite{how} first"


def _standing_waivers(asked: GateQuestion, held: Held) -> Iterator[Waiver]:
    yield from (waiver for waiver in asked.waivers if not _refuse_waiver(asked, waiver, held))


def _waiver_finding(waivers: Sequence[Waiver], suite: str, verdict: Verdict) -> GateFinding | None:
    for waiver in waivers:
        if waiver.names(suite, verdict) and verdict.outcome in ("fail", "inconclusive"):
            until = f"waived until {waiver.expires:%Y-%m-%d} by {waiver.owner} ({waiver.reason})"
            was = f"it was {verdict.outcome}: {verdict.reason}"
            return GateFinding(outcome="waived", suite=suite, key=verdict.key, reason=f"{until}; {was}")
    return None


def _verdict_finding(asked: GateQuestion, suite: str, run: Run, verdict: Verdict, is_measured: bool) -> GateFinding:
    """Return what a verdict comes to; a candidate that was not measured owes its error to no missing champion."""
    if verdict.requirement.alpha > MOST_ALPHA:
        reason = f"it was judged at alpha {verdict.requirement.alpha:g}, and {MOST_ALPHA:g} is the most that decides"
        return GateFinding(outcome="error", suite=suite, key=verdict.key, reason=reason)
    versus = verdict.requirement.versus
    alone = versus and run.baselines.get(versus, run.candidate) is None and is_measured
    about = partial(GateFinding, suite=suite, key=verdict.key)
    if not alone or asked.gate.first_promotion != "allow":
        return about(outcome=verdict.outcome, reason=verdict.reason)
    if not asked.promoted_before:
        return about(outcome="pass", reason=f"first promotion, no {versus} to compare with")
    reason = f"there is no {versus} now, but there was one; restore it, or compare with another"
    return about(outcome="error", reason=reason)


def _replay_findings(suite: str, run: Run) -> Iterator[GateFinding]:
    """Yield that answers of language models are of an earlier run: they say nothing of what answers today."""
    if run.calls and (run.calls.replayed or run.calls.replay == "strict"):
        reason = f"{run.calls.replayed} answers of language models were replayed; run it without --replay"
        yield _suite_error(suite, reason)


def _suite_error(suite: str, reason: str) -> GateFinding:
    return GateFinding(outcome="error", suite=suite, reason=reason)


def _age_findings(gate: Gate, suite: str, run: Run, now: datetime) -> Iterator[GateFinding]:
    when = f"{run.finished:%Y-%m-%d %H:%M} UTC"
    if run.as_of > run.finished:  # rows would count as ripe that were not
        reason = f"the run of {when} took {run.as_of:%Y-%m-%d %H:%M} UTC for now, its future; run it without --as-of"
        yield _suite_error(suite, reason)
    if run.finished > now:  # it would hide every later run, as the newest decides
        reason = f"the run of {when} is of the future; set the clock right that is wrong, then run it again"
        yield _suite_error(suite, reason)
    elif gate.run_max_age is not None and now - run.finished > gate.run_max_age:
        reason = f"the run of {when} is not of the last {_span(gate.run_max_age)}; run the suite again"
        yield _suite_error(suite, reason)
    if gate.data_max_age is not None:
        yield from _data_findings(gate.data_max_age, suite, run, now)


def _data_findings(limit: timedelta, suite: str, run: Run, now: datetime) -> Iterator[GateFinding]:
    latest = {name: data.latest for name, data in run.datasets.items() if data.judged}
    undated = [name for name, newest in latest.items() if newest is None]
    if undated or not latest:
        named = f"dataset {undated[0]!r} does not say" if undated else "no dataset says"
        reason = f"{named} when its rows happened; add `time: COLUMN` so that data_max_age can be held"
        yield _suite_error(suite, reason)
    for name, newest in latest.items():
        if newest is not None:
            yield from _row_findings(limit, suite, name, newest, now)


def _row_findings(limit: timedelta, suite: str, name: str, newest: datetime, now: datetime) -> Iterator[GateFinding]:
    if newest > now:
        message = f"dataset {name!r} has rows of {newest:%Y-%m-%d %H:%M} UTC, which is the future"
        reason = f"{message}, so their age is not known; correct the times (one without a zone is read as UTC)"
        yield _suite_error(suite, reason)
    if now - newest > limit:
        message = f"the newest row of {name!r} is of {newest:%Y-%m-%d}, older than {_span(limit)}"
        yield _suite_error(suite, f"{message}; judge newer rows")


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes % 60:
        return f"{minutes}m"
    return f"{minutes // 1440}d" if minutes % 1440 == 0 and minutes > 1440 else f"{minutes // 60}h"
