"""The control plane is killed again and again: every event ends, and no effect is seen twice."""

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from typing import Any

import httpx

from ci.tests.plant import Plant, lives, until

KILLS = 20
PIPELINES = """project: shop
ledger: sqlite:///ledger.db
hooks: {github: {file: hook}, api: {file: token}}
targets:
  shop:
    repository: {url: forge.git, github: acme/shop}
    link: {data: data}
    notify: {file: owner}
    stages:
      ci: {commands: [COMMANDS], suites: [schema.suite.yaml], gate: schema}
    on: {code: [ci]}
"""
COMMAND = "{run: [sh, -c, 'sleep 0.2; echo \"$HARNESS_CI_KEY\" >> data/effects; sleep 0.2']}"


def test_after_20_kills_every_event_has_ended_and_no_effect_is_seen_twice(
    plant: Plant, notices: list[dict[str, Any]]
) -> None:
    plant.write(PIPELINES.replace("COMMANDS", ", ".join([COMMAND] * 4)))
    chance, taken = random.Random(7), []
    for number in range(KILLS):
        plant.serve()
        if number % 5 == 0:
            before, after = plant.push()
            with suppress(httpx.HTTPError):
                assert 202 == plant.tell_push(before, after).status_code
                taken.append(after)
        time.sleep(chance.uniform(0.0, 1.5))
        plant.kill()
    plant.serve()

    until(lambda: set(taken) <= set(commits(plant)))
    ended = plant.ended()

    assert {"passed"} == {each["state"] for each in ended}, ended
    assert len(commits(plant)) == len(set(commits(plant)))
    effects = Counter((plant.folder / "data" / "effects").read_text().split())
    assert {1} == set(effects.values())
    assert len(ended) * 4 == len(effects)
    assert [] == notices


def commits(plant: Plant) -> list[str]:
    """Return the commits that pipelines took, as often as they did."""
    pipelines = [plant.get(f"pipelines/{each['id']}") for each in plant.get("pipelines")]
    return [key.rsplit(":", 1)[1] for each in pipelines for key in each["events"]]


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
