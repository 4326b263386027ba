"""Who may tell that something happened, each held to what it signs; who signs nothing only hints at it."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from harness import HarnessError
from harness_ci.control import Control
from harness_ci.events import Event
from harness_ci.protections import read_protections
from harness_ci.requests import Refused, authorize, body_of, secret_of
from harness_ci.store import Protection
from harness_ci.triggers.alerts import read_alerts
from harness_ci.triggers.forges import read_github, read_gitlab
from harness_ci.triggers.reading import read_object
from harness_ci.triggers.signatures import (
    SKEW,
    TOKEN,
    is_password,
    is_recent,
    is_signed_by_github,
    is_signed_v1,
    same,
    signing_key,
)


def add_hooks(app: FastAPI, control: Control) -> None:
    """Listen to forges, to registries and to Alertmanager."""
    _add_forges(app, control)
    _add_hints(app, control)

    @app.post("/v1/projects/{project}/targets/{target}/alerts")
    async def alerts(project: str, target: str, request: Request) -> JSONResponse:
        secret, body = secret_of(control, project, "alertmanager"), await body_of(request)
        authorize(request, secret)
        if target not in control.file.targets:
            raise Refused(404, f"no target {target[:64]!r} here; nothing was started")
        return await _take(control, list(read_alerts(read_object(body), target)))


def _add_forges(app: FastAPI, control: Control) -> None:
    targets = control.file.targets

    @app.post("/v1/projects/{project}/hooks/github")
    async def github(project: str, request: Request) -> JSONResponse:
        secret, body = secret_of(control, project, "github"), await body_of(request)
        if not is_signed_by_github(secret, body, request.headers.get("x-hub-signature-256", "")):
            raise Refused(401, "X-Hub-Signature-256 is not of this body and the secret of this hook")
        name = request.headers.get("x-github-event", "")
        if name == "deployment_protection_rule":
            return await _ask(control, list(read_protections(read_object(body), targets)))
        return await _take(control, list(read_github(name, read_object(body), targets)))

    @app.post("/v1/projects/{project}/hooks/gitlab")
    async def gitlab(project: str, request: Request) -> JSONResponse:
        secret, body = secret_of(control, project, "gitlab"), await body_of(request)
        if secret.startswith(TOKEN):
            _refuse_unsigned(request, body, signing_key(secret), "webhook")
        elif not same(secret, request.headers.get("x-gitlab-token", "")):
            raise Refused(401, "X-Gitlab-Token is not the token of this hook")
        return await _take(control, list(read_gitlab(read_object(body), targets)))


def _add_hints(app: FastAPI, control: Control) -> None:
    """Listen to those whose word is not taken: what they hint at is looked at where it is."""

    @app.post("/v1/projects/{project}/hooks/azure")
    async def azure(project: str, request: Request) -> JSONResponse:
        secret = secret_of(control, project, "azure")
        await body_of(request)
        if not is_password(secret, request.headers.get("authorization", "")):
            raise Refused(401, "the Authorization header does not have the password of this hook, as Basic")
        hinted = {name: target for name, target in control.file.targets.items() if target.repository.azure}
        return await _look([partial(control.watch.look_at_branch, *each) for each in hinted.items()])

    @app.post("/v1/projects/{project}/hooks/mlflow")
    async def mlflow(project: str, request: Request) -> JSONResponse:
        secret, body = secret_of(control, project, "mlflow"), await body_of(request)
        _refuse_unsigned(request, body, secret.encode(), "x-mlflow")
        hinted = {name: target.registry for name, target in control.file.targets.items() if target.registry}
        return await _look([partial(control.watch.look_at_alias, *each) for each in hinted.items()])


def _refuse_unsigned(request: Request, body: bytes, key: bytes | None, prefix: str) -> None:
    """Refuse a delivery that is not signed, or whose moment is not now."""
    moment = request.headers.get(f"{prefix}-timestamp", "")
    delivery = request.headers.get("webhook-id" if prefix == "webhook" else f"{prefix}-delivery-id", "")
    if key is None or not is_signed_v1(key, body, delivery, moment, request.headers.get(f"{prefix}-signature", "")):
        raise Refused(401, f"{prefix}-signature is not of this delivery and the secret of this hook")
    if not is_recent(moment, time.time()):
        raise Refused(401, f"{prefix}-timestamp is more than {SKEW} s from now; set the clocks, and deliver again")


async def _take(control: Control, events: Sequence[Event]) -> JSONResponse:
    """Take the events of one delivery; 202 and what became of each, 200 where it holds none."""
    told = await run_in_threadpool(lambda: control.dispatcher.take_all(events))
    return JSONResponse({"events": told}, 202 if events else 200)


async def _ask(control: Control, asked: Sequence[Protection]) -> JSONResponse:
    """Keep the runs that wait to be told whether they may deploy; 202, or 200 where none is of a target here."""
    told = await run_in_threadpool(lambda: ["new" if control.store.ask_protection(each) else "known" for each in asked])
    return JSONResponse({"runs": told}, 202 if asked else 200)


async def _look(looks: Sequence[Callable[[], None]]) -> JSONResponse:
    """Look at what was hinted at; 503, so that it is hinted again, where it cannot be seen."""
    try:
        for look in looks:
            await run_in_threadpool(look)
    except HarnessError as error:
        raise Refused(503, f"{error}; it is looked at again") from error
    return JSONResponse({"looked_at": len(looks)}, 202 if looks else 200)
