"""Waiting events become one pipeline, and degradations act within their limits."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from harness_ci.dispatching import refuse_retrain
from harness_ci.events import Event
from harness_ci.pipelines import Stage, TargetPipeline, read_pipelines
from harness_ci.planning import KINDS, Plan, plan_pipeline
from harness_ci.steps import Places, Stages
from harness_ci.store import Pipeline, Store

from harness import UsageError
from harness.values.runs import TRIGGERS

FILE = """project: shop
ledger: sqlite:///l.db
signers: {runs: file:a, promotions: file:b}
targets:
  shop:
    repository: {url: forge.git}
    stages: {ci: {gate: ci}, ct: {gate: ct}, cd: {gate: production, promote: true}}
    on: {code: [ci, ct, cd], data: [ct, cd], degradation: DEGRADATION}
    retrains: {at_most: 2, per: 7d, cool_down: 1h}
"""
CANARY = (
    "{prometheus: 'http://127.0.0.1:9', metric: requests_total, arm: {label: digest}, lose_at_most: 0.01, "
    "hit: {label: status, matches: '5..'}, split: [sh, split.sh]}"
)
PUSH = Event(key="a", kind="code", target="shop", subject="push", revision="1" * 40)
DATA = Event(key="b", kind="data", target="shop", subject="new data")
ALERT = Event(key="c", kind="degradation", target="shop", subject="recall low")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pipelines.yaml"


def target(file: Path, degradation: str = "notify") -> TargetPipeline:
    file.write_text(FILE.replace("DEGRADATION", degradation))
    return read_pipelines(file).targets["shop"]


def test_events_that_waited_become_one_pipeline_of_all_their_stages(file: Path) -> None:
    late = replace(PUSH, key="d", revision="2" * 40)

    plan = plan_pipeline([DATA, PUSH, late], target(file), None)

    assert (plan.stages, plan.revision) == (("ci", "ct", "cd"), "2" * 40)


def test_new_data_lead_through_their_stages_alone(file: Path) -> None:
    assert ("ct", "cd") == plan_pipeline([DATA], target(file), None).stages


def test_a_pull_request_leads_through_the_first_stage_alone(file: Path) -> None:
    pull = replace(PUSH, pull=3, fork=True)

    plan = plan_pipeline([pull], target(file), None)

    assert (plan.stages, plan.fork, pull.lane) == (("ci",), True, "shop#3")


@pytest.mark.parametrize(
    ("degradation", "stages", "rollback"),
    [("notify", (), False), ("rollback", (), True), ("[ct, cd]", ("ct", "cd"), False)],
)
def test_a_degradation_tells_the_owner_and_does_what_was_opted_in(
    file: Path, degradation: str, stages: tuple[str, ...], rollback: bool
) -> None:
    plan = plan_pipeline([ALERT], target(file, degradation), None)

    assert (plan.notify, plan.stages, plan.rollback) == (("recall low",), stages, rollback)


def test_a_degradation_only_tells_while_another_cools_down(file: Path) -> None:
    retrained = plan_pipeline([ALERT], target(file, "[ct, cd]"), None)
    made = Pipeline(
        id="p", target="shop", lane="shop", plan=retrained, state="passed", reason="", attempt=1, version="1", begun=0,
        ends_by=9, ended=1, head="", approved=(),
    )  # fmt: skip
    hour, week = 3600, timedelta(days=7).total_seconds()
    asked = target(file, "[ct, cd]")

    assert "within 1:00:00" in str(refuse_retrain([made], asked, hour - 1))
    assert refuse_retrain([made], asked, hour) is None
    assert "2 pipelines answered" in str(refuse_retrain([made, made], asked, hour))
    assert refuse_retrain([made, made], asked, week) is None
    refused = plan_pipeline([ALERT], asked, "only told: x")
    assert (refused.stages, refused.notes) == ((), ("only told: x",))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("stages: {", "stages: {x: {gates: ci}, "),
        ("at_most: 2", "at_most: 0"),
        ("sqlite:///l.db", "postgresql+psycopg://ledger/l"),
        ("per: 7d", "per: 7"),
        ("[ci, ct, cd]", "[ci, tc]"),
        ("signers: {runs: file:a, promotions: file:b}\n", ""),
        ("ct: {gate: ct}", "ct: {gate: ct, canary: CANARY}"),
        ("production, promote: true", "production, promote: true, canary: {weights: [5]}"),
        ("repository:", "watch: {d: {path: d}}\n    env: [1]\n    repository:"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(file: Path, wrong: str, message: str) -> None:
    text = FILE.replace("DEGRADATION", "notify")
    assert wrong in text
    file.write_text(text.replace(wrong, message, 1).replace("CANARY", CANARY))

    with pytest.raises(UsageError, match=r"pipelines\.yaml"):
        read_pipelines(file)


def test_a_canary_leads_traffic_where_its_stage_promotes(file: Path) -> None:
    text = FILE.replace("DEGRADATION", "notify").replace("promote: true", f"promote: true, canary: {CANARY}")
    file.write_text(text)

    found = read_pipelines(file).targets["shop"].stages["cd"].canary

    assert found is not None
    assert ((5, 10), "digest") == (found.weights, found.arm.holds)
    file.write_text(text.replace("retrains:", "deadline: 2h\n    retrains:"))
    with pytest.raises(UsageError, match="as long as `deadline`"):
        read_pipelines(file)


def test_suites_of_every_kind_of_pipeline_run_by_a_trigger_that_runs_know(file: Path, tmp_path: Path) -> None:
    asked = target(file)
    stages = Stages(file=read_pipelines(file), target=asked, root=tmp_path)
    stage, places = Stage(gate="ci", suites=("s.suite.yaml",)), Places(pipeline="p", folder=tmp_path)

    for kind in set(KINDS) - {"undo"}:  # which runs no suite
        (job,) = stages.candidate_jobs("ci", stage, Plan(kind=kind), places)
        assert job.argv[job.argv.index("--trigger") + 1] in TRIGGERS


def test_what_was_deployed_and_not_promoted_is_undone_before_all_that_waits(file: Path) -> None:
    undo = Event(key="undo:p:cd", kind="undo", target="shop", subject="cd")

    plan = plan_pipeline([PUSH, undo], target(file), None)

    assert (plan.kind, plan.undo, plan.stages) == ("code", ("cd",), ("ci", "ct", "cd"))
    assert ("undo", ()) == ((alone := plan_pipeline([undo], target(file), None)).kind, alone.stages)


def test_an_event_is_kept_once_and_a_lane_runs_one_pipeline(tmp_path: Path, file: Path) -> None:
    store, asked = Store(f"sqlite:///{tmp_path / 'c.db'}"), target(file)

    def begin(now: float) -> Pipeline | None:
        return store.begin_pipeline(
            "shop", lambda events: plan_pipeline(events, asked, None), version="1", now=now, deadline=60
        )

    assert [store.add_event(PUSH, 1), store.add_event(PUSH, 2)] == [True, False]
    first = begin(3)
    store.add_event(DATA, 4)
    assert first is not None
    assert begin(5) is None
    assert [] == store.lanes_waiting()
    store.change(first.id, state="passed", ended=6.0)
    second = begin(7)

    assert second is not None
    assert ("ct", "cd") == second.plan.stages
    assert not store.change(first.id, state="failed")
