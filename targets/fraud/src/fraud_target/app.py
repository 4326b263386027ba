"""The scoring service: payments in, scores out, within limits."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import numpy as np
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from fraud_target.limits import Door, Limits, Refused
from fraud_target.meters import Meters
from fraud_target.online import features_of
from fraud_target.payments import Chargeback, Payment, Payments
from fraud_target.served import Served
from fraud_target.store import FeatureStore, StoreDown

Body = TypeVar("Body", bound=BaseModel)
Answer = Callable[[Request], Awaitable[object]]
STATUSES = {401: "No key.", 408: "Too slow.", 413: "Too large.", 422: "Not a payment.", 503: "Try again later."}
TOLD = 5  # errors of one body


class Service:
    """One model, one store, one door."""

    def __init__(self, served: Served, store: FeatureStore, limits: Limits) -> None:
        self.served, self.store = served, store
        self.door, self.meters = Door(limits), Meters(served.version)

    async def one(self, request: Request) -> object:
        """Score one payment."""
        payment = _parsed(Payment, await self.door.body(request))
        return (await self._scored([payment]))[0]

    async def many(self, request: Request) -> object:
        """Score payments, each after those before it."""
        payments = _parsed(Payments, await self.door.body(request)).payments
        return {"scores": await self._scored(payments)}

    async def chargeback(self, request: Request) -> object:
        """Remember that a payment was fraud."""
        found = _parsed(Chargeback, await self.door.body(request))
        await self.store.report(found)
        return {"transaction_id": found.transaction_id}

    async def readiness(self) -> str | None:
        """Return why the service must not get traffic, if so."""
        if not self.served.as_pinned:
            return f"serving {self.served.digest}, pinned is {self.served.pinned}"
        return None if await self.store.ready() else "the store does not answer, or holds no whole history"

    async def _scored(self, payments: Sequence[Payment]) -> list[dict[str, object]]:
        if not self.served.as_pinned:
            raise Refused(503, "the served model is not the pinned one")
        histories = await self.store.take(payments)
        rows = np.array([features_of(*pair) for pair in zip(payments, histories, strict=True)])
        scores = self.served.score(rows).tolist()
        self.meters.scored(scores)
        version = self.served.version
        pairs = zip(payments, scores, strict=True)
        return [{"transaction_id": payment.transaction_id, "score": s, "version": version} for payment, s in pairs]


def create_app(served: Served, store: FeatureStore, limits: Limits | None = None) -> FastAPI:
    """Return the service as an ASGI application."""
    service = Service(served, store, limits or Limits())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await store.close()

    app = FastAPI(title="fraud", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    for path, answer, body in (
        ("/v1/score", service.one, Payment),
        ("/v1/score/batch", service.many, Payments),
        ("/v1/chargebacks", service.chargeback, Chargeback),
    ):
        app.add_api_route(path, partial(_posted, service, path, answer), methods=["POST"], **_described(answer, body))
    _add_looks(app, service)
    app.add_exception_handler(HTTPException, _not_found)
    return app


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
        service.meters.in_flight.set(service.door.inside)
        return Response(service.meters.text(), media_type="text/plain; version=0.0.4")


async def _posted(service: Service, path: str, answer: Answer, request: Request) -> Response:
    """Answer within the limits; whatever is refused is told in one sentence."""
    with service.meters.timed(path):
        try:
            with service.door.entered(request):
                response = _json(200, await answer(request))
        except Refused as refusal:
            response = _refusal(refusal.status, refusal.why, retry=refusal.retry)
        except StoreDown as trouble:
            response = _refusal(503, str(trouble), retry=True)
    service.meters.answered(path, response.status_code)
    return response


async def _not_found(request: Request, trouble: Exception) -> Response:
    """Answer paths and methods that are not there."""
    status = trouble.status_code if isinstance(trouble, HTTPException) else 500
    return _refusal(status, "not found" if status == 404 else "not allowed", retry=False)


def _parsed(kind: type[Body], body: bytes) -> Body:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise Refused(422, "; ".join(told[:TOLD])) from None


def _refusal(status: int, why: str, *, retry: bool) -> Response:
    response = _json(status, {"error": why})
    if retry:
        response.headers["Retry-After"] = "1"
    if status in (408, 413):  # part of the body is still on its way
        response.headers["Connection"] = "close"
    return response


def _json(status: int, content: object) -> Response:
    return Response(json.dumps(content, allow_nan=False), status_code=status, media_type="application/json")


def _described(answer: Answer, body: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI tells of a route whose body we read ourselves."""
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    schema = _inlined(schema, schema.pop("$defs", {}))
    return {
        "name": answer.__name__,
        "summary": answer.__doc__,
        "response_class": Response,
        "responses": {status: {"description": why} for status, why in STATUSES.items()},
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    }


def _inlined(schema: Any, definitions: Any) -> Any:
    """Return a schema with its references replaced by what they stand for."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {key: _inlined(part, definitions) for key, part in schema.items()}
    return [_inlined(part, definitions) for part in schema] if isinstance(schema, list) else schema
