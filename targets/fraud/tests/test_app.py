"""The service answers what is right, refuses what is not with 4xx, and says 503 where it cannot score."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest
from fraud_target.app import create_app
from fraud_target.limits import Limits
from fraud_target.online import History
from fraud_target.payments import Chargeback, Payment
from fraud_target.served import Served
from fraud_target.service import Service
from fraud_target.store import StoreDown

GOOD = {"transaction_id": 1, "tx_time": "2026-03-01T12:00:00", "customer_id": 2, "terminal_id": 3, "amount": 40.5}
CHARGED = ("transaction_id", "tx_time", "terminal_id")
EMPTY = History(spent=b"", seen=b"", frauds=b"")


@dataclass(kw_only=True)
class MemoryStore:
    """A store without histories, that can be down or slow."""

    down: bool = False
    open: asyncio.Event | None = None
    reported: list[Chargeback] = field(default_factory=list)

    async def take(self, payments: Sequence[Payment]) -> Sequence[History]:
        """Return an empty history for each payment."""
        if self.open is not None:
            await self.open.wait()
        if self.down:
            raise StoreDown("the store does not answer: ConnectionError")
        return [EMPTY for _ in payments]

    async def report(self, chargeback: Chargeback) -> None:
        """Remember a fraud."""
        self.reported.append(chargeback)

    async def ready(self) -> bool:
        """Tell whether it is up."""
        return not self.down

    async def close(self) -> None:
        """Do nothing."""


def _score(rows: Any) -> Any:
    return np.asarray(rows)[:, 0] / 1e9


def _served(pinned: str | None = None) -> Served:
    return Served(version="models:/fraud/2", digest="sha256:ab", score=_score, pinned=pinned)


def _asked(
    method: str, path: str, store: MemoryStore | None = None, *, served: Served | None = None,
    limits: Limits | None = None, **request: Any,
) -> httpx.Response:  # fmt: skip
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(served or _served(), store or MemoryStore(), limits))
        async with httpx.AsyncClient(transport=transport, base_url="http://fraud") as client:
            return await client.request(method, path, **request)

    return asyncio.run(ask())


def test_a_payment_is_scored_with_its_features() -> None:
    answer = _asked("POST", "/v1/score", json=GOOD)

    message = {"version": "models:/fraud/2", "digest": "sha256:ab", "fallback": False}
    assert {"transaction_id": 1, "score": 40.5 / 1e9, **message} == answer.json()


def test_a_batch_is_scored_in_its_order() -> None:
    batch = {"payments": [{**GOOD, "transaction_id": n, "amount": float(n)} for n in (3, 1, 2)]}

    answer = _asked("POST", "/v1/score/batch", json=batch)

    assert [(3, 3e-9), (1, 1e-9), (2, 2e-9)] == [(s["transaction_id"], s["score"]) for s in answer.json()["scores"]]


def test_a_chargeback_reaches_the_store() -> None:
    store = MemoryStore()

    answer = _asked(
        "POST",
        "/v1/chargebacks",
        store,
        json={name: GOOD[name] for name in ("transaction_id", "tx_time", "terminal_id")},
    )

    assert (200, 3) == (answer.status_code, store.reported[0].terminal_id)


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "NaN": json.dumps({**GOOD, "amount": float("nan")}).encode(),
    "infinity": json.dumps({**GOOD, "amount": float("inf")}).encode(),
    "minus": json.dumps({**GOOD, "amount": -1}).encode(),
    "1e400": json.dumps(GOOD).encode().replace(b"40.5", b"1e400"),
    "a huge int": json.dumps({**GOOD, "customer_id": 10**40}).encode(),
    "4,999 digits": json.dumps(GOOD).encode().replace(b"40.5", b"9" * 4999),
    "id as text": json.dumps({**GOOD, "customer_id": "2"}).encode(),
    "id as float": json.dumps({**GOOD, "customer_id": 2.0}).encode(),
    "bool as amount": json.dumps({**GOOD, "amount": True}).encode(),
    "id below 0": json.dumps({**GOOD, "terminal_id": -1}).encode(),
    "year 9999": json.dumps({**GOOD, "tx_time": "9999-12-31T23:59:59-12:00"}).encode(),
    "year 1": json.dumps({**GOOD, "tx_time": "0001-01-01T00:00:00+12:00"}).encode(),
    "time as huge int": json.dumps({**GOOD, "tx_time": 10**30}).encode(),
    "missing": json.dumps({"amount": 3}).encode(),
    "unknown key": json.dumps({**GOOD, "__class__": "x"}).encode(),
    "nested": b"[" * 10_000 + b"]" * 10_000,
    "not UTF-8": b'{"amount": "\xff\xfe"}',
    "lone surrogate": json.dumps({**GOOD, "\ud800": 1}).encode(),
    "NUL": json.dumps({**GOOD, "tx_time": "2026-03-01\x00"}).encode(),
}


@pytest.mark.parametrize("path", ["/v1/score", "/v1/score/batch", "/v1/chargebacks"])
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bodies_are_the_callers_fault(path: str, what: str) -> None:
    answer = _asked("POST", path, content=HOSTILE[what])

    assert 422 == answer.status_code
    assert "Traceback" not in answer.text


def test_a_body_of_a_megabyte_is_refused() -> None:
    answer = _asked("POST", "/v1/score", content=b" " * 2**20)

    assert 413 == answer.status_code


def test_a_body_that_hides_its_length_is_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 2**14

    answer = _asked("POST", "/v1/score", content=chunks())

    assert 413 == answer.status_code


def test_a_body_that_never_ends_is_refused_in_time() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answer = _asked("POST", "/v1/score", limits=Limits(body_seconds=0.05), content=slowly())

    assert 408 == answer.status_code


def test_a_batch_that_is_too_long_is_refused() -> None:
    answer = _asked("POST", "/v1/score/batch", json={"payments": [GOOD] * 257})

    assert 422 == answer.status_code


def test_unknown_customers_are_scored_as_new_ones() -> None:
    answer = _asked("POST", "/v1/score", json={**GOOD, "customer_id": 2**53 - 1, "terminal_id": 2**53 - 1})

    assert 200 == answer.status_code


def test_a_store_that_is_down_means_try_again() -> None:
    answer = _asked("POST", "/v1/score", MemoryStore(down=True), json=GOOD)

    assert (503, "1") == (answer.status_code, answer.headers["Retry-After"])
    assert {"error": "the store does not answer: ConnectionError"} == answer.json()


def test_more_requests_than_fit_are_told_to_come_again() -> None:
    async def crowd() -> list[int]:
        store = MemoryStore(open=asyncio.Event())
        transport = httpx.ASGITransport(create_app(_served(), store, Limits(in_flight=3)))
        async with httpx.AsyncClient(transport=transport, base_url="http://fraud") as client:
            asking = [asyncio.create_task(client.post("/v1/score", json=GOOD)) for _ in range(5)]
            async with asyncio.timeout(60):
                while sum(each.done() for each in asking) < 2:
                    await asyncio.sleep(0.01)
            store.open.set()  # type: ignore[union-attr]
            codes = [(await each).status_code for each in asking]
            return [*codes, (await client.post("/v1/score", json=GOOD)).status_code]

    assert [200, 200, 200, 503, 503, 200] == asyncio.run(crowd())


@pytest.mark.parametrize(("key", "status"), [("right", 200), ("wrong", 401), ("", 401), ("ключ".encode(), 401)])
def test_a_service_with_a_key_asks_for_it(key: Any, status: int) -> None:
    answer = _asked("POST", "/v1/score", limits=Limits(api_key="right"), json=GOOD, headers={"X-API-Key": key})

    assert status == answer.status_code


def test_another_model_than_the_pinned_one_scores_nothing() -> None:
    other = _served(pinned="sha256:cd")

    assert 503 == _asked("POST", "/v1/score", served=other, json=GOOD).status_code
    assert 503 == _asked("GET", "/readyz", served=other).status_code
    assert 200 == _asked("GET", "/healthz", served=other).status_code


@pytest.mark.parametrize(("down", "status"), [(False, 200), (True, 503)])
def test_readiness_follows_the_store(down: bool, status: int) -> None:
    assert status == _asked("GET", "/readyz", MemoryStore(down=down)).status_code


def test_the_served_model_is_told_with_its_digest() -> None:
    assert {"version": "models:/fraud/2", "digest": "sha256:ab"} == _asked("GET", "/v1/model").json()


def test_metrics_count_answers_by_path_and_status() -> None:
    async def ask() -> str:
        transport = httpx.ASGITransport(create_app(_served(), MemoryStore()))
        async with httpx.AsyncClient(transport=transport, base_url="http://fraud") as client:
            for body in (GOOD, GOOD, {}):
                await client.post("/v1/score", json=body)
            return (await client.get("/metrics")).text

    text = asyncio.run(ask())

    assert 'fraud_requests_total{path="/v1/score",status="200"} 2.0' in text
    assert 'fraud_requests_total{path="/v1/score",status="422"} 1.0' in text
    assert 'fraud_score_count{version="models:/fraud/2"} 2.0' in text
    assert 'fraud_request_seconds_count{path="/v1/score"} 3.0' in text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nope", 404), ("GET", "/v1/score", 405)])
def test_what_is_not_there_is_said_so(method: str, path: str, status: int, caplog: Callable[..., Any]) -> None:
    assert status == _asked(method, path).status_code


def test_a_declared_fallback_is_answered_while_the_store_is_down_and_says_so() -> None:
    answer = _asked("POST", "/v1/score", MemoryStore(down=True), limits=Limits(fallback_score=0.25), json=GOOD)

    assert (200, 0.25, True) == (answer.status_code, answer.json()["score"], answer.json()["fallback"])


def test_a_fallback_does_not_make_a_service_ready_that_never_met_its_store() -> None:
    answer = _asked("GET", "/readyz", MemoryStore(down=True), limits=Limits(fallback_score=0.25))

    assert 503 == answer.status_code


def test_a_request_in_flight_is_scored_by_the_model_it_came_to() -> None:
    async def swapped() -> list[str]:
        store = MemoryStore(open=asyncio.Event())
        service = Service(_served(), store, Limits())
        asked = asyncio.create_task(service.one(json.dumps(GOOD).encode()))
        await asyncio.sleep(0)
        service.swap(Served(version="models:/fraud/3", digest="sha256:cd", score=_score))
        store.open.set()  # type: ignore[union-attr]
        return [str((await each)["version"]) for each in (asked, service.one(json.dumps(GOOD).encode()))]

    assert ["models:/fraud/2", "models:/fraud/3"] == asyncio.run(swapped())
