"""The service over HTTP: scores by the shortest way, all that is asked seldom through FastAPI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from fraud_target.following import Alias, follow_alias
from fraud_target.limits import Limits
from fraud_target.payments import Chargeback, Payment, Payments
from fraud_target.posts import FAILED, Answering, Posts, encode_json
from fraud_target.served import Served
from fraud_target.service import Service
from fraud_target.store import FeatureStore

STATUSES = {
    401: "No key.",
    408: "Too slow.",
    413: "Too large.",
    415: "Not JSON.",
    422: "Not a payment.",
    503: "Try again later.",
}


def create_app(
    served: Served, store: FeatureStore, limits: Limits | None = None, *, alias: Alias | None = None
) -> ASGIApp:
    """Return the service as an ASGI application; with an alias, it follows it to other models."""
    service = Service(served, store, limits or Limits())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(follow_alias(service, alias)) if alias else None
        yield
        if following:
            following.cancel()
        await store.close()

    app = FastAPI(title="fraud", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    posts: dict[str, tuple[Answering, type[BaseModel]]] = {
        "/v1/score": (service.one, Payment),
        "/v1/score/batch": (service.many, Payments),
        "/v1/chargebacks": (service.chargeback, Chargeback),
    }
    for path, (answer, body) in posts.items():
        app.add_api_route(path, _placeholder_answer, methods=["POST"], **_describe_route(answer, body))
    _add_looks(app, service)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(Exception, _internal_error)
    return Posts(service, {path: answer for path, (answer, _) in posts.items()}, app)


def _add_looks(app: FastAPI, service: Service) -> None:
    """Add what is asked about the service itself."""

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"description": "Must not get traffic."}})
    async def readyz() -> Response:
        """Tell whether model and store are as they must be."""
        reason = await service.readiness()
        return _json(503 if reason else 200, {"ready": reason is None, "reason": reason})

    @app.get("/v1/model")
    async def model() -> dict[str, str]:
        """Tell which model is served."""
        return {"version": service.served.version, "digest": service.served.digest}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return counters for Prometheus."""
        service.meters.in_flight = service.door.inside
        return Response(service.meters.text(), media_type="text/plain; version=0.0.4")


async def _placeholder_answer(request: Request) -> Response:
    """Stand in OpenAPI, and for 405, for a path that `Posts` answers before FastAPI sees it."""
    return _json(404, {"error": "not found"})


async def _not_found(request: Request, trouble: Exception) -> Response:
    """Answer paths and methods that are not there."""
    if not isinstance(trouble, HTTPException):
        return await _internal_error(request, trouble)
    answer = _json(trouble.status_code, {"error": "not found" if trouble.status_code == 404 else "not allowed"})
    answer.headers.update(trouble.headers or {})
    return answer


async def _internal_error(request: Request, trouble: Exception) -> Response:
    """Answer what we did not think of without a word about it; the server logs it."""
    return Response(FAILED, status_code=500, media_type="application/json")


def _json(status: int, content: object) -> Response:
    return Response(encode_json(content), status_code=status, media_type="application/json")


def _describe_route(answer: Answering, body: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI tells of a route whose body we read ourselves."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    schema = _inline_references(schema, schema.pop("$defs", {}))
    return {
        "name": getattr(answer, "__name__", None),
        "summary": answer.__doc__,
        "response_class": Response,
        "responses": {status: {"description": why} for status, why in STATUSES.items()},
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    }


def _inline_references(schema: Any, definitions: Any) -> Any:
    """Return a schema with its references replaced by what they stand for."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline_references(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {key: _inline_references(part, definitions) for key, part in schema.items()}
    return [_inline_references(part, definitions) for part in schema] if isinstance(schema, list) else schema
