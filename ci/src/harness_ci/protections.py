"""Answers GitHub's deployment protection rules: a run of Actions may deploy what a pipeline here passed, alone."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from harness_ci.pipelines import PipelinesFile, TargetPipeline
from harness_ci.store import Pipeline, Protection, Store
from harness_ci.triggers.reading import Unreadable, pick, pick_commit

CALLBACK = re.compile(
    r"https?://[^/\s]+/(?:api/v3/)?repos/([^/\s]+/[^/\s]+)/actions/runs/([0-9]{1,20})/deployment_protection_rule"
)


def read_protections(payload: Mapping[str, Any], targets: Mapping[str, TargetPipeline]) -> Iterator[Protection]:
    """Yield what a signed delivery asks of each target: may this run deploy this commit into this environment?

    Of the address to answer to only the run is taken; the rest is what the pipelines file says.
    """
    repository = pick(payload, "repository", "full_name")
    environment, commit = pick(payload, "environment"), pick_commit(payload, "deployment", "sha")
    found = CALLBACK.fullmatch(pick(payload, "deployment_callback_url"))
    if found is None or found.group(1) != repository:
        raise Unreadable("deployment_callback_url is not that of a run of this repository")
    run = found.group(2)
    for name, target in targets.items():
        if target.repository.github == repository and target.repository.statuses:
            key = f"{name}:github:{repository}:{run}:{environment}"
            yield Protection(key=key, target=name, commit=commit, run=run, environment=environment, asked=time.time())


def answer_protection(
    asked: Protection, file: PipelinesFile, store: Store, now: float
) -> tuple[str, Mapping[str, Any]] | None:
    """Return path and body of the answer; None while a pipeline of the commit may still end."""
    target = file.targets[asked.target]
    latest = _latest(asked, store)
    if (latest is None or latest.ended is None) and now - asked.asked < target.deadline.total_seconds():
        return None
    passed = latest is not None and latest.state == "passed"
    why = "no pipeline led this commit to its end" if latest is None else f"pipeline {latest.id}: {latest.state}"
    body = {"environment_name": asked.environment, "state": "approved" if passed else "rejected", "comment": why}
    return f"/repos/{target.repository.github}/actions/runs/{asked.run}/deployment_protection_rule", body


def _latest(asked: Protection, store: Store) -> Pipeline | None:
    """Return the latest pipeline that led the commit through the stages of code."""
    found = store.pipelines(target=asked.target)
    ours = (each for each in found if each.head == asked.commit and each.plan.kind == "code" and each.plan.pull is None)
    return next((each for each in ours if each.state != "skipped"), None)
