"""Measures how often a gate of 12 different musts passes a good candidate at the number of rows that `plan` asks for.

Usage: python benchmarks/mixed_gate.py [--rows 6000] [--runs 1000] [--seed 1]; about 2 minutes.

All musts are measured on the same rows, in clusters. Each threshold lies so far from the truth that the plan asks for
just these rows, so that no must has rows to spare. Candidates as far on the other side of all thresholds are bad.
"""

import argparse
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from bare_runs import SUITE, bare_run
from scipy.optimize import brentq
from scipy.stats import norm
from tables import table

from harness import Measurement, Requirement, samples
from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.judging.judge import judge
from harness.judging.plans import plan
from harness.stats import infer
from harness.values.canonical import sha256
from harness.values.identity import Identity
from harness.values.verdicts import Verdict

NOW, WHO, BETTER_LOW = datetime(2026, 1, 1, tzinfo=UTC), Identity(revision="1", digest=sha256("1")), ("brier", "psi")
SHARE, APART, LIMIT = 0.15, 2.0, 1.5
Sides = tuple[Measurement, Measurement | None]


@dataclass(frozen=True, kw_only=True)
class Must:
    """What is asked of one metric, and the truth it plans for."""

    requirement: Requirement
    truth: float


def main() -> None:
    """Print what is asked, and how often the gate passes, fails and stays undecided."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    musts = plan_musts(rng, asked.rows)
    print(
        table(("must", "truth", "threshold"), [_must_row(name, must) for name, must in musts.items()]), "\n", flush=True
    )
    found, alone = Counter[str](), Counter[str]()
    for _ in range(asked.runs):
        verdicts = _judge_musts(musts, draw_metrics(rng, asked.rows))
        found[_gate_outcome(verdicts)] += 1
        alone.update(verdict.metric for verdict in verdicts if verdict.outcome != "pass")
    print(", ".join(f"{outcome} {count / asked.runs:.1%}" for outcome, count in found.most_common()))
    print("did not pass:", ", ".join(f"{name} {count / asked.runs:.2%}" for name, count in alone.most_common()))


def plan_musts(rng: np.random.Generator, rows: int) -> Mapping[str, Must]:
    """Return the musts; each threshold is put where the plan of data of this size asks for just this size."""
    large = [draw_metrics(rng, 20 * rows) for _ in range(10)]
    truths = {name: float(np.mean([_value(sides[name]) for sides in large])) for name in large[0]}
    pilots = [draw_metrics(rng, rows) for _ in range(9)]
    return {name: _plan_must(name, truth, [pilot[name] for pilot in pilots]) for name, truth in truths.items()}


def _plan_must(name: str, truth: float, pilots: Sequence[Sides]) -> Must:
    """Return the must whose n needed, by the median of some plans, is the n at hand."""

    def lacking(distance: float) -> float:
        must = _must(name, truth, distance)
        asked = [_sample_sizes(must.requirement, pilot) for pilot in pilots]
        return float(np.median([math.log(needed / n) if needed else 9.0 for needed, n in asked]))

    widest = 0.9 * (truth if name in BETTER_LOW or truth > 0.5 else 0.3)
    return _must(name, truth, brentq(lacking, 0.004, max(widest, 0.15), xtol=1e-5))


def _sample_sizes(requirement: Requirement, pilot: Sides) -> tuple[int | None, int]:
    found = plan(judge(requirement, *pilot), *pilot, musts=12)
    return found.needed, found.n


def _must(name: str, truth: float, distance: float) -> Must:
    if name == "auc against champion":
        requirement = Requirement(metric=name, versus="champion", lose_at_most=distance - truth, plan_for=truth)
    elif name in BETTER_LOW:
        requirement = Requirement(metric=name, at_most=truth + distance, plan_for=truth)
    else:
        requirement = Requirement(metric=name, at_least=truth - distance, plan_for=truth)
    return Must(requirement=requirement, truth=truth)


def _judge_musts(musts: Mapping[str, Must], sides: Mapping[str, Sides]) -> list[Verdict]:
    return [replace(judge(must.requirement, *sides[name]), step=name, check="mixed") for name, must in musts.items()]


def _gate_outcome(verdicts: Sequence[Verdict]) -> str:
    asked = GateQuestion(gate=Gate(suites=[SUITE]), candidate=WHO, stage="s", project="p", now=NOW)
    return decide(asked, [bare_run(WHO, NOW, verdicts, champion=WHO)]).outcome


def _must_row(name: str, must: Must) -> tuple[str, str, str]:
    threshold = must.requirement.sought("lower" if name in BETTER_LOW else "higher")[0]
    return name, f"{must.truth:.4f}", f"{threshold:.4f}"


def _value(sides: Sides) -> float:
    return infer(sides[0].sample, sides[1].sample if sides[1] else None).value


def draw_metrics(rng: np.random.Generator, rows: int) -> Mapping[str, Sides]:
    """Return 12 metrics measured on rows of customers with 4 rows each, 15 % positive."""
    code = np.arange(rows) // 4
    y = _alike(rng, (rng.random(rows) < SHARE) * 1.0, code)
    score, other = (_noise(rng, rows) + apart * y for apart in (APART, APART))
    alert, inside = (score > LIMIT) * 1, (code % 3 > 0) * 1
    odds = np.exp(APART * score - APART**2 / 2) * SHARE / (1 - SHARE)
    table_of = {"y": y, "score": score, "cluster.customer": code}
    hit, fine = y == 1, alert == 1
    return {
        "recall": _single_measurement("proportion", {"y": alert[hit], "cluster.customer": code[hit]}),
        "precision": _single_measurement("proportion", {"y": y[fine], "cluster.customer": code[fine]}),
        "auc": _single_measurement("auc", table_of),
        "average precision": _single_measurement("average_precision", table_of),
        "f1": _single_measurement("f1", {**table_of, "score": alert}),
        "brier": _single_measurement("brier", {**table_of, "score": odds / (1 + odds)}),
        "mean": _single_measurement("mean", {"y": np.exp(0.5 * _noise(rng, rows)), "cluster.customer": code}),
        "value": _single_measurement("value_rate", {"y": alert[hit], "score": rng.lognormal(3, 0.5, rows)[hit]}),
        "ratio": _single_measurement("ratio", {"y": alert, "reference": inside, "cluster.customer": code}),
        "gap": _single_measurement("gap", {"y": 1 - alert, "reference": inside, "cluster.customer": code}),
        "psi": _drift_measurement(rng, rows),
        "auc against champion": _measurement_pair("auc", {**table_of, "id": np.arange(rows)}, other),
    }


def _alike(rng: np.random.Generator, values: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the values with a third replaced by their customer's first."""
    return np.where(rng.random(len(code)) < 1 / 3, values[4 * code], values)


def _noise(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return normal numbers; a customer's share a fifth of their variance."""
    return math.sqrt(0.2) * rng.normal(size=rows // 4 + 1)[np.arange(rows) // 4] + math.sqrt(0.8) * rng.normal(
        size=rows
    )


def _single_measurement(statistic: str, columns: Mapping[str, object]) -> Sides:
    better = "lower" if statistic in BETTER_LOW else "higher"
    return Measurement(
        metric=statistic, better=better, sample=getattr(samples.rows, statistic)(pa.table(columns))
    ), None


def _measurement_pair(statistic: str, columns: Mapping[str, object], other: np.ndarray) -> Sides:
    return _single_measurement(statistic, columns)[0], _single_measurement(statistic, {**columns, "score": other})[0]


def _drift_measurement(rng: np.random.Generator, rows: int) -> Sides:
    shares = np.diff(norm.cdf(norm.ppf(np.linspace(0, 1, 11)) - 0.1))
    sample = samples.psi(reference=rng.multinomial(10 * rows, np.full(10, 0.1)), current=rng.multinomial(rows, shares))
    return Measurement(metric="psi", better="lower", sample=sample), None


if __name__ == "__main__":
    main()
