"""Tells what the rows at hand can decide, and how many it takes, before anything is judged."""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from scipy import special

from harness import samples
from harness.judging.judge import judge
from harness.judging.looks import look_alpha
from harness.stats import Inference, best, infer, may_hide_tail, n_needed, pilot_needed
from harness.stats.binomial import Binomial
from harness.stats.roots import root
from harness.stats.searched import DistanceBounds
from harness.values.measurements import Measurement
from harness.values.requirements import Better, Requirement
from harness.values.statistics import describe_statistic
from harness.values.verdicts import Look, Verdict

MISSED = 0.05  # how often a good candidate may end without a pass
Chance = Callable[[float], float]


@dataclass(frozen=True, kw_only=True)
class Odds:
    """How often a candidate passes and fails, by how good it really is."""

    passes: Chance
    fails: Chance


@dataclass(frozen=True, kw_only=True)
class NextLook:
    """The look that comes next: at `size` rows in all, of which so many are `present`, and when, if that is known.

    What is really `passes_from` or better passes it 95 times of 100, and what is `fails_from` or worse fails it.
    """

    number: int
    size: int
    present: int
    when: datetime | None = None
    passes_from: float | None = None
    fails_from: float | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one requirement can decide.

    `needed` observations pass a candidate that is really `truth`; of such candidates the share `stalls` ends
    undecided on the `n` there are. What is really `passes_from` or better passes on them 95 times of 100, and what is
    `fails_from` or worse fails. `possible` is False where not even a perfect sample of this size would pass. The
    `next_look` is the one after that on the rows at hand. Where these do not tell how far values scatter, nothing is
    `needed` yet: `pilot` observations at least are, to plan from. Where they `may_hide_tail`, more are needed if there
    is one.
    """

    verdict: Verdict
    n: int = 0
    n_eff: float = 0.0
    truth: float | None = None
    needed: int | None = None
    stalls: float | None = None
    passes_from: float | None = None
    fails_from: float | None = None
    possible: bool = True
    next_look: NextLook | None = None
    pilot: int | None = None
    may_hide_tail: bool = False


def plan(verdict: Verdict, measurement: Measurement, baseline: Measurement | None, musts: int) -> Plan:
    """Return the plan of one requirement, so that all musts together pass a good candidate 95 times of 100."""
    requirement = verdict.requirement
    seen = infer(measurement.sample, baseline.sample if baseline else None)
    threshold, better = requirement.sought(measurement.better)
    truth, alpha = requirement.truth(), look_alpha(requirement, verdict.look)
    odds = _odds(seen, requirement, threshold, better, alpha, 1)
    beta = MISSED / max(musts, 1)
    passes_from = _nearest_truth(odds.passes, seen, threshold, better)
    return Plan(
        verdict=verdict,
        n=seen.n,
        n_eff=seen.n_eff,
        truth=truth,
        needed=None if truth is None else n_needed(seen, threshold, truth, alpha=alpha, beta=beta),
        pilot=None if truth is None else pilot_needed(seen, truth - threshold, alpha=alpha, beta=beta),
        may_hide_tail=may_hide_tail(seen),
        stalls=None if truth is None else max(0.0, 1 - odds.passes(truth) - odds.fails(truth)),
        passes_from=passes_from,
        fails_from=_nearest_truth(odds.fails, seen, threshold, "lower" if better == "higher" else "higher"),
        possible=passes_from is not None or _possible(requirement, measurement, baseline),
    )


def plan_next_look(found: Plan, measurement: Measurement, baseline: Measurement | None, now: datetime) -> Plan:
    """Return the plan with what the next look can decide, and when it is due at the pace of the rows since the last."""
    look, requirement = found.verdict.look, found.verdict.requirement
    if look is None or look.alone or look.spent or measurement.sample.rows is None or look.number == look.planned:
        return found
    seen = infer(measurement.sample, baseline.sample if baseline else None)
    threshold, better = requirement.sought(measurement.better)
    size, number = requirement.next_look(look.size), look.number + 1
    times = size / max(measurement.sample.rows.num_rows, 1)
    odds = _odds(seen, requirement, threshold, better, requirement.alpha_at(number), times)
    coming = NextLook(
        number=number,
        size=size,
        present=look.size + look.waiting,
        when=_due(look, size, now),
        passes_from=_nearest_truth(odds.passes, seen, threshold, better),
        fails_from=_nearest_truth(odds.fails, seen, threshold, "lower" if better == "higher" else "higher"),
    )
    return replace(found, next_look=coming)


def _due(look: Look, size: int, now: datetime) -> datetime | None:
    """Return when there are so many rows at the pace since a look that stands."""
    if look.taken is None or now <= look.taken:
        return None
    return now + (now - look.taken) * (max(size - look.size - look.waiting, 0) / look.waiting)


def is_plannable(verdict: Verdict) -> bool:
    """Tell whether a verdict is one that rows decide by their number."""
    asked, estimated = verdict.requirement, describe_statistic(verdict.statistic).interval == "estimated"
    return asked.severity != "info" and asked.scope != "these" and estimated


def _odds(
    seen: Inference, requirement: Requirement, threshold: float, better: Better, alpha: float, times: float
) -> Odds:
    """Return the odds on so many times the observations at hand."""
    if requirement.severity == "must" and round(times * seen.n_eff) < seen.fewest:
        return Odds(passes=_chance(lambda _truth: 0.0), fails=_chance(lambda _truth: 0.0))
    if isinstance(seen.interval, Binomial) and requirement.versus is None:
        return _exact(requirement, max(1, round(times * seen.interval.worth(alpha))), better, alpha)
    normal = _normal(seen, threshold, better, alpha, times)
    if isinstance(seen.interval, DistanceBounds) and better == "lower":
        return replace(normal, passes=_chance_under(seen.interval, seen.n, threshold, alpha, times))
    return normal


def _chance_under(interval: DistanceBounds, n: int, threshold: float, alpha: float, times: float) -> Chance:
    """Return the chance that a distance, which noise alone puts above the truth, ends below the threshold."""
    kept = 1 / interval.reference
    less = math.sqrt((1 / (times * n) + kept) / (1 / n + kept))
    return lambda truth: interval.p_under(threshold, max(0.0, truth), alpha, less)


def _exact(requirement: Requirement, n: int, better: Better, alpha: float) -> Odds:
    """Return the odds over every count of n independent observations, each held to the judge."""
    asked, look = replace(requirement, plan_for=None), Look(number=1, alpha=alpha)

    def outcome(k: int) -> str:
        measured = Measurement(metric=asked.metric, sample=samples.proportion(k=k, n=n), better=better)
        return judge(asked, measured, look=look).outcome

    low, high = ("fail", "pass") if better == "higher" else ("pass", "fail")
    below = bisect_left(range(n + 1), True, key=lambda k: outcome(k) != low)
    above = bisect_left(range(n + 1), True, key=lambda k: outcome(k) == high)
    at_most = _chance(lambda truth: special.bdtr(below - 1, n, truth) if below else 0.0)
    at_least = _chance(lambda truth: special.bdtrc(above - 1, n, truth) if above else 1.0)
    return Odds(passes=at_least, fails=at_most) if better == "higher" else Odds(passes=at_most, fails=at_least)


def _chance(of: Callable[[float], float]) -> Chance:
    return lambda truth: float(of(min(max(truth, 0.0), 1.0)))


def _normal(seen: Inference, threshold: float, better: Better, alpha: float, times: float) -> Odds:
    """Return the odds if the estimate scatters normally, as wide as its bounds on so many times the observations."""
    lower, upper = seen.bounds(alpha)
    z, less = -float(special.ndtri(alpha)), times**-0.5
    below, above = max((seen.value - lower) * less, 1e-12), max((upper - seen.value) * less, 1e-12)
    at_least = _chance_beyond(threshold + below, below / z)
    at_most = _chance_beyond(-threshold + above, above / z)
    if better == "higher":
        return Odds(passes=at_least, fails=lambda truth: at_most(-truth))
    return Odds(passes=lambda truth: at_most(-truth), fails=at_least)


def _chance_beyond(limit: float, se: float) -> Chance:
    return lambda truth: float(special.ndtr((truth - limit) / se))


def _nearest_truth(chance: Chance, seen: Inference, threshold: float, side: Better) -> float | None:
    """Return the truth nearest to the threshold from which on the chance is 95 %; None if there is none."""
    sign = 1 if side == "higher" else -1
    lower, upper = seen.bounds(0.001)
    widest = sign * 4 * max(upper - lower, 1e-9)
    furthest = max(sign, 0) - threshold if isinstance(seen.interval, Binomial) else widest
    if chance(threshold) >= 1 - MISSED:
        return threshold
    if chance(threshold + furthest) < 1 - MISSED:
        return None
    step = root(lambda share: chance(threshold + share * furthest) - (1 - MISSED), 0, 1, xtol=1e-6)
    return float(threshold + step * furthest)


def _possible(requirement: Requirement, measurement: Measurement, baseline: Measurement | None) -> bool:
    """Tell whether the best sample that these rows could have been would pass."""
    perfect = best(measurement.sample, requirement.sought(measurement.better)[1])
    if perfect is None:
        return True
    held = judge(replace(requirement, plan_for=None), replace(measurement, sample=perfect), baseline)
    return held.outcome == "pass"
