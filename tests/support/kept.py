"""Writes records as this version keeps them: python tests/support/kept.py; never again once their version is released.

What is kept here stands for what lies in ledgers: later versions must read it, and find the same digest.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.gating.decide import GateQuestion, decide
from harness.gating.gates import Gate
from harness.gating.waivers import Waiver
from harness.judging.judge import judge_requirements, read_together
from harness.judging.looks import Earlier
from harness.records.digests import decision_digest, fields_digest
from harness.records.runs import as_json, decision_as_json
from harness.values.canonical import canonical_pretty
from harness.values.cost import Cost
from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.measurements import CrossCheck, Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Data, Run
from harness.values.samples import Sample
from harness.values.versions import RECORD_VERSION
from tests.support.digests import digest_of

FOLDER = Path(__file__).parents[1] / "records" / "kept"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Identity(revision="models:/fraud/7", digest=digest_of("fraud 7"), parts={"name": "fraud", "version": "7"})
OLD = Identity(revision="models:/fraud/6", digest=digest_of("fraud 6"))
ASKED = (
    Requirement(metric="recall", at_least=0.7, plan_for=0.8, where={"channel": "web"}),
    Requirement(metric="recall", versus="champion", lose_at_most=0.05, where="overall"),
    Requirement(metric="loss", at_most=0.3),
    Requirement(metric="psi", at_most=0.2),
)


def _rows(first: int, caught: int, missed: int) -> pa.Table:
    return pa.table({"id": range(first, first + caught + missed), "y": [1.0] * caught + [0.0] * missed})


def _measured(metric: str, rows: pa.Table | None = None, **changes: Any) -> Measurement:
    digest = f"rows:{digest_of(str(rows.to_pydict()))}" if rows else None
    sample = Sample(
        statistic="proportion", rows=rows, digest=digest, file=digest_of("a file") if rows else None, of=metric
    )
    made = Measurement(metric=metric, sample=sample, unit="frauds", event="caught", step="quality", check="quality.all")
    return replace(made, **changes)


def _measurements(first: int) -> tuple[Measurement, ...]:
    """Return a metric as a whole, of a slice and of the champion, one beside others, and one that failed."""
    beside = CrossCheck(
        own="pass", beside="quality.all", then="error", says="a part of the check could not be measured"
    )
    counts = Sample(statistic="psi", counts=_counted({"a": 500, "b": 500}, {"a": 480, "b": 520}))
    return (
        _measured("recall", _rows(first, 340, 60), readings=(beside,)),
        _measured("recall", _rows(first, 145, 55), labels={"channel": "web"}),
        _measured("recall", _rows(first, 330, 70), target="champion"),
        _measured("psi", sample=counts, better="lower", unit="rows", event="", evidence={"bins": "2"}),
        _measured("loss", sample=Sample(statistic="brier"), better="lower", failure="scores are not between 0 and 1"),
    )


def _counted(reference: Mapping[str, int], current: Mapping[str, int]) -> Mapping[str, float]:
    found = {f"reference.{name}": count for name, count in reference.items()}
    return {**found, **{f"current.{name}": count for name, count in current.items()}}


def _run(measurements: tuple[Measurement, ...], earlier: tuple[Earlier, ...], at: datetime) -> Run:
    judged = judge_requirements(ASKED, measurements, "quality", "quality.all", earlier=earlier)
    record = partial(
        Run,
        record_version=RECORD_VERSION,
        id=f"{at:%y%m%d}c2d7b3",
        project="retail-fraud",
        suite="card-fraud",
        suite_digest=digest_of("card-fraud"),
        candidate=WHO,
        baselines={"champion": OLD, "shadow": None},
        verdicts=tuple(read_together(judged, measurements)),
        measurements=measurements,
        datasets={
            "matured": Data(
                uri="matured.parquet",
                digest=f"content:{digest_of('rows')}",
                rows=400,
                filters=("at least 30 days old",),
                latest=at - timedelta(days=30),
                provenance=("feast:payments@3",),
            )
        },
        plugins={"quality": "harness-quality 0.1.0"},
        environment={"python": "3.12.1"},
        params={"model": "models:/fraud/7", "depth": 3, "rate": 1.0, "strict": True},
        seed=7,
        as_of=at,
        started=at,
        finished=at + timedelta(seconds=4),
        cost=Cost(seconds=3.25),
    )
    return record(digest=fields_digest(Run, record.keywords))


def recorded_run() -> Run:
    """Return the second look at a candidate: slices, a baseline, joined rows, and a part that failed."""
    before = _measurements(1)
    first = _run(before, (), NOW - timedelta(days=9))
    rows = {str(each.sample.digest): each.sample.rows for each in before if each.sample.rows is not None}
    return _run(_measurements(1001), (Earlier(run=first, rows=rows),), NOW)


def recorded_decision(run: Run) -> GateDecision:
    """Return what a gate says of the run: an error, and one requirement waived."""
    waiver = Waiver(
        suite="card-fraud",
        step="quality",
        metric="recall",
        labels={"channel": "web"},
        asked={"at_least": 0.7},
        candidate=str(WHO.digest),
        owner="model-risk@example.org",
        reason="rows come slowly",
        expires=NOW + timedelta(days=30),
    )
    gate = Gate(suites=["card-fraud"], run_max_age=timedelta(hours=24), first_promotion="allow")
    return decide(
        GateQuestion(
            gate=gate, candidate=WHO, stage="staging", project="retail-fraud", now=run.finished, waivers=[waiver]
        ),
        [run],
    )


def kept_records() -> Mapping[str, Mapping[str, Any]]:
    """Return each record with its digest, by the name of its file."""
    run = recorded_run()
    decision = recorded_decision(run)
    return {
        "run": {"digest": run.digest, "record": as_json(run)},
        "decision": {"digest": decision_digest(decision), "record": decision_as_json(decision)},
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, kept in kept_records().items():
        (FOLDER / f"{name}.json").write_text(canonical_pretty(kept))
