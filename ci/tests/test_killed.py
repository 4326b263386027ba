"""The control plane is killed again and again: every event ends, and no effect is seen twice."""

import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

from ci.tests.kills import COMMAND, PIPELINES, kill_again_and_again
from ci.tests.plant import Plant, lives, until

KILLS = 20


def test_after_20_kills_every_event_has_ended_and_no_effect_is_seen_twice(
    plant: Plant, notices: list[dict[str, Any]]
) -> None:
    seen = kill_again_and_again(plant, KILLS, seed=7)

    seen.check()
    assert [] == notices


def test_a_pipeline_of_another_release_begins_anew_and_finds_what_is_done(plant: Plant) -> None:
    plant.write(PIPELINES.replace("COMMANDS", f'{COMMAND}, {COMMAND}, {{run: [sh, -c, "sleep 2; exit 1"]}}'))
    plant.serve()
    plant.tell_push(*plant.push())
    until(lambda: list(plant.folder.glob("state/pipelines/*/jobs/ci-1-sh/ended.json")))
    plant.kill()
    for name, statement in {
        "control": "UPDATE harness_ci_pipelines SET version = '0'",
        "workflows": "UPDATE workflow_status SET application_version = '0'",
    }.items():
        with closing(sqlite3.connect(plant.folder / "state" / f"{name}.db")) as book, book:
            book.execute(statement)
    plant.serve()

    (ended,) = plant.ended()

    assert ("failed", 2) == (ended["state"], ended["attempt"])
    effects = Counter((plant.folder / "data" / "effects").read_text().split())
    assert (2, {1}) == (len(effects), set(effects.values()))


def test_a_pipeline_past_its_deadline_is_given_up_and_its_owner_told(
    plant: Plant, notices: list[dict[str, Any]]
) -> None:
    text = PIPELINES.replace("COMMANDS", "{run: [sleep, '300']}")
    plant.write(text.replace("    stages:", "    deadline: 5s\n    stages:"))
    plant.serve()
    plant.tell_push(*plant.push())

    (ended,) = plant.ended()

    assert "late" == ended["state"]
    assert ["late"] == [notice["state"] for notice in notices]
    (child,) = until(lambda: list(plant.folder.glob("state/pipelines/*/jobs/ci-0-sleep/child")))
    until(lambda: not lives(int(child.read_text())), 20)
