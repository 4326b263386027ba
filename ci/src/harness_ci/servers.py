"""GitHub Actions, Jenkins and Kubeflow Pipelines, asked over REST for runs that are known by their key.

Of what they answer only names, numbers and states are taken: no address, so no credential goes elsewhere.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from harness import HarnessError
from harness_ci.elsewhere import Away, Elsewhere, GitHubRun, JenkinsBuild, KubeflowRun, Server, Standing, follow
from harness_ci.jobs import Ended

PATIENCE = 20  # seconds
LATEST = 100  # runs that are looked through for a key
KEY = "HARNESS_CI_KEY"
BUSY = (408, 425, 429)
HINTS = {
    401: "look at the token",
    403: "the token may not do that",
    404: "look at the names, and at what the token may see",
    422: "look at the parameters",
}
SUCCEEDED = "SUCCEEDED"
KUBEFLOW_ENDED = (SUCCEEDED, "FAILED", "SKIPPED", "CANCELED")


@contextmanager
def open_server(asked: Elsewhere, root: Path) -> Iterator[Server]:
    """Give the server of a run, with the credential that the file names."""
    token = asked.token.read(root) if asked.token else ""
    headers = {"Authorization": f"Bearer {token}"} if token and asked.at != "jenkins" else {}
    auth = httpx.BasicAuth(asked.user, token) if asked.at == "jenkins" else None
    base = asked.api if asked.at == "github" else asked.url
    with httpx.Client(base_url=base, headers=headers, auth=auth, timeout=PATIENCE) as client:
        if asked.at == "github":
            yield GitHub(asked=asked, client=client)
        elif asked.at == "jenkins":
            yield Jenkins(asked=asked, client=client)
        else:
            yield Kubeflow(asked=asked, client=client)


def run_elsewhere(
    asked: Elsewhere, root: Path, key: str, revision: str, folder: Path, is_cancelled: Callable[[], bool]
) -> Ended:
    """Start a run, unless it was before, and return how it ended."""
    with open_server(asked, root) as server:
        return follow(server, key, revision, folder, asked.timeout.total_seconds(), is_cancelled)


def _ask(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """Return an answer that is a success; Away where it may be one later, HarnessError where it is a refusal."""
    what = f"{client.base_url} was asked for {method} {path}, and"
    try:
        answer = client.request(method, path, **more)
    except httpx.HTTPError as error:
        raise Away(f"{what} did not answer: {type(error).__name__}") from error
    if answer.status_code >= 500 or answer.status_code in BUSY:
        raise Away(f"{what} answered {answer.status_code}")
    if not answer.is_success:
        raise HarnessError(
            f"{what} answered {answer.status_code}; {HINTS.get(answer.status_code, 'look at the address')}"
        )
    return answer


def _read(answer: httpx.Response, *keys: str) -> Sequence[Mapping[str, Any]]:
    """Return the list of objects that an answer has under a key; Away where the answer is not one that is known."""
    try:
        found = answer.json().get(keys[0]) or []
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
    except (ValueError, AttributeError):
        pass
    raise Away(f"{answer.request.url.host} answered something else than a list of {keys[0]}")


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """GitHub Actions; `repository_dispatch` names no run, so the workflow's `run-name` is the key."""

    asked: GitHubRun
    client: httpx.Client

    def look(self, key: str) -> Standing | None:
        """Return how the run of a key stands, of the latest hundred; HarnessError where there are two."""
        path = f"/repos/{self.asked.repository}/actions/workflows/{self.asked.workflow}/runs"
        asked = {"event": "repository_dispatch", "per_page": LATEST}
        runs = _read(_ask(self.client, "GET", path, params=asked), "workflow_runs")
        return _only(key, [self._standing(run) for run in runs if run.get("display_title") == key])

    def _standing(self, run: Mapping[str, Any]) -> Standing:
        number, status, conclusion = (str(run.get(name)) for name in ("id", "status", "conclusion"))
        passed = conclusion == "success" if status == "completed" else None
        where = f"{self.asked.workflow} of {self.asked.repository}"
        return Standing(
            run=number,
            passed=passed,
            said=f"run {number} of {where}: {conclusion if run.get('conclusion') else status}",
        )

    def start(self, key: str, revision: str) -> None:
        """Dispatch the event, with the key and the revision."""
        payload = {**self.asked.params, "key": key, "revision": revision}
        body = {"event_type": self.asked.event, "client_payload": payload}
        _ask(self.client, "POST", f"/repos/{self.asked.repository}/dispatches", json=body)

    def cancel(self, run: str) -> None:
        """Cancel a run."""
        _ask(self.client, "POST", f"/repos/{self.asked.repository}/actions/runs/{quote(run)}/cancel")


@dataclass(frozen=True, kw_only=True)
class Jenkins:
    """Jenkins; a build is known by its parameter HARNESS_CI_KEY, in the queue as well."""

    asked: JenkinsBuild
    client: httpx.Client

    @property
    def _job(self) -> str:
        return "".join(f"/job/{quote(part)}" for part in self.asked.job.split("/"))

    def look(self, key: str) -> Standing | None:
        """Return how the build of a key stands; in the queue first, as builds come from there."""
        tree = "actions[parameters[name,value]]"
        queued = _read(_ask(self.client, "GET", "/queue/api/json", params={"tree": f"items[id,{tree}]"}), "items")
        wanted = {"tree": f"allBuilds[number,building,result,{tree}]{{0,{LATEST}}}"}
        builds = _read(_ask(self.client, "GET", f"{self._job}/api/json", params=wanted), "allBuilds")
        waiting = [self._waiting(item) for item in queued if _has_key(item, key)]
        built = [self._standing(build) for build in builds if _has_key(build, key)]
        return _only(key, built or waiting)

    def _waiting(self, item: Mapping[str, Any]) -> Standing:
        return Standing(
            run=f"queue/{item.get('id')}",
            passed=None,
            said=f"{self.asked.job}: item {item.get('id')} waits in the queue",
        )

    def _standing(self, build: Mapping[str, Any]) -> Standing:
        number, result = str(build.get("number")), build.get("result")
        ended = build.get("building") is False and result is not None
        said = f"build {number} of {self.asked.job}: {result if ended else 'running'}"
        return Standing(run=f"build/{number}", passed=result == "SUCCESS" if ended else None, said=said)

    def start(self, key: str, revision: str) -> None:
        """Queue a build."""
        given = {self.asked.revision: revision} if self.asked.revision else {}
        params = {**self.asked.params, **given, KEY: key}
        _ask(self.client, "POST", f"{self._job}/buildWithParameters", data=params, headers=self._crumb())

    def _crumb(self) -> Mapping[str, str]:
        """Return the header that Jenkins wants with what changes something; none where it wants none."""
        try:
            found = _ask(self.client, "GET", "/crumbIssuer/api/json").json()
            return {str(found["crumbRequestField"]): str(found["crumb"])}
        except Away:
            raise
        except (
            HarnessError,
            ValueError,
            KeyError,
            TypeError,
        ):  # 404: it issues none; a refusal is said by what follows
            return {}

    def cancel(self, run: str) -> None:
        """Take a build out of the queue, or stop it."""
        kind, _, number = run.partition("/")
        path, more = (f"{self._job}/{number}/stop", {}) if kind == "build" else ("/queue/cancelItem", {"id": number})
        _ask(self.client, "POST", path, params=more, headers=self._crumb(), follow_redirects=True)


def _has_key(item: Mapping[str, Any], key: str) -> bool:
    """Tell whether a build or an item of the queue was asked for by a key."""
    actions = item.get("actions") or []
    given = [each for action in actions for each in (action or {}).get("parameters") or []]
    return any(each.get("name") == KEY and each.get("value") == key for each in given)


@dataclass(frozen=True, kw_only=True)
class Kubeflow:
    """Kubeflow Pipelines, REST v2beta1; the key is the run's `display_name`."""

    asked: KubeflowRun
    client: httpx.Client

    def look(self, key: str) -> Standing | None:
        """Return how the run of a key stands; HarnessError where there are two."""
        named = {"operation": "EQUALS", "key": "display_name", "string_value": key}
        asked = {"experiment_id": self.asked.experiment, "filter": json.dumps({"predicates": [named]})}
        runs = _read(_ask(self.client, "GET", "/apis/v2beta1/runs", params=asked), "runs")
        return _only(key, [self._standing(run) for run in runs if run.get("display_name") == key])

    def _standing(self, run: Mapping[str, Any]) -> Standing:
        state, number = str(run.get("state")), str(run.get("run_id"))
        passed = state == SUCCEEDED if state in KUBEFLOW_ENDED else None
        return Standing(run=number, passed=passed, said=f"run {number} of pipeline {self.asked.pipeline}: {state}")

    def start(self, key: str, revision: str) -> None:
        """Create a run."""
        given = {self.asked.revision: revision} if self.asked.revision else {}
        body = {
            "display_name": key,
            "experiment_id": self.asked.experiment,
            "pipeline_version_reference": {
                "pipeline_id": self.asked.pipeline,
                "pipeline_version_id": self.asked.version,
            },
            "runtime_config": {"parameters": {**self.asked.params, **given}},
        }
        _ask(self.client, "POST", "/apis/v2beta1/runs", json=body)

    def cancel(self, run: str) -> None:
        """Terminate a run."""
        _ask(self.client, "POST", f"/apis/v2beta1/runs/{quote(run)}:terminate")


def _only(key: str, found: Sequence[Standing]) -> Standing | None:
    if len(found) > 1:
        runs = ", ".join(each.run for each in found)
        raise HarnessError(
            f"{key} was started {len(found)} times ({runs}), and one was asked for; look who else starts it"
        )
    return found[0] if found else None
