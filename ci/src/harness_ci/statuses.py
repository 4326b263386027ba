"""Brings a forge up to date with how pipelines stand: commit statuses, or check runs where the token is of an App.

What is reported is read from the store, so a kill or a forge that is down loses none. Nothing is ever reported as
`neutral` or `skipped`, as GitHub merges on those.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from harness import HarnessError
from harness_ci.pipelines import PipelinesFile, Statuses
from harness_ci.protections import answer_protection
from harness_ci.store import Pipeline, Store

PATIENCE = 10  # seconds
PAUSE = 60.0  # seconds until a forge that did not take a report is told again
LATEST = 200  # pipelines that are looked at
SHOWN = 130  # characters of a description; GitHub takes 140
STATUS = {"passed": "success", "failed": "failure", "inconclusive": "failure"}
CONCLUSION = {"passed": "success", "inconclusive": "action_required"}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is told of one pipeline: under which key, on which commit, where to, and what."""

    key: str
    path: str
    body: Mapping[str, Any]


class Reporter:
    """Tells the forges of all targets, each report once, and again where it was not taken."""

    def __init__(self, file: PipelinesFile, root: Path, store: Store) -> None:
        self._file, self._root, self._store = file, root, store
        self._not_before: dict[str, float] = {}

    def report(self) -> None:
        """Post what is not posted yet; HarnessError names the first forge that did not take one."""
        for name, target in self._file.targets.items():
            asked = target.repository.statuses
            if asked and time.monotonic() >= self._not_before.get(name, 0.0):
                for report in (*self._due(name, str(target.repository.github), asked), *self._answers(name)):
                    self._post(name, asked, report)

    def _answers(self, name: str) -> Iterator[Report]:
        for asked in self._store.protections(name):
            answer = answer_protection(asked, self._file, self._store, time.time())
            if answer:
                yield Report(key=asked.key, path=answer[0], body=answer[1])

    def _due(self, name: str, repository: str, asked: Statuses) -> Iterator[Report]:
        for pipeline in reversed(self._store.pipelines(target=name, limit=LATEST)):
            commit = pipeline.head or pipeline.plan.revision
            key = f"{pipeline.id}/reported/{'running' if pipeline.ended is None else pipeline.state}"
            if pipeline.plan.kind == "code" and pipeline.state != "skipped" and commit and not self._store.is_done(key):
                title = self._title(pipeline)
                make = check_run if asked.kind == "check" else commit_status
                yield Report(key=key, **make(f"{self._file.project}/{name}", repository, commit, pipeline, title))

    def _title(self, pipeline: Pipeline) -> str:
        """Return how a pipeline stands in words; one that a gate let pass undecided says so."""
        reason = " ".join(pipeline.reason.split())
        undecided = [each.gate for each in self._store.decisions_of(pipeline.id) if each.outcome == "inconclusive"]
        if pipeline.state == "passed" and undecided:
            reason = f"gate {', '.join(undecided)} is inconclusive, which it reports and does not block"
        shown = f"{pipeline.state}: {reason}" if reason else pipeline.state
        return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"

    def _post(self, name: str, asked: Statuses, report: Report) -> None:
        headers = {"Authorization": f"Bearer {asked.token.read(self._root)}", "Accept": "application/vnd.github+json"}
        try:
            answer = httpx.post(
                f"{asked.api.rstrip('/')}{report.path}", json=report.body, headers=headers, timeout=PATIENCE
            )
            said = "" if answer.is_success else f"answered {answer.status_code}"
        except httpx.HTTPError as error:
            said = f"did not answer: {type(error).__name__}"
        if said:
            self._not_before[name] = time.monotonic() + PAUSE
            raise HarnessError(f"{asked.api} was told how a pipeline of {name} stands, and {said}; it is told again")
        self._store.mark_done(report.key, time.time())


def commit_status(name: str, repository: str, commit: str, pipeline: Pipeline, title: str) -> Mapping[str, Any]:
    """Return path and body of a commit status."""
    state = "pending" if pipeline.ended is None else STATUS.get(pipeline.state, "error")
    body = {"state": state, "context": name, "description": title}
    return {"path": f"/repos/{repository}/statuses/{commit}", "body": body}


def check_run(name: str, repository: str, commit: str, pipeline: Pipeline, title: str) -> Mapping[str, Any]:
    """Return path and body of a check run; what is inconclusive asks for a person's action, and merges nothing."""
    done = {"status": "in_progress"}
    if pipeline.ended is not None:
        done = {"status": "completed", "conclusion": CONCLUSION.get(pipeline.state, "failure")}
    output = {"title": title, "summary": pipeline.reason or title}
    body = {"name": name, "head_sha": commit, "external_id": pipeline.id, **done, "output": output}
    return {"path": f"/repos/{repository}/check-runs", "body": body}
