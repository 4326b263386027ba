"""What the control plane answers over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from harness import HarnessError
from harness_ci.canaries import judge_canary
from harness_ci.control import Control
from harness_ci.hooks import add_hooks
from harness_ci.requests import Refused, authorize, secret_of
from harness_ci.store import Pipeline
from harness_ci.triggers.reading import Unreadable

VERDICTS = {"pass": "pass", "waived": "pass", "fail": "fail", "inconclusive": "inconclusive"}


def make_app(control: Control) -> FastAPI:
    """Return the application of a control plane."""
    app = FastAPI(title="promotion-harness control", docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(Refused)
    def refuse(request: Request, refused: Refused) -> JSONResponse:
        return JSONResponse({"error": refused.why}, refused.status)

    @app.exception_handler(Unreadable)
    def refuse_body(request: Request, unreadable: Unreadable) -> JSONResponse:
        return JSONResponse({"error": f"{unreadable}; nothing was started"}, 422)

    add_hooks(app, control)
    _add_pipelines(app, control)
    _add_gates(app, control)
    _add_canaries(app, control)
    return app


def _add_pipelines(app: FastAPI, control: Control) -> None:
    @app.get("/healthz")
    def healthz() -> Mapping[str, str]:
        return {"status": "ok"}

    @app.get("/v1/projects/{project}/pipelines")
    def pipelines(project: str, request: Request) -> Sequence[Mapping[str, Any]]:
        authorize(request, secret_of(control, project, "api"))
        return [_shown(each) for each in control.store.pipelines(limit=100)]

    @app.get("/v1/projects/{project}/pipelines/{pipeline}")
    def pipeline(project: str, pipeline: str, request: Request) -> Mapping[str, Any]:
        authorize(request, secret_of(control, project, "api"))
        found = control.store.pipeline(pipeline)
        if found is None:
            raise Refused(404, f"no pipeline {pipeline[:64]!r}")
        return {**_shown(found), "events": [event.key for event in control.store.events_of(pipeline)]}

    @app.post("/v1/projects/{project}/pipelines/{pipeline}/cancel")
    def cancel(project: str, pipeline: str, request: Request) -> Mapping[str, str]:
        authorize(request, secret_of(control, project, "api"))
        if not control.dispatcher.cancel(pipeline):
            raise Refused(409, f"no pipeline {pipeline[:64]!r} is under way")
        return {"state": "cancelled"}

    @app.post("/v1/projects/{project}/pipelines/{pipeline}/approve/{stage}")
    def approve(project: str, pipeline: str, stage: str, request: Request) -> Mapping[str, str]:
        authorize(request, secret_of(control, project, "api"))
        found = control.store.pipeline(pipeline)
        if found is None or found.state != f"waiting for approval of {stage}":
            raise Refused(409, f"no pipeline {pipeline[:64]!r} waits for an approval of stage {stage[:64]!r}")
        control.store.approve(pipeline, stage)
        return {"state": "approved"}


def _add_gates(app: FastAPI, control: Control) -> None:
    @app.get("/v1/projects/{project}/gates/{gate}")
    def gate(project: str, gate: str, digest: str, request: Request) -> Mapping[str, str]:
        """Say what a gate decided last on a candidate; 503, which no analysis counts, where nothing is decided."""
        authorize(request, secret_of(control, project, "gates"))
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
        authorize(request, secret_of(control, project, "gates"))
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


def _shown(pipeline: Pipeline) -> Mapping[str, Any]:
    named = ("id", "target", "lane", "state", "reason", "begun", "ended", "ends_by", "attempt")
    about = {
        "kind": pipeline.plan.kind,
        "stages": pipeline.plan.stages,
        "revision": pipeline.plan.revision,
        "head": pipeline.head,
    }
    return {**{name: getattr(pipeline, name) for name in named}, **about}
