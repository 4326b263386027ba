"""Error rates where verdicts are many: 20 peeks at a canary, five tries, 40 columns of a table."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import binom, norm
from tables import EXACT, Row
from worlds import single_measurement

from harness import Measurement, Requirement, samples
from harness.gating.holm import holm
from harness.judging.judge import judge
from harness.stats import infer, p_pass


def peek_rows(runs: int) -> Iterator[Row]:
    """Yield how often 20 peeks at a canary, and five retries on pooled rows, promote at the limit or fail there."""
    rng = np.random.default_rng(7)
    for per in (100, 2000):
        requirement, done = Requirement(metric="m", at_most=0.004, looks=1), max(50, runs // 2)
        ends = [_canary(rng, requirement, 0.014, 0.01, per) for _ in range(done)]
        yield "canary, 20 peeks", f"{per} a look, at the limit", f"{done:,}", *_outcome_rates(ends)
        equal = [_canary(rng, Requirement(metric="m", at_most=0.0, looks=1), 0.01, 0.01, per) for _ in range(done)]
        yield "canary, 20 peeks", f"{per} a look, equal, no margin", f"{done:,}", *_outcome_rates(equal)
    retried = [_retry_outcome(rng, 0.8) for _ in range(max(50, runs // 2))]
    yield "recall, 5 pooled tries", "200 a try, 0.8", f"{len(retried):,}", *_outcome_rates(retried)


def _outcome_rates(ends: Sequence[str]) -> Row:
    passed, failed = (np.mean(np.array(ends) == outcome) for outcome in ("pass", "fail"))
    return (
        f"{passed:.2%}",
        f"{failed:.2%}",
        "" if max(passed, failed) <= EXACT + 2 * math.sqrt(0.0475 / len(ends)) else "MISSED",
    )


def _canary(rng: np.random.Generator, requirement: Requirement, rate: float, control: float, per: int) -> str:
    k, k_ref = (rng.binomial(per, share, 20).cumsum() for share in (rate, control))
    for look in range(20):
        n = per * (look + 1)
        counts = {"k": int(k[look]), "n": n, "k_ref": int(k_ref[look]), "n_ref": n, "plan": 10 * per}
        outcome = judge(requirement, single_measurement("canary", "lower", counts)[0]).outcome
        if outcome in ("pass", "fail"):
            return outcome
    return "inconclusive"


def audit_rows(runs: int) -> Iterator[Row]:
    """Yield what audits found to err: a canary whose split and rates change together, and a second look chosen late."""
    rng = np.random.default_rng(8)
    for first, last in ((0.02, 0.01), (0.01, 0.02)):
        for apart in (True, False):
            ends = [_ramp(rng, np.linspace(first, last, 20), apart=apart) for _ in range(runs)]
            cell = f"ramp 1 to 50 %, rate {first} to {last}{', by stretch of time' if apart else ', one count of all'}"
            yield "canary, equal arms, 20 looks", cell, f"{runs:,}", *_outcome_rates(ends)
    for n, truth in ((100, 0.8), (200, 0.9), (1000, 0.95)):
        for growth in (1.0, 2.0):
            passes = _choose_second_look(n, truth, growth)
            cell = f"{n} rows, {truth}, then {growth:g} to 20 times as many, the best for passing"
            yield "two looks, enumerated", cell, "all", f"{passes:.2%}", "", "MISSED" if passes > EXACT else ""


def _ramp(rng: np.random.Generator, rates: np.ndarray, *, apart: bool) -> str:
    """Return how a canary equal to its control ends whose share of 4,000 requests a look grows from 1 to 50 %."""
    n = (4000 * np.linspace(0.01, 0.5, 20)).astype(int)
    arms = {"k": rng.binomial(n, rates), "n": n, "k_ref": rng.binomial(4000 - n, rates), "n_ref": 4000 - n}
    requirement = Requirement(metric="m", at_most=0.0, looks=1)
    for look in range(1, 21):
        seen = {name: arm[:look].tolist() if apart else int(arm[:look].sum()) for name, arm in arms.items()}
        measurement = Measurement(metric="m", better="lower", sample=samples.canary(**seen, plan=10_000))
        outcome = judge(requirement, measurement).outcome
        if outcome in ("pass", "fail"):
            return outcome
    return "inconclusive"


def _choose_second_look(n: int, truth: float, least: float) -> float:
    """Return how often a candidate at the threshold passes one of two looks, the second at the n that helps it most."""
    requirement = Requirement(metric="m", at_least=truth)
    enough = _least_hits(n, truth, requirement.alpha_at(1))
    sizes = np.unique(np.geomspace(max(n + 1, least * n), 20 * n, 60).astype(int))
    hits = np.arange(enough)
    later = [
        binom.sf(_least_hits(int(size), truth, requirement.alpha_at(2)) - 1 - hits, size - n, truth) for size in sizes
    ]
    return float(binom.sf(enough - 1, n, truth) + binom.pmf(hits, n, truth) @ np.max(later, axis=0))


def _least_hits(n: int, threshold: float, alpha: float) -> int:
    """Return the fewest hits of n that pass."""
    return bisect_left(
        range(n + 1),
        True,
        key=lambda k: p_pass(infer(samples.proportion(k=k, n=n)), threshold, "higher") <= alpha,
    )


def _retry_outcome(rng: np.random.Generator, truth: float) -> str:
    for look, k in enumerate(rng.binomial(200, truth, 5).cumsum(), start=1):
        requirement = Requirement(metric="m", at_least=truth, looks=5)
        outcome = judge(requirement, single_measurement("proportion", counts={"k": int(k), "n": 200 * look})[0]).outcome
        if outcome in ("pass", "fail"):
            return outcome
    return "inconclusive"


def tables_of_40(n: int, runs: int) -> Row:
    """Return how often 40 columns alarm without a drift, with trifles at the bound, and pass with one real drift."""
    done, rng = max(20, runs // 10), np.random.default_rng(n)
    alarms = {"same": 0, "wobble": 0, "real": 0}
    for _ in range(done):
        wobble = rng.normal(0, 0.01, 40)
        for name, shifts in (("same", np.zeros(40)), ("wobble", wobble), ("real", np.r_[0.5, wobble[1:]])):
            verdicts = [_column(rng, n, shift) for shift in shifts[: 1 if name == "real" else 40]]
            alarms[name] += verdicts[0][0] == "pass" if name == "real" else min(holm([p for _, p in verdicts])) < 0.05
    shown = [f"{alarms[name] / done:.2%}" for name in ("same", "wobble", "real")]
    return f"{n:,}", f"{done:,}", *shown, "" if max(alarms.values()) <= 0.05 * done and not alarms["real"] else "MISSED"


def _column(rng: np.random.Generator, n: int, shift: float) -> tuple[str, float]:
    edges = norm.cdf(norm.ppf(np.linspace(0, 1, 11)) - shift)
    counts = {f"reference.{i}": int(k) for i, k in enumerate(rng.multinomial(n, np.full(10, 0.1)))}
    counts |= {f"current.{i}": int(k) for i, k in enumerate(rng.multinomial(n, np.diff(edges)))}
    verdict = judge(Requirement(metric="m", at_most=0.1, looks=1), single_measurement("psi", "lower", counts)[0])
    return verdict.outcome, verdict.estimate.p_fail if verdict.estimate else 0.0
