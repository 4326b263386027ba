"""What a clock and DVC's files start, and who is promoted is examined again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from harness_ci.checkouts import Repositories
from harness_ci.events import Event
from harness_ci.pipelines import TargetPipeline, read_pipelines
from harness_ci.planning import Plan, plan_pipeline
from harness_ci.steps import Places, Stages
from harness_ci.store import Store
from harness_ci.triggers.dvc import digest_dvc
from harness_ci.triggers.watching import Watch, digest_path

from ci.tests.plant import PIPELINES, Plant
from harness import HarnessError, UsageError

EXAMINES = PIPELINES.replace(
    "    watch: {rows: {path: data/rows.parquet, every: 1s}}\n",
    """
    schedule:
      yearly: {cron: "0 0 1 1 *", stages: [again]}
""",
).replace("      ct:\n", "      again: {suites: [s.suite.yaml], gate: watched, examines: ct}\n      ct:\n")
DVC = """outs:
- md5: 22a1a2931c8370d3aeedd7183606fd7f
  size: 14445097
  hash: md5
  path: payments.parquet
"""
LOCK = """schema: '2.0'
stages:
  features:
    cmd: python features.py
    deps:
    - path: payments.parquet
      hash: md5
      md5: 22a1a2931c8370d3aeedd7183606fd7f
      size: 14445097
    outs:
    - path: features
      hash: md5
      md5: 0f7d3b1f1f6f35a3ae3e1f2c4fd8ca2a.dir
      size: 100
      nfiles: 2
"""


def target(folder: Path, text: str = EXAMINES) -> TargetPipeline:
    (folder / "p.yaml").write_text(text)
    return read_pipelines(folder / "p.yaml").targets["shop"]


def test_a_clock_starts_once_for_all_moments_that_came_while_nobody_looked(tmp_path: Path) -> None:
    taken: list[Event] = []
    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    watch = Watch(store, Repositories(folder=tmp_path, root=tmp_path), tmp_path, taken.append)

    counts = []
    for year in (2026, 2026, 2027, 2027, 2030, 2029):  # it is new; it came; others came; the clock was put back
        watch.look_at_clock("shop", "yearly", target(tmp_path), datetime(year, 6, 1, tzinfo=UTC))
        counts.append(len(taken))

    assert [0, 0, 1, 1, 2, 2] == counts
    assert {("schedule", "yearly")} == {(each.kind, each.subject) for each in taken}
    assert taken[1].key.endswith("2030-01-01T00:00:00+00:00")


def test_a_moment_leads_through_the_stages_of_its_schedule(tmp_path: Path) -> None:
    came = Event(key="k", kind="schedule", target="shop", subject="yearly")

    plan = plan_pipeline([came], target(tmp_path), None)

    assert ("schedule", ("again",)) == (plan.kind, plan.stages)


@pytest.mark.parametrize("cron", ["61 * * * *", "@daily", "0 0 30 2 *", "* * * * * *", "now", ""])
def test_a_schedule_that_is_none_or_never_comes_is_refused(tmp_path: Path, cron: str) -> None:
    with pytest.raises(UsageError, match="cron"):
        target(tmp_path, EXAMINES.replace("0 0 1 1 *", cron))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("examines: ct", "examines: ci"), ("stages: [again]", "stages: [never]"), ("[ci, ct]", "[again, ct]")],
)
def test_what_examines_nobody_or_runs_no_stage_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=r"p\.yaml"):
        target(tmp_path, EXAMINES.replace(right, wrong, 1))


def test_a_suite_that_examines_is_scheduled_and_one_of_a_fork_calls_no_model(tmp_path: Path) -> None:
    file = target(tmp_path) and read_pipelines(tmp_path / "p.yaml")
    stages, places = (
        Stages(file=file, target=file.targets["shop"], root=tmp_path),
        Places(pipeline="p", folder=tmp_path),
    )

    def words(stage: str, plan: Plan) -> str:
        return " ".join(list(stages.candidate_jobs(stage, file.targets["shop"].stages[stage], plan, places))[-1].argv)

    assert "--trigger schedule" in words("again", Plan(kind="schedule"))
    assert "--trigger manual" in words("ct", Plan(kind="schedule"))
    assert "--replay strict" in words("ci", Plan(kind="code", pull=1, fork=True))
    assert "--replay" not in words("ci", Plan(kind="code", pull=1)) + words("ct", Plan(kind="code"))


def test_data_of_dvc_are_those_that_its_file_stands_for_however_it_is_written(tmp_path: Path) -> None:
    file, lock = tmp_path / "payments.parquet.dvc", tmp_path / "dvc.lock"
    file.write_text(DVC)
    lock.write_text(LOCK)
    first, locked = digest_path(file), digest_path(lock)
    file.write_text("# by hand\n" + DVC.replace("  size: 14445097\n", ""))
    lock.write_text(LOCK.replace("python features.py", "python -O features.py"))

    assert (first, locked) == (digest_path(file), digest_path(lock))

    file.write_text(DVC.replace("22a1", "22a2"))
    lock.write_text(LOCK.replace("0f7d", "0f7e"))

    assert {first, locked}.isdisjoint({digest_path(file), digest_path(lock)})


@pytest.mark.parametrize(
    "text", ["", "[]", "outs: []", "outs: [1]", "outs: [{path: a}]", "outs: [{md5: 3, path: a}]", "a: [", "deps: []"]
)
def test_a_file_of_dvc_that_names_no_data_starts_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.dvc"
    file.write_text(text)

    assert digest_path(file) is None
    with pytest.raises(HarnessError, match=r"a\.dvc"):
        digest_dvc(file)


@pytest.mark.heavy
def test_who_is_promoted_is_examined_again_and_retrained_where_that_fails(
    plant: Plant, notices: list[dict[str, Any]]
) -> None:
    plant.write(EXAMINES.replace("degradation: notify", "degradation: [ct]"))
    plant.serve()
    plant.tell_push(*plant.push())
    plant.ended()
    promoted = str(plant.promoted)
    let_a_moment_come(plant, 1)
    passed = plant.ended(2)[-1]

    assert ("passed", "schedule") == (passed["state"], passed["kind"])
    assert passed["reason"].startswith(f"stage again examined {promoted} (sha256:")
    assert passed["reason"].endswith("who is promoted by stage ct")

    spoil(plant.folder / "data" / "scores.parquet")
    let_a_moment_come(plant, 2)
    failed, answered = plant.ended(4)[2:]

    assert ("failed", "schedule") == (failed["state"], failed["kind"])
    assert f"examined was {promoted} (sha256:" in failed["reason"]
    assert ("degradation", 2) == (answered["kind"], plant.trainings)
    assert [f"stage again failed for {promoted}"] == notices[-1]["fired"]


def let_a_moment_come(plant: Plant, number: int) -> None:
    """Serve again after a moment of the schedule came while nobody looked, the first or a later one."""
    plant.kill()
    Store(f"sqlite:///{plant.folder / 'state' / 'control.db'}").keep_digest("shop:schedule:yearly", "2000", number)
    plant.serve()


def spoil(path: Path) -> None:
    """Let a new window of labels say the opposite of what was decided."""
    table = pq.read_table(path)
    ids, labels = pc.add(table["id"], 100_000), pc.subtract(pa.scalar(1), table["y"])
    pq.write_table(table.set_column(0, "id", ids).set_column(1, "y", labels), path)
