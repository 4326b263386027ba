"""Measures how often verdicts are wrong, through the real judge, in worlds whose truth is known.

Usage: python benchmarks/error_rates.py [--runs 20000] [--quick] [--jobs 2] [--svg docs/error-rates.svg]
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from scipy.stats import binom, norm
from worlds import WORLDS, World, measured

from harness import Requirement
from harness.judge import judge
from harness.stats import holm, infer, n_needed

Row = tuple[str, ...]
EXACT, APPROXIMATE = 0.05, 0.06


def outcomes(world: World, runs: int, seed: int) -> tuple[float, float, float | None]:
    """Return how often a truth at the threshold passes, fails, and lies within the stated 95 % interval."""
    rng, requirement = np.random.default_rng(seed), world.requirement()
    found, covered = {"pass": 0, "fail": 0, "inconclusive": 0, "error": 0}, 0
    for _ in range(runs):
        measurement, baseline = world.draw(rng)
        verdict = judge(requirement, measurement, baseline)
        found[verdict.outcome] += 1
        if world.two_sided:
            lower, upper = infer(measurement.sample).bounds(0.025)
            covered += lower <= world.truth <= upper
    if found["error"]:
        raise SystemExit(f"{world.kind}, {world.cell}: {found['error']} errors; {verdict.reason}")
    return found["pass"] / runs, found["fail"] / runs, covered / runs if world.two_sided else None


def row_of(seed: int, runs: int) -> Row:
    """Return the line of the table of the world of that number."""
    world = WORLDS[seed]
    done = max(100, round(runs * world.share))
    passed, failed, covered = outcomes(world, done, seed)
    allowed = APPROXIMATE + 2 * math.sqrt(APPROXIMATE * (1 - APPROXIMATE) / done)
    missed = "" if max(passed, failed) <= allowed else "MISSED"
    shown = "" if covered is None else f"{covered:.1%}"
    return (
        world.kind,
        world.cell,
        f"{done:,}",
        f"{passed:.2%}",
        f"{failed:.2%}",
        f"{2 * passed * failed:.2%}",
        shown,
        missed,
    )


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
    return kind, cell, "all", f"{passed:.2%}", f"{failed:.2%}", f"{2 * passed * failed:.2%}", "", missed


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


def watched(runs: int) -> Iterator[Row]:
    """Yield how often 20 peeks at a canary, and five retries on pooled rows, promote at the limit or fail there."""
    rng = np.random.default_rng(7)
    for per in (100, 2000):
        requirement, done = Requirement(metric="m", at_most=0.004, looks=1), max(50, runs // 2)
        ends = [_canary(rng, requirement, 0.014, 0.01, per) for _ in range(done)]
        yield "canary, 20 peeks", f"{per} a look, at the limit", f"{done:,}", *_ended(ends)
        equal = [_canary(rng, Requirement(metric="m", at_most=0.0, looks=1), 0.01, 0.01, per) for _ in range(done)]
        yield "canary, 20 peeks", f"{per} a look, equal, no margin", f"{done:,}", *_ended(equal)
    retried = [_retried(rng, 0.8) for _ in range(max(50, runs // 2))]
    yield "recall, 5 pooled tries", "200 a try, 0.8", f"{len(retried):,}", *_ended(retried)


def _ended(ends: Sequence[str]) -> Row:
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
        outcome = judge(requirement, measured("canary", "lower", counts)[0]).outcome
        if outcome in ("pass", "fail"):
            return outcome
    return "inconclusive"


def _retried(rng: np.random.Generator, truth: float) -> str:
    for look, k in enumerate(rng.binomial(200, truth, 5).cumsum(), start=1):
        requirement = Requirement(metric="m", at_least=truth, looks=5)
        outcome = judge(requirement, measured("proportion", counts={"k": int(k), "n": 200 * look})[0]).outcome
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
    verdict = judge(Requirement(metric="m", at_most=0.1, looks=1), measured("psi", "lower", counts)[0])
    return verdict.outcome, verdict.estimate.p_fail if verdict.estimate else 0.0


def table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def drawn(rows: Sequence[Row]) -> str:
    """Return the rates at the threshold as an SVG: a dot per cell for each side, a line at 5 %."""
    height, scale = 14 * len(rows) + 40, 4000
    marks = [f'<line x1="{290 + 0.05 * scale:.0f}" x2="{290 + 0.05 * scale:.0f}" y1="20" y2="{height}" stroke="#888"/>']
    marks.append(f'<text x="{290 + 0.05 * scale - 8:.0f}" y="14">5 %</text>')
    for index, row in enumerate(rows):
        y = 32 + 14 * index
        marks.append(f'<text x="0" y="{y + 4}">{row[0]}: {row[1]}</text>')
        for text, fill in ((row[3], "#c33"), (row[4], "#36c")):
            marks.append(f'<circle cx="{290 + float(text[:-1]) / 100 * scale:.0f}" cy="{y}" r="4" fill="{fill}"/>')
    body = "\n".join(marks)
    style = 'font-family="sans-serif" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" {style}>\n{body}\n</svg>\n'


def main() -> None:
    """Print every table; write the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="1,000 runs a cell")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--svg", type=Path)
    asked = parser.parse_args()
    runs = 1000 if asked.quick else asked.runs
    head = ("kind", "cell", "runs", "passes at T", "fails at T", "contradictions", "95 % interval covers", "")
    print(table(head, counted := list(enumerated())), "\n", flush=True)
    print(table(("asked for", "threshold", "n", "good passes", "bad passes", ""), list(planned())), "\n", flush=True)
    with Pool(asked.jobs) as pool:
        simulated = pool.map(partial(row_of, runs=runs), range(len(WORLDS)), chunksize=1)
        print(table(head, simulated), "\n", flush=True)
        columns = pool.map(partial(tables_of_40, runs=runs), (1000, 10_000, 100_000, 1_000_000), chunksize=1)
    print(
        table(("rows a side", "tables", "alarms, same", "alarms, wobble", "passes, PSI .24", ""), columns),
        "\n",
        flush=True,
    )
    print(table(("watched", "cell", "runs", "passes", "fails", ""), list(watched(runs))), flush=True)
    if asked.svg:
        asked.svg.write_text(drawn([*counted[::4], *simulated]))


if __name__ == "__main__":
    main()
