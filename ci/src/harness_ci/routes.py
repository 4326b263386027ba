"""What the control plane answers over HTTP."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from harness import HarnessError
from harness_ci.canaries import judge_canary
from harness_ci.control import Control
from harness_ci.events import Event
from harness_ci.store import Pipeline
from harness_ci.triggers.alerts import read_alerts
from harness_ci.triggers.forges import read_github, read_gitlab
from harness_ci.triggers.reading import Unreadable, read_object
from harness_ci.triggers.signatures import is_signed_by_github, same

LIMIT = 1 << 20  # bytes of a body
VERDICTS = {"pass": "pass", "waived": "pass", "fail": "fail", "inconclusive": "inconclusive"}
PATIENCE = 10  # seconds that a body may take to arrive
Read = Callable[[Mapping[str, Any]], Sequence[Event]]


class Refused(Exception):
    """A request that starts nothing: its status, and one sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def make_app(control: Control) -> FastAPI:
    """Return the application of a control plane."""
    app = FastAPI(title="promotion-harness control", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Refused)
    def refuse(request: Request, refused: Refused) -> JSONResponse:
        return JSONResponse({"error": refused.why}, refused.status)

    @app.exception_handler(Unreadable)
    def refuse_body(request: Request, unreadable: Unreadable) -> JSONResponse:
        return JSONResponse({"error": f"{unreadable}; nothing was started"}, 422)

    _add_hooks(app, control)
    _add_pipelines(app, control)
    _add_gates(app, control)
    _add_canaries(app, control)
    return app


def _add_hooks(app: FastAPI, control: Control) -> None:
    targets = control.file.targets

    @app.post("/v1/projects/{project}/hooks/github")
    async def github(project: str, request: Request) -> JSONResponse:
        secret, body = _secret(control, project, "github"), await _body(request)
        if not is_signed_by_github(secret, body, request.headers.get("x-hub-signature-256", "")):
            raise Refused(401, "X-Hub-Signature-256 is not of this body and the secret of this hook")
        name = request.headers.get("x-github-event", "")
        return await _take(control, list(read_github(name, read_object(body), targets)))

    @app.post("/v1/projects/{project}/hooks/gitlab")
    async def gitlab(project: str, request: Request) -> JSONResponse:
        secret, body = _secret(control, project, "gitlab"), await _body(request)
        if not same(secret, request.headers.get("x-gitlab-token", "")):
            raise Refused(401, "X-Gitlab-Token is not the token of this hook")
        return await _take(control, list(read_gitlab(read_object(body), targets)))

    @app.post("/v1/projects/{project}/targets/{target}/alerts")
    async def alerts(project: str, target: str, request: Request) -> JSONResponse:
        secret, body = _secret(control, project, "alertmanager"), await _body(request)
        _authorize(request, secret)
        return await _take(control, list(read_alerts(read_object(body), _target(control, target))))


def _add_pipelines(app: FastAPI, control: Control) -> None:
    @app.get("/healthz")
    def healthz() -> Mapping[str, str]:
        return {"status": "ok"}

    @app.get("/v1/projects/{project}/pipelines")
    def pipelines(project: str, request: Request) -> Sequence[Mapping[str, Any]]:
        _authorize(request, _secret(control, project, "api"))
        return [_shown(each) for each in control.store.pipelines(limit=100)]

    @app.get("/v1/projects/{project}/pipelines/{pipeline}")
    def pipeline(project: str, pipeline: str, request: Request) -> Mapping[str, Any]:
        _authorize(request, _secret(control, project, "api"))
        found = control.store.pipeline(pipeline)
        if found is None:
            raise Refused(404, f"no pipeline {pipeline[:64]!r}")
        return {**_shown(found), "events": [event.key for event in control.store.events_of(pipeline)]}

    @app.post("/v1/projects/{project}/pipelines/{pipeline}/cancel")
    def cancel(project: str, pipeline: str, request: Request) -> Mapping[str, str]:
        _authorize(request, _secret(control, project, "api"))
        if not control.dispatcher.cancel(pipeline):
            raise Refused(409, f"no pipeline {pipeline[:64]!r} is under way")
        return {"state": "cancelled"}

    @app.post("/v1/projects/{project}/pipelines/{pipeline}/approve/{stage}")
    def approve(project: str, pipeline: str, stage: str, request: Request) -> Mapping[str, str]:
        _authorize(request, _secret(control, project, "api"))
        found = control.store.pipeline(pipeline)
        if found is None or found.state != f"waiting for approval of {stage}":
            raise Refused(409, f"no pipeline {pipeline[:64]!r} waits for an approval of stage {stage[:64]!r}")
        control.store.approve(pipeline, stage)
        return {"state": "approved"}


def _add_gates(app: FastAPI, control: Control) -> None:
    @app.get("/v1/projects/{project}/gates/{gate}")
    def gate(project: str, gate: str, digest: str, request: Request) -> Mapping[str, str]:
        """Say what a gate decided last on a candidate; 503, which no analysis counts, where nothing is decided."""
        _authorize(request, _secret(control, project, "gates"))
        found = control.store.decision(gate, digest)
        if found is None or found.outcome not in VERDICTS:
            raise Refused(503, f"gate {gate[:64]!r} has not decided on {digest[:80]!r}")
        verdict = VERDICTS[found.outcome]
        return {"verdict": verdict, "digest": found.digest, "gate": gate, "outcome": found.outcome,
                "decided": found.decided, "pipeline": found.pipeline}  # fmt: skip


def _add_canaries(app: FastAPI, control: Control) -> None:
    @app.get("/v1/projects/{project}/canaries/{name}")
    def canary(project: str, name: str, since: float, request: Request) -> Mapping[str, Any]:
        """Say what is known of a canary since a moment, in seconds of 1970; 503 as long as nothing is decided."""
        _authorize(request, _secret(control, project, "gates"))
        if name not in control.file.canaries:
            raise Refused(404, f"no canary {name[:64]!r} here")
        try:
            judged = judge_canary(control.file.canaries[name], since)
        except HarnessError as error:
            raise Refused(503, str(error)) from error
        found = judged.difference
        if judged.verdict == "undecided":
            raise Refused(503, f"undecided: from {found.lower} to {found.upper} more hits, of {found.n} requests")
        return {
            "verdict": judged.verdict,
            "difference": found.value,
            "lower": found.lower,
            "upper": found.upper,
            "n": found.n,
        }


def _secret(control: Control, project: str, hook: str) -> str:
    """Return the secret of a hook; 404 for another project, and for a hook that nobody gave a secret."""
    if project != control.file.project:
        raise Refused(404, f"no project {project[:64]!r} here; nothing was started")
    if hook not in control.secrets:
        raise Refused(404, f"nobody listens to {hook} here: `hooks` of the pipelines file has no secret for it")
    return control.secrets[hook]


def _target(control: Control, name: str) -> str:
    if name not in control.file.targets:
        raise Refused(404, f"no target {name[:64]!r} here; nothing was started")
    return name


def _authorize(request: Request, secret: str) -> None:
    if not same(f"Bearer {secret}", request.headers.get("authorization", "")):
        raise Refused(401, "the Authorization header does not bear the token of this hook")


async def _body(request: Request) -> bytes:
    """Return the body of a request, that is small and arrives in time."""
    try:
        return await asyncio.wait_for(_read_body(request), PATIENCE)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive in {PATIENCE} s; nothing was started") from None


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LIMIT:
            raise Refused(413, f"the body is larger than {LIMIT:,} bytes; nothing was started")
    return bytes(body)


async def _take(control: Control, events: Sequence[Event]) -> JSONResponse:
    """Take the events of one delivery; 202 and what became of each, 200 where it holds none."""
    told = await run_in_threadpool(lambda: control.dispatcher.take_all(events))
    return JSONResponse({"events": told}, 202 if events else 200)


def _shown(pipeline: Pipeline) -> Mapping[str, Any]:
    named = ("id", "target", "lane", "state", "reason", "begun", "ended", "ends_by", "attempt")
    about = {
        "kind": pipeline.plan.kind,
        "stages": pipeline.plan.stages,
        "revision": pipeline.plan.revision,
        "head": pipeline.head,
    }
    return {**{name: getattr(pipeline, name) for name in named}, **about}
