"""A model that cannot be loaded never ends the following of an alias."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pytest
from fraud_target.features import FEATURES
from fraud_target.following import Alias, follow_alias
from fraud_target.limits import Limits
from fraud_target.registry import TRUSTED
from fraud_target.served import load_model
from fraud_target.service import Service
from fraud_target.store import ValkeyStore
from mlflow import MlflowClient
from sklearn.ensemble import HistGradientBoostingClassifier

pytestmark = pytest.mark.heavy
PATIENCE = 120
CHAMPION = "models:/fraud@champion"


def saved(folder: Path) -> Path:
    """Write a small model as the service reads it."""
    random = np.random.default_rng(0)
    rows = random.random((200, len(FEATURES)))
    model = HistGradientBoostingClassifier(max_iter=2).fit(rows, rows[:, 0] > 0.5)
    kept = {"serialization_format": "skops", "skops_trusted_types": TRUSTED, "pip_requirements": []}
    mlflow.sklearn.save_model(model, str(folder), **kept)
    return folder


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    """Return a registry of three versions, the second no archive that anybody reads; the alias is on the first."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    found = MlflowClient(tracking_uri=uri, registry_uri=uri)
    found.create_registered_model("fraud")
    for name in ("good", "broken", "better"):
        found.create_model_version("fraud", str(saved(tmp_path / name)))
    next((tmp_path / "broken").glob("*.skops")).write_bytes(b"no archive")
    found.set_registered_model_alias("fraud", "champion", "1")
    mlflow.set_tracking_uri(uri)
    return found


def test_a_model_that_cannot_be_read_leaves_the_old_one_and_the_next_is_followed(client: MlflowClient) -> None:
    service = Service(load_model(CHAMPION), ValkeyStore("redis://127.0.0.1:1"), Limits())

    async def moved() -> list[str]:
        following = asyncio.create_task(follow_alias(service, Alias(uri=CHAMPION, every=0.05)))
        client.set_registered_model_alias("fraud", "champion", "2")
        await _until(lambda: service.meters.failed_swaps > 0 or following.done())
        seen = [service.served.version]
        client.set_registered_model_alias("fraud", "champion", "3")
        await _until(lambda: service.meters.swaps > 0 or following.done())
        following.cancel()
        return [*seen, service.served.version]

    assert ["models:/fraud/1", "models:/fraud/3"] == asyncio.run(moved())


async def _until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not what():
            await asyncio.sleep(0.02)
