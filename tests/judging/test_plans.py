"""What the rows at hand can decide, and how many it takes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Command
from harness import samples
from harness.judging.judge import judge
from harness.judging.plans import Plan, plan
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from tests.support.suites import suite

PAID = """name: s
data: {d: {source: rows.parquet, id: id}}
target: {kind: table, config: {data: d}}
steps:
  - {check: rows.mean, with: {column: paid, better: lower}, require: {mean: {at_most: 2, plan_for: 1.65}}}
"""
ASKED = Requirement(metric="recall", at_least=0.75, plan_for=0.80)


def measured(k: int, n: int) -> Measurement:
    return Measurement(metric="recall", sample=samples.proportion(k=k, n=n), unit="frauds")


def in_rows(values: np.ndarray, statistic: str = "proportion", **columns: object) -> Measurement:
    rows = pa.table({"id": range(len(values)), "y": values.astype(float), **columns})
    return Measurement(metric="recall", sample=Sample(statistic=statistic, rows=rows))


def planned(measurement: Measurement, musts: int = 1, **asked: object) -> Plan:
    requirement = replace(ASKED, **asked)  # type: ignore[arg-type]
    return plan(judge(requirement, measurement), measurement, None, musts)


def test_the_chance_to_stall_is_that_of_the_judge() -> None:
    chance = np.random.default_rng(5)
    draws = [judge(ASKED, measured(int(k), 214)).outcome for k in chance.binomial(214, 0.80, 4000)]

    found = planned(measured(171, 214)).stalls

    assert found == pytest.approx(draws.count("inconclusive") / 4000, abs=0.03)


def test_what_is_needed_decides_and_what_is_there_does_not() -> None:
    found = planned(measured(171, 214))

    assert found.needed is not None
    enough = planned(measured(round(0.8 * found.needed), found.needed))
    assert 0.4 < (found.stalls or 0)
    assert (enough.stalls or 0) <= 0.06


def test_twelve_musts_need_more_each_so_that_all_pass_together() -> None:
    one, twelve = (planned(measured(171, 214), musts, looks=1).needed for musts in (1, 12))

    assert one is not None
    assert twelve is not None
    assert 1.6 < twelve / one < 1.9


@pytest.mark.parametrize("looks", [1, 2])
def test_rows_at_hand_decide_what_is_far_enough_from_the_threshold(looks: int) -> None:
    found = planned(measured(171, 214), looks=looks)
    chance = np.random.default_rng(6)

    assert found.passes_from is not None
    assert found.fails_from is not None
    for truth, outcome in ((found.passes_from, "pass"), (found.fails_from, "fail")):
        hits = chance.binomial(214, truth, 2000)
        share = sum(judge(replace(ASKED, looks=looks), measured(int(k), 214)).outcome == outcome for k in hits) / 2000
        assert 0.93 < share < 0.97


@pytest.mark.parametrize(("k", "n", "possible"), [(0, 100, False), (3, 100, False), (3, 1000, True)])
def test_nothing_of_a_hundred_is_too_few_to_show_one_percent(k: int, n: int, possible: bool) -> None:
    asked = Requirement(metric="leaks", at_most=0.01)
    leaks = replace(measured(k, n), better="lower")

    assert possible == plan(judge(asked, leaks), leaks, None, 1).possible


def test_rows_in_few_groups_cannot_show_what_as_many_alone_could() -> None:
    good = np.ones(400)
    grouped = {"cluster.terminal": np.arange(400) // 40}

    alone, together = (planned(in_rows(good, **columns), at_least=0.95, plan_for=0.99) for columns in ({}, grouped))

    assert (True, False) == (alone.possible, together.possible)


def test_a_perfect_ranking_of_few_rows_may_be_too_few() -> None:
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0])

    found = planned(in_rows(y, "auc", score=y * 0.5), at_least=0.95, plan_for=0.99)

    assert not found.possible


def test_means_are_planned_by_how_widely_they_scatter() -> None:
    values = np.random.default_rng(1).normal(10, 2, 400)
    found = planned(in_rows(values, "mean"), at_least=9.5, plan_for=10.0)

    assert found.needed is not None
    assert 150 < found.needed < 250
    assert found.passes_from == pytest.approx(9.5 + (1.96 + 1.645) * 0.1, abs=0.03)
    assert (found.stalls or 0) < 0.02


@pytest.mark.parametrize(("rows", "off"), [(800, 0.0), (1500, 0.04), (3000, 0.05)])
def test_the_reach_of_a_distance_knows_that_noise_adds_to_it(rows: int, off: float) -> None:
    chance = np.random.default_rng(4)

    def drifted(by: float) -> Measurement:
        shares = np.r_[np.full(5, 0.1 - by / 5), np.full(5, 0.1 + by / 5)]
        sides = {"reference": chance.multinomial(5000, np.full(10, 0.1)), "current": chance.multinomial(rows, shares)}
        return Measurement(metric="recall", better="lower", sample=samples.ks(**sides))

    asked = Requirement(metric="recall", at_most=0.1)
    reaches = [plan(judge(asked, seen), seen, None, 1).passes_from for seen in (drifted(0.0) for _ in range(5))]
    told = [reach for reach in reaches if reach is not None]
    passed = [judge(asked, drifted(reach)).outcome == "pass" for reach in told for _ in range(60)]

    assert told
    assert off <= min(told)
    assert np.mean(passed) >= 0.9


def test_without_a_plan_nothing_is_needed_but_the_reach_is_told() -> None:
    found = planned(measured(171, 214), plan_for=None)

    assert (None, None) == (found.needed, found.stalls)
    assert found.passes_from is not None


@pytest.mark.usefixtures("scores")
def test_the_command_measures_judges_nothing_and_records_nothing(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.75, plan_for: 0.8}")

    done = harness("plan", path)

    assert 0 == done.code
    assert done.out.startswith("The checks were run to see what is there; nothing was judged or recorded.")
    assert "  rate: at least 75 % was asked, planned for 80 %\n    there     400 rows\n    needed    about " in done.out
    assert "of 100 such candidates end undecided on what is there" in done.out
    assert "time: not known, this suite was not run yet" in done.out
    assert "" == harness("runs", "list").out
    assert not (project / ".harness" / "evidence").exists()


@pytest.mark.usefixtures("scores")
def test_the_command_tells_the_time_of_the_last_run(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.75, plan_for: 0.8}")
    harness("run", path)

    assert "time: the last run took " in harness("plan", path).out


@pytest.mark.usefixtures("scores")
@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ("{at_least: 0.999}", 4, "cannot    pass at all: even if every one were good"),
        ("{at_least: 0.999, severity: should}", 0, "cannot    pass at all"),
        ("{at_least: 0.7, where: {channel: fax}}", 3, "error     no 'rate' where"),
        ("{at_least: 0.8, plan_for: 0.7}", 4, "plan_for 0.7 is not more than the 0.8 that is asked"),
    ],
)
def test_a_must_that_cannot_pass_is_refused(
    project: Path, harness: Command, asked: str, code: int, message: str
) -> None:
    done = harness("plan", suite(project, asked))

    assert (code, True) == (done.code, message in done.out + done.err)


@pytest.mark.usefixtures("scores")
def test_plans_for_machines(project: Path, harness: Command) -> None:
    (found,) = json.loads(harness("plan", suite(project, "{at_least: 0.75, plan_for: 0.8}"), "--json").out)

    (one,) = found["plans"]
    assert ("s", 400, 0.8, True) == (found["suite"], one["n"], one["truth"], one["possible"])
    assert one["needed"] > 400
    assert "estimate" not in one


def test_a_pilot_that_does_not_tell_how_values_scatter_is_asked_to_grow(project: Path, harness: Command) -> None:
    paid = np.random.default_rng(3).lognormal(0, 1, 400)
    pq.write_table(pa.table({"id": range(400), "paid": paid}), project / "rows.parquet")
    (project / "s.suite.yaml").write_text(PAID)

    done = harness("plan", "s.suite.yaml")

    expected = "needed    not known: the 400 rows there do not tell how far values scatter; measure about "
    assert (0, True) == (done.code, expected in done.out), done.out + done.err
    (found,) = json.loads(harness("plan", "s.suite.yaml", "--json").out)
    assert (None, True) == (found["plans"][0]["needed"], found["plans"][0]["pilot"] > 400)


@pytest.mark.parametrize(("rows", "may_hide"), [(100, True), (400, False)])
def test_a_plan_from_few_values_without_limits_says_that_a_tail_may_not_show(
    project: Path, harness: Command, rows: int, may_hide: bool
) -> None:
    paid = np.random.default_rng(3).normal(1.6, 1, rows)
    pq.write_table(pa.table({"id": range(rows), "paid": paid}), project / "rows.parquet")
    (project / "s.suite.yaml").write_text(PAID)

    said = harness("plan", "s.suite.yaml").out
    (found,) = json.loads(harness("plan", "s.suite.yaml", "--json").out)

    assert may_hide == (f"more if values have a long tail, of which {rows} may show none" in said), said
    assert may_hide == found["plans"][0]["may_hide_tail"]
