"""Error rates of verdicts on counts, exactly: every count is judged and weighted by its probability."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from scipy.stats import binom
from tables import EXACT, Row
from worlds import measured

from harness import Requirement
from harness.judge import judge
from harness.stats import infer, n_needed


def enumerated() -> Iterator[Row]:
    """Yield exact error rates of counts: every count is judged and weighted by its probability."""
    for n, truth in product((20, 50, 200, 640, 2000), (0.5, 0.8, 0.95, 0.99)):
        verdicts = [_count(k, n, truth) for k in range(n + 1)]
        passed, failed = (_chance(verdicts, n, truth, outcome) for outcome in ("pass", "fail"))
        yield _exact("proportion", f"n {n}, {truth}", passed, failed)
    for statistic, (n, m), rate in product(("ratio", "gap"), ((30, 300), (60, 60), (150, 150)), (0.1, 0.3, 0.8)):
        truth, own = (0.8, 0.8 * rate) if statistic == "ratio" else (-0.05, rate - 0.05)
        yield _exact(statistic, f"{n} against {m}, {rate}", *_pair(statistic, n, m, own, rate, truth))


def _count(k: int, n: int, truth: float) -> str:
    return judge(
        Requirement(metric="m", at_least=truth, looks=1), measured("proportion", counts={"k": k, "n": n})[0]
    ).outcome


def _chance(verdicts: Sequence[str], n: int, truth: float, outcome: str) -> float:
    return float(binom.pmf(np.arange(n + 1), n, truth)[np.array(verdicts) == outcome].sum())


def _pair(statistic: str, n: int, m: int, own: float, rate: float, truth: float) -> tuple[float, float]:
    chance = np.outer(binom.pmf(np.arange(n + 1), n, own), binom.pmf(np.arange(m + 1), m, rate))
    requirement, found = Requirement(metric="m", at_least=truth, looks=1), {"pass": 0.0, "fail": 0.0}
    for k, k_ref in np.argwhere(chance > 1e-6):
        counts = {"k": int(k), "n": n, "k_ref": int(k_ref), "n_ref": m}
        outcome = judge(requirement, measured(statistic, counts=counts)[0]).outcome
        if outcome in found:
            found[outcome] += float(chance[k, k_ref])
    return found["pass"], found["fail"]


def _exact(kind: str, cell: str, passed: float, failed: float) -> Row:
    missed = "" if max(passed, failed) <= EXACT + 1e-9 else "MISSED"
    return kind, cell, "all", f"{passed:.2%}", f"{failed:.2%}", f"{2 * passed * failed:.2%}", "", "", missed


def planned() -> Iterator[Row]:
    """Yield, exactly, what happens at the n that was asked for: good truths, and bad ones as far below."""
    start = infer(measured("proportion", counts={"k": 80, "n": 100})[0].sample)
    for threshold, distance in ((0.8, 0.1), (0.8, 0.05), (0.9, 0.05), (0.95, 0.02), (0.5, 0.05)):
        for name, beta, times in (("one must", 0.05, 1), ("12 musts", 0.05 / 12, 12)):
            n = n_needed(start, threshold, threshold + distance, beta=beta) or 0
            verdicts = [_count(k, n, threshold) for k in range(n + 1)]
            good = _chance(verdicts, n, threshold + distance, "pass") ** times
            bad = _chance(verdicts, n, threshold - distance, "pass")
            missed = "" if good >= 0.945 and bad <= 0.001 else "MISSED"
            yield name, f"{threshold} +- {distance}", f"{n:,}", f"{good:.2%}", f"{bad:.4%}", missed
