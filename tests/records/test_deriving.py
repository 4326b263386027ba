"""Verdicts derived again from what was recorded: the same as recorded, or the derived ones decide."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from harness.project import open_project
from harness.records.deriving import Records, derive_run
from harness.records.digests import run_digest
from harness.records.evidence_store import open_bundle
from harness.values.runs import Run
from tests.support.suites import SUITE

MANY = SUITE.replace(
    "  - {check: rows.rate, with: {column: ok}, require: {rate: ASKED}}\n",
    """  - {check: rows.rate, with: {column: ok}, by: [channel], require: {rate: [{at_least: 0.7}, {at_least: 0.9}]}}
  - {check: rows.mean, name: scores, with: {column: score}, require: {mean: {at_least: 0.3}}}
  - {check: data.volume, require: {rows: {at_least: 100}}}
""",
)


def records_of(folder: Path) -> Records:
    project = open_project()
    runs = project.ledger(None).runs()
    store = open_bundle(folder / ".harness" / "evidence")
    return Records(runs=runs, evidence_store=store, plugins=project.plugins.versions())


@pytest.fixture
def recorded(project: Path, scores: Path, harness: Command) -> Records:
    """Return the records of a suite that was run twice, on more rows the second time."""

    rows = scored_rows(1500)
    pq.write_table(rows.slice(0, 400), scores)
    (project / "s.suite.yaml").write_text(
        MANY.replace("NAME", "s")
        .replace("id: id,", "id: id, cluster: terminal,")
        .replace("{data: d}", "{data: d, model: m}")
    )
    harness("run", "s.suite.yaml")
    pq.write_table(rows, scores)
    harness("run", "s.suite.yaml")
    return records_of(project)


def test_runs_derive_to_what_was_recorded_also_at_a_second_look(recorded: Records) -> None:
    derived = [derive_run(run, recorded) for run in recorded.runs]

    assert [None, recorded.runs[0].id] == [next(iter(run.earlier or ()), None) for run in recorded.runs]
    assert any(verdict.look and verdict.look.number == 2 for verdict in recorded.runs[1].verdicts)
    assert [list(run.verdicts) for run in recorded.runs] == [list(found.run.verdicts) for found in derived]
    assert [()] * 2 == [found.differences for found in derived]
    assert [{}] * 2 == [found.lost for found in derived]


def test_a_record_of_before_is_derived_with_all_runs_before_it(recorded: Records) -> None:
    before = [replace(run, earlier=None) for run in recorded.runs]

    found = derive_run(before[1], replace(recorded, runs=before))

    assert () == found.differences


def _forge(run: Run, lower: float) -> Run:
    first = run.verdicts[0]
    assert first.estimate
    verdict = replace(first, estimate=replace(first.estimate, lower=lower))
    forged = replace(run, verdicts=(verdict, *run.verdicts[1:]))
    return replace(forged, digest=run_digest(forged))


@pytest.mark.parametrize(("moved", "differences"), [(1e-12, 0), (1e-6, 1)])
def test_bounds_agree_within_a_billionth(recorded: Records, moved: float, differences: int) -> None:
    run = recorded.runs[0]
    lower = run.verdicts[0].estimate.lower  # type: ignore[union-attr]

    found = derive_run(_forge(run, lower + moved), recorded)  # type: ignore[operator]

    assert differences == len(found.differences)
    assert () == found.versions
    assert lower == pytest.approx(found.run.verdicts[0].estimate.lower, abs=1e-11)  # type: ignore[union-attr]


def test_where_another_version_judged_the_derived_verdict_stands_and_both_are_named(recorded: Records) -> None:
    forged = _forge(recorded.runs[0], 0.99)
    other = replace(forged, environment={**forged.environment, "harness": "0.0.9"})

    found = derive_run(other, recorded)

    assert ("harness 0.0.9, now 0.1.0",) == found.versions
    assert "is recorded as" in str(found.differences[0])
    assert "and its measurement gives" in str(found.differences[0])
