"""Kills the control plane again and again while pushes come in, and counts what became of them."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from ci.tests.forked import serve_forked
from ci.tests.plant import Plant, until

EVERY = 4  # kills, of which one comes after a push; every other one comes while the control plane may still start
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
COMMANDS = 4  # of each pipeline
COMMAND = "{run: [sh, -c, 'sleep 0.2; echo \"$HARNESS_CI_KEY\" >> data/effects; sleep 0.2']}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The pushes that were acknowledged, the pipelines, which push each took, how often each effect was seen,
    and how many kills came while a pipeline was under way.
    """

    taken: Sequence[str]
    pipelines: Sequence[Mapping[str, Any]]
    led: Sequence[str]
    effects: Mapping[str, int]
    busy: int

    def check(self) -> None:
        """Refuse a push that was lost or led twice, a pipeline that did not pass, an effect that is not there once.

        One is skipped whose commit the pipeline before took with it, as it takes the head of its branch.
        """
        states = Counter(each["state"] for each in self.pipelines)
        assert set(self.taken) <= set(self.led)
        assert len(self.led) == len(set(self.led))
        assert {"passed"} == set(states) - {"skipped"}, self.pipelines
        assert {1} == set(self.effects.values())
        assert states["passed"] * COMMANDS == len(self.effects)


def kill_again_and_again(plant: Plant, kills: int, seed: int) -> Seen:
    """Serve and kill a control plane so many times at random moments, then let it end what came in."""
    plant.write(PIPELINES.replace("COMMANDS", ", ".join([COMMAND] * COMMANDS)))
    chance, taken, busy = random.Random(seed), [], 0
    for number in range(kills):
        serve_forked(plant, awaited=number % 2 == 0)
        if number % EVERY == 0:
            before, after = plant.push()
            with suppress(httpx.HTTPError):
                assert 202 == plant.tell_push(before, after).status_code
                taken.append(after)
        time.sleep(chance.uniform(0.0, 1.5))
        plant.kill()
        busy += count_under_way(plant)
    plant.serve()
    until(lambda: set(taken) <= set(commits(plant)), 1800)
    ended = plant.ended(patience=1800)
    effects = Counter((plant.folder / "data" / "effects").read_text().split())
    return Seen(taken=taken, pipelines=ended, led=commits(plant), effects=effects, busy=busy)


def commits(plant: Plant) -> list[str]:
    """Return the commits that pipelines took, as often as they did."""
    pipelines = [plant.get(f"pipelines/{each['id']}") for each in plant.get("pipelines")]
    return [key.rsplit(":", 1)[1] for each in pipelines for key in each["events"]]


def count_under_way(plant: Plant) -> int:
    """Return how many pipelines had not ended when the control plane was killed: one or none, as it has one lane."""
    with closing(sqlite3.connect(plant.folder / "state" / "control.db")) as book:
        return int(book.execute("SELECT count(*) FROM harness_ci_pipelines WHERE ended IS NULL").fetchone()[0])
