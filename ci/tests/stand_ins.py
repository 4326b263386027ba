"""Stand-ins of GitHub Actions, Jenkins and Kubeflow Pipelines: what their REST APIs answer about runs, on loopback."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.loopback import Handler, serve

TOKEN = "of-the-server"
GITHUB = {
    "waiting": ("queued", None),
    "running": ("in_progress", None),
    "passed": ("completed", "success"),
    "failed": ("completed", "failure"),
    "cancelled": ("completed", "cancelled"),
    "timed out": ("completed", "timed_out"),
    "skipped": ("completed", "skipped"),
}
JENKINS = {"running": None, "passed": "SUCCESS", "failed": "FAILURE", "cancelled": "ABORTED", "skipped": "NOT_BUILT"}
JENKINS |= {"timed out": "ABORTED", "unstable": "UNSTABLE"}
KUBEFLOW = {
    "waiting": "PENDING",
    "running": "RUNNING",
    "passed": "SUCCEEDED",
    "failed": "FAILED",
    "cancelled": "CANCELED",
}
KUBEFLOW |= {"timed out": "FAILED", "skipped": "SKIPPED"}


@dataclass
class StandIn:
    """Runs of one server: each has the values it was asked for with, and a state that a test changes."""

    kind: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    begins: str = "passed"  # what a new run is at once
    answers: int = 0  # a status that is answered instead, to POST alone if `posts`
    posts: bool = False
    takes: bool = True  # what it answers so to was done nevertheless
    shows: bool = True  # runs are seen
    headers: list[dict[str, str]] = field(default_factory=list)

    def take(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer a POST."""
        if path.endswith(("/cancel", "/stop", ":terminate")) or "cancelItem" in path:
            self.runs[-1]["state"] = "cancelled"
            return 202, {}
        given = {
            "github": lambda: body["client_payload"],
            "jenkins": lambda: body,
            "kubeflow": lambda: {"key": body["display_name"], **body["runtime_config"]["parameters"]},
        }[self.kind]()
        self.runs.append({"key": given.get("key") or given.get("HARNESS_CI_KEY"), "given": given, "state": self.begins})
        return {"github": 204, "jenkins": 201, "kubeflow": 200}[self.kind], {}

    def show(self, path: str) -> tuple[int, Any]:
        """Answer a GET."""
        shown = [(number, run) for number, run in enumerate(self.runs, 1)] if self.shows else []
        if path.startswith("/crumbIssuer"):
            return 200, {"crumbRequestField": "Jenkins-Crumb", "crumb": "c"}
        if self.kind == "github":
            return 200, {"workflow_runs": [_github(number, run) for number, run in shown]}
        if self.kind == "kubeflow":
            return 200, {"runs": [_kubeflow(number, run) for number, run in shown]} if shown else {"total_size": 0}
        waits = path.startswith("/queue")
        items = [_jenkins(number, run) for number, run in shown if (run["state"] == "waiting") == waits]
        return 200, {"items" if waits else "allBuilds": items}

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Give the URL of the server."""
        server = self

        class Api(Handler):
            def do_GET(self) -> None:
                if server._answers(self, "GET"):
                    self._send(*server.show(urlsplit(self.path).path))

            def do_POST(self) -> None:
                server.headers.append(dict(self.headers))
                text = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                form = {name: values[0] for name, values in parse_qs(text).items()}
                body = json.loads(text or "{}") if text[:1] == "{" else form
                refused = not server._answers(self, "POST")
                done = server.take(self.path, body) if not refused or server.takes else (0, {})
                if not refused:
                    self._send(*done)

            def _send(self, status: int, body: Any) -> None:
                self.send_response(status)
                text = b"" if status == 204 else json.dumps(body).encode()
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        with serve(Api) as url:
            yield url

    def _answers(self, handler: Any, method: str) -> bool:
        """Tell whether a request is answered as it should be; else answer it as a test wants."""
        auth = handler.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"ci:{TOKEN}".encode()).decode()
        status = 0 if auth == (basic if self.kind == "jenkins" else f"Bearer {TOKEN}") else 401
        if self.answers and (method == "POST" or not self.posts):
            status = self.answers
        if status:
            handler._send(status, {})
        return not status


def _github(number: int, run: dict[str, Any]) -> dict[str, Any]:
    status, conclusion = GITHUB[run["state"]]
    return {"id": number, "display_title": run["key"], "status": status, "conclusion": conclusion}


def _jenkins(number: int, run: dict[str, Any]) -> dict[str, Any]:
    parameters = [{"name": name, "value": value} for name, value in run["given"].items()]
    about = {"actions": [{}, {"parameters": parameters}], "id": number}
    if run["state"] == "waiting":
        return about
    return {**about, "number": number, "building": run["state"] == "running", "result": JENKINS[run["state"]]}


def _kubeflow(number: int, run: dict[str, Any]) -> dict[str, Any]:
    return {"run_id": f"r{number}", "display_name": run["key"], "state": KUBEFLOW[run["state"]]}
