"""Holds requirements to measurements: pure, no clock, no files, no plugins."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.errors import HarnessError
from harness.judging import wording
from harness.judging.looks import Earlier, look_alpha
from harness.judging.questions import Finding, Question, question_of
from harness.judging.taking import take_look
from harness.stats import Inference, distances, exactly, infer, n_needed, p_fail, p_pass, statistic_of
from harness.values.identity import CANDIDATE
from harness.values.keys import MetricKey
from harness.values.measurements import CrossCheck, Measurement
from harness.values.outcomes import Outcome, worst
from harness.values.requirements import Better, Requirement
from harness.values.statistics import describe_statistic
from harness.values.verdicts import Estimate, Look, Verdict


def judge(
    requirement: Requirement,
    measurement: Measurement,
    baseline: Measurement | None = None,
    look: Look | None = None,
) -> Verdict:
    """Return pass, fail or inconclusive by the bounds at its look's share of alpha, or an error that says why.

    Both measurements hold the rows of all looks; beyond the looks that were planned nothing is judged, and a note shows
    the value.
    """
    question = question_of(requirement, measurement, look)
    try:
        return _decide_verdict(question, _run_inference(requirement, measurement, baseline))
    except HarnessError as error:
        return question.error(str(error))
    except Exception as error:  # noqa: BLE001 - numbers beyond what a statistic can hold must not cost the whole run
        found = f"{type(error).__name__}: {error}"
        return question.error(f"{question.statistic!r} could not be computed ({found}); look for extreme values")


def judge_requirements(
    requirements: Sequence[Requirement],
    measurements: Sequence[Measurement],
    step: str,
    check: str,
    failures: Mapping[str, str] | None = None,
    earlier: Sequence[Earlier] = (),
) -> Sequence[Verdict]:
    """Return a verdict for every requirement and every measurement it holds for; what is missing is an error.

    `failures` says, by target, why a step measured nothing there; `earlier` holds the candidate's recorded runs.
    """
    return [v for r in requirements for v in _judge_requirement(r, measurements, step, check, failures or {}, earlier)]


def read_together(verdicts: Sequence[Verdict], measurements: Sequence[Measurement]) -> Sequence[Verdict]:
    """Return the verdicts, each with what its measurement says that it means beside those of other checks."""
    decided = [verdict for verdict in verdicts if verdict.requirement.severity != "info"]
    by_check: dict[str, list[Outcome]] = {}
    for verdict in decided:
        by_check.setdefault(verdict.check, []).append(verdict.outcome)
    beside = {check: worst(outcomes) for check, outcomes in by_check.items()}
    readings = {each.key: each.readings for each in measurements if each.target == CANDIDATE and each.readings}
    return [_read(verdict, readings.get(verdict.key, ()), beside) for verdict in verdicts]


def _read(verdict: Verdict, readings: Sequence[CrossCheck], beside: Mapping[str, Outcome]) -> Verdict:
    outcome = verdict.outcome
    for each in readings:
        if each.own == outcome and beside.get(each.beside) == each.then and each.says not in verdict.notes:
            verdict = replace(verdict, reason=f"{verdict.reason}; {each.says}", notes=(*verdict.notes, each.says))
    return verdict


def _judge_requirement(
    requirement: Requirement,
    measurements: Sequence[Measurement],
    step: str,
    check: str,
    failures: Mapping[str, str],
    earlier: Sequence[Earlier],
) -> Sequence[Verdict]:
    unmeasured = Question(requirement=requirement, check=check, step=step, metric=requirement.metric)
    for target in (CANDIDATE, requirement.versus):
        if target is not None and target in failures:
            message = "" if target == CANDIDATE else f"baseline {target!r}: "
            return [unmeasured.error(message + failures[target])]
    found = [
        m for m in measurements if m.target == CANDIDATE and m.metric == requirement.metric and _where(requirement, m)
    ]
    if not found:
        return [unmeasured.error(_missing(requirement, measurements))]
    others: dict[MetricKey, list[Measurement]] = {}
    for other in measurements if requirement.versus else ():
        if other.target == requirement.versus:
            others.setdefault(other.key, []).append(other)
    return [_judge_with_baseline(requirement, each, others.get(each.key, ()), earlier) for each in found]


def _judge_with_baseline(
    requirement: Requirement,
    measurement: Measurement,
    same: Sequence[Measurement],
    earlier: Sequence[Earlier],
) -> Verdict:
    if requirement.versus is None:
        return _judge_measurement(requirement, measurement, None, earlier)
    if len(same) == 1:
        return _judge_measurement(requirement, measurement, same[0], earlier)
    reason = (
        f"baseline {requirement.versus!r} measured {len(same)} of {measurement.metric!r} to compare with; one is needed"
    )
    return question_of(requirement, measurement).error(reason)


def _judge_measurement(
    requirement: Requirement, measurement: Measurement, baseline: Measurement | None, earlier: Sequence[Earlier]
) -> Verdict:
    failure = measurement.failure or (baseline.failure if baseline else "")
    if failure:
        return question_of(requirement, measurement).error(failure)
    try:
        seen = take_look(requirement, measurement, baseline, earlier)
    except HarnessError as error:
        return question_of(requirement, measurement).error(str(error))
    verdict = judge(requirement, seen.measurement, seen.baseline, seen.look)
    for other in seen.also if verdict.outcome == "pass" else ():
        found = judge(requirement, other.measurement, other.baseline, other.look)
        if found.outcome != "pass":
            return found if found.outcome == "error" else replace(found, outcome="inconclusive")
    return verdict


def _where(requirement: Requirement, measurement: Measurement) -> bool:
    if requirement.where == "overall":
        return not measurement.labels
    return all(measurement.labels.get(key) == value for key, value in dict(requirement.where).items())


def _missing(requirement: Requirement, measurements: Sequence[Measurement]) -> str:
    of_metric = sorted({m.key.where for m in measurements if m.metric == requirement.metric and m.target == CANDIDATE})
    if of_metric:
        return f"no {requirement.metric!r} where {requirement.where}; it was measured for {', '.join(of_metric)}"
    metrics = sorted({m.metric for m in measurements})
    return f"the check did not measure {requirement.metric!r}; it measured {', '.join(metrics) or 'nothing'}"


def _run_inference(requirement: Requirement, measurement: Measurement, baseline: Measurement | None) -> Inference:
    sample, other = measurement.sample, baseline.sample if baseline else None
    if not statistic_of(sample).has_interval and requirement.severity != "info":
        why = measurement.evidence.get("interval", "")
        raise HarnessError(
            f"{measurement.metric!r} has no known interval, so nothing can be decided on it; make it `severity: info`"
            f"{why and f' (interval: {why})'}"
        )
    misplanned = requirement.plan_error(measurement.better)
    if misplanned:
        raise HarnessError(f"{measurement.metric!r}: {misplanned}")
    if requirement.versus and baseline is None:
        raise HarnessError(
            f"{measurement.metric!r} was measured, but not the {requirement.versus!r} to compare it with"
        )
    return exactly(sample, other) if requirement.scope == "these" else infer(sample, other)


def _decide_verdict(question: Question, inference: Inference) -> Verdict:
    if not describe_statistic(question.statistic).has_interval:
        estimate = _estimate(inference, None, None, 0.0, None)
        return question.undecided("shown, not judged: its interval is not known", estimate)
    if question.look and question.look.spent:
        undecided = question.undecided(wording.looks_spent_reason(question.look))
        shown = wording.describe_unjudged(undecided, _estimate(inference, None, None, 0.0, None))
        return replace(undecided, notes=(*undecided.notes, shown))
    question = replace(question, notes=(*question.notes, *inference.notes))
    threshold, better = question.requirement.sought(question.better)
    alpha = look_alpha(question.requirement, question.look)
    lower, upper = _finite_bounds(inference, *inference.bounds(alpha))
    finding = Finding(
        requirement=question.requirement,
        statistic=question.statistic,
        better=question.better,
        unit=question.unit,
        look=question.look,
        outcome=_outcome(lower, upper, threshold, better),
        estimate=replace(
            _estimate(inference, lower, upper, 1 - alpha, p_fail(inference, threshold, better)),
            p_pass=p_pass(inference, threshold, better),
        ),
    )
    if question.requirement.severity == "must" and not describe_statistic(question.statistic).proves:
        return question.unproven(wording.NOT_PROVEN, finding.estimate)
    if question.requirement.severity == "must" and not inference.proves:
        few = wording.too_few_reason(question.statistic, inference.n_eff, inference.fewest)
        return question.unproven(few, finding.estimate, inference.least)
    planned = _add_plans(finding, inference, threshold) if finding.outcome == "inconclusive" else finding
    return question.answer(planned, wording.reason(planned))


def _finite_bounds(inference: Inference, lower: float, upper: float) -> tuple[float, float]:
    """Return the bounds, if they and the value are numbers: nothing else can be compared or written down."""
    if all(map(math.isfinite, (inference.value, inference.n_eff, lower, upper))):
        return lower, upper
    message = f"found {inference.value:g} between {lower:g} and {upper:g}, worth {inference.n_eff:g} rows"
    raise HarnessError(f"{inference.method} gives no interval of these rows: {message}; look for extreme values")


def _outcome(lower: float, upper: float, threshold: float, better: Better) -> Outcome:
    if (lower >= threshold) if better == "higher" else (upper <= threshold):
        return "pass"
    if (upper < threshold) if better == "higher" else (lower > threshold):
        return "fail"
    return "inconclusive"


def _add_plans(finding: Finding, inference: Inference, threshold: float) -> Finding:
    """Return the finding with how many observations decide it at the next look, for some truths."""
    requirement = finding.requirement
    alpha = requirement.alpha_at(finding.look.number + 1 if finding.look else 1)
    truth = requirement.truth()
    if truth is None:
        better = requirement.sought(finding.better)[1]
        plans = distances(inference, threshold, better, alpha=alpha)
        return replace(finding, plans=tuple((truth, _round_to_look(finding, n)) for truth, n in plans))
    needed = n_needed(inference, threshold, truth, alpha=alpha)
    if needed is None:
        return finding
    needed = _round_to_look(finding, needed)
    return replace(finding, n_needed=needed, plans=((truth, needed),))


def _round_to_look(finding: Finding, needed: int) -> int:
    """Return how many there are when so many are judged: no look is taken before the next one."""
    have = finding.estimate.n
    return max(needed, finding.requirement.next_look(have)) if finding.look and needed > have else needed


def _estimate(
    inference: Inference, lower: float | None, upper: float | None, level: float, chance: float | None
) -> Estimate:
    return Estimate(
        value=inference.value,
        lower=lower,
        upper=upper,
        level=level,
        n=inference.n,
        n_eff=inference.n_eff,
        method=inference.method,
        hits=inference.hits,
        clusters=inference.clusters,
        p_fail=chance,
    )
