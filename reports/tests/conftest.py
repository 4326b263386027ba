"""Runs to report: the values a suite would leave, made without one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harness import (
    Cost,
    Data,
    Estimate,
    GateDecision,
    GateFinding,
    GateOutcome,
    Identity,
    Outcome,
    Requirement,
    Run,
    Verdict,
)

MakeVerdict = Callable[..., Verdict]
MakeRun = Callable[..., Run]
MakeDecision = Callable[..., GateDecision]
MOMENT = datetime(2026, 3, 1, 12, 5, 9, tzinfo=UTC)


@pytest.fixture
def verdict() -> MakeVerdict:
    """Make a verdict on recall; keywords change it, those of its requirement go into the requirement."""
    seen = Estimate(
        value=0.8, lower=0.74, upper=0.85, level=0.975, n=204, n_eff=204, method="Clopper-Pearson", hits=163
    )

    def made(outcome: Outcome = "pass", estimate: Estimate | None = seen, **changes: Any) -> Verdict:
        asked = {key: changes.pop(key) for key in list(changes) if key in Requirement.__dataclass_fields__}
        metric = str(asked.pop("metric", "recall"))
        named = {"at_least", "at_most", "lose_at_most", "gain_at_least"} & set(asked)
        requirement = Requirement(**{"metric": metric, **({} if named else {"at_least": 0.7}), **asked})
        plain = Verdict(
            check="quality.classifier",
            step="quality.classifier",
            metric=metric,
            outcome=outcome,
            reason="at least 74 %; at least 70 % was asked",
            requirement=requirement,
            estimate=estimate,
            statistic="proportion",
            unit="frauds",
            event="caught",
        )
        return replace(plain, **changes)

    return made


@pytest.fixture
def run() -> MakeRun:
    """Make a run of verdicts; keywords change it."""

    def made(*verdicts: Verdict, **changes: Any) -> Run:
        plain = Run(
            id="e7c5b255bf82",
            digest="sha256:" + "ab12" * 16,
            project="cards",
            suite="card-fraud",
            suite_digest="sha256:" + "cd34" * 16,
            candidate=Identity(revision="fraud 14", digest="sha256:" + "9f" * 32),
            verdicts=verdicts,
            measurements=(),
            baselines={"champion": Identity(revision="fraud 13"), "shadow": None},
            datasets={"matured": Data(uri="scores.parquet", digest="sha256:5a", rows=41233, filters=("30 days",))},
            plugins={"quality": "promotion-harness-quality 0.1.0"},
            environment={"python": "3.11.9"},
            params={"candidate": "14"},
            as_of=MOMENT,
            started=MOMENT,
            finished=MOMENT,
            cost=Cost(seconds=12.3),
        )
        return replace(plain, **changes)

    return made


@pytest.fixture
def decision() -> MakeDecision:
    """Make a gate's decision on the run; keywords change it."""

    def made(outcome: GateOutcome = "fail", **changes: Any) -> GateDecision:
        plain = GateDecision(
            project="cards",
            gate="production",
            candidate=Identity(revision="fraud 14", digest="sha256:" + "9f" * 32),
            outcome=outcome,
            findings=(
                GateFinding(
                    outcome="fail", suite="card-fraud", reason="recall: at most 62.8 %; at least 70 % was asked"
                ),
            ),
            gate_digest="sha256:" + "ef56" * 16,
            runs={"card-fraud": "sha256:" + "ab12" * 16},
            suites={"card-fraud": "sha256:" + "cd34" * 16},
            datasets={"card-fraud": {"matured": "sha256:5a"}},
            plugins={"card-fraud": {"quality": "promotion-harness-quality 0.1.0"}},
            decided=MOMENT,
            blocks=outcome in ("fail", "error"),
        )
        return replace(plain, **changes)

    return made
