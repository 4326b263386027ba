"""Error rates of verdicts on counts, exactly: every count is judged and weighted by its probability."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from scipy.stats import binom
from tables import EXACT, Row
from worlds import single_measurement

from harness import Requirement
from harness.judging.judge import judge
from harness.stats import infer, n_needed

Rates = tuple[float, float]
RARE = 1e-8  # pairs of counts rarer than this are left out: all of them together are below 0.03 %


def exact_rows() -> Iterator[Row]:
    """Yield exact error rates of counts: every count is judged and weighted by its probability."""
    for n, truth in product((20, 50, 200, 640, 2000), (0.5, 0.8, 0.95, 0.99)):
        yield _exact("proportion", f"n {n}, {truth}", *(_single(n, truth, looks) for looks in (1, 2)))
    for statistic, (n, m), rate in product(("ratio", "gap"), ((30, 300), (60, 60), (150, 150)), (0.1, 0.3, 0.8)):
        truth, own = (0.8, 0.8 * rate) if statistic == "ratio" else (-0.05, rate - 0.05)
        rates = (_pair(statistic, n, m, own, rate, truth, looks) for looks in (1, 2))
        yield _exact(statistic, f"{n} against {m}, {rate}", *rates)


def _single(n: int, truth: float, looks: int) -> Rates:
    verdicts = [_count(k, n, truth, looks) for k in range(n + 1)]
    return _chance(verdicts, n, truth, "pass"), _chance(verdicts, n, truth, "fail")


def _count(k: int, n: int, truth: float, looks: int = 1) -> str:
    requirement = Requirement(metric="m", at_least=truth, looks=looks)
    return judge(requirement, single_measurement("proportion", counts={"k": k, "n": n})[0]).outcome


def _chance(verdicts: Sequence[str], n: int, truth: float, outcome: str) -> float:
    return float(binom.pmf(np.arange(n + 1), n, truth)[np.array(verdicts) == outcome].sum())


def _pair(statistic: str, n: int, m: int, own: float, rate: float, truth: float, looks: int) -> Rates:
    chance = np.outer(binom.pmf(np.arange(n + 1), n, own), binom.pmf(np.arange(m + 1), m, rate))
    requirement, found = Requirement(metric="m", at_least=truth, looks=looks), {"pass": 0.0, "fail": 0.0}
    for k, k_ref in np.argwhere(chance > RARE):
        counts = {"k": int(k), "n": n, "k_ref": int(k_ref), "n_ref": m}
        outcome = judge(requirement, single_measurement(statistic, counts=counts)[0]).outcome
        if outcome in found:
            found[outcome] += float(chance[k, k_ref])
    return found["pass"], found["fail"]


def _exact(kind: str, cell: str, once: Rates, twice: Rates) -> Row:
    missed = "" if max(once) <= EXACT + 1e-9 else "MISSED"
    shares = (*once, 2 * once[0] * once[1], 2 * twice[0] * twice[1])
    return kind, cell, "all", *(f"{share:.2%}" for share in shares), "", missed


def plan_rows() -> Iterator[Row]:
    """Yield, exactly, what happens at the n that was asked for: good truths, and bad ones as far below."""
    start = infer(single_measurement("proportion", counts={"k": 80, "n": 100})[0].sample)
    for threshold, distance in ((0.8, 0.1), (0.8, 0.05), (0.9, 0.05), (0.95, 0.02), (0.5, 0.05)):
        for name, beta, times in (("one must", 0.05, 1), ("12 musts", 0.05 / 12, 12)):
            n = n_needed(start, threshold, threshold + distance, beta=beta) or 0
            verdicts = [_count(k, n, threshold) for k in range(n + 1)]
            good = _chance(verdicts, n, threshold + distance, "pass") ** times
            bad = _chance(verdicts, n, threshold - distance, "pass")
            missed = "" if good >= 0.945 and bad <= 0.001 else "MISSED"
            yield name, f"{threshold} +- {distance}", f"{n:,}", f"{good:.2%}", f"{bad:.4%}", missed
