"""A real MLflow store on SQLite with two versions of one model, and rows to score."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

FEATURES = ["amount", "hour"]
REQUIRED = ["scikit-learn", "skops"]
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What the tests know of the store: version 1 is linear and the champion, version 2 is boosted."""

    uri: str
    run: str
    logged: str
    linear: LogisticRegression

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.uri)


def payments(n: int, *, seed: int = 0) -> pa.Table:
    """Return seeded payments: id, amount, hour, channel and a label that the amount explains."""
    chance = np.random.default_rng(seed)
    amount = chance.normal(size=n)
    return pa.table(
        {
            "id": np.arange(n) + 1_000_000 * seed,
            "amount": amount,
            "hour": chance.integers(0, 24, n).astype(float),
            "channel": np.array(["web", "pos"])[chance.integers(0, 2, n)],
            "label": (amount + chance.normal(size=n) > 0).astype(int),
        }
    )


def inputs() -> pd.DataFrame:
    frame: pd.DataFrame = payments(300, seed=9).select(FEATURES).to_pandas()
    return frame


def labels() -> Any:
    return payments(300, seed=9)["label"].to_numpy()


@contextmanager
def tracking_to(uri: str) -> Iterator[None]:
    """Let MLflow's global functions use a store; afterwards process and environment are as they were."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        mlflow.set_tracking_uri(uri)
        yield
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # its annotation forgets how to unset it


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("training", str(folder / "artifacts"))
    run = client.create_run(experiment).info.run_id
    client.create_registered_model("fraud")
    linear = LogisticRegression().fit(inputs(), labels())
    boosted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(inputs(), labels())
    with tracking_to(uri):
        first = _register(client, run, linear, "linear")
        _register(client, run, boosted, "boosted")
    client.set_registered_model_alias("fraud", "champion", "1")
    return Registered(uri=uri, run=run, logged=first, linear=linear)


def _register(client: MlflowClient, run: str, model: Any, name: str) -> str:
    with mlflow.start_run(run_id=run):
        logged = mlflow.sklearn.log_model(
            model,
            name=name,
            signature=infer_signature(inputs(), model.predict_proba(inputs())),
            pyfunc_predict_fn="predict_proba",
            pip_requirements=REQUIRED,
            serialization_format="skops",
            skops_trusted_types=TRUSTED,
        )
    client.create_model_version("fraud", logged.model_uri, run_id=run, model_id=logged.model_id)
    return str(logged.model_id)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The linear model as a folder of files; tests that change it copy it first."""
    path = tmp_path_factory.mktemp("saved") / "model"
    mlflow.sklearn.save_model(
        LogisticRegression().fit(inputs(), labels()),
        str(path),
        signature=infer_signature(inputs()),
        pyfunc_predict_fn="predict_proba",
        pip_requirements=REQUIRED,
        serialization_format="cloudpickle",
    )
    return path


@pytest.fixture
def tracked(store: Registered) -> Iterator[MlflowClient]:
    """The store as the one that MLflow itself resolves."""
    with tracking_to(store.uri):
        yield store.client


@pytest.fixture
def matured(project: Path) -> Path:
    """400 payments as `matured.parquet` and as many others as `validation.parquet`, in the project."""
    pq.write_table(payments(400), project / "matured.parquet")
    pq.write_table(payments(400, seed=1), project / "validation.parquet")
    return project / "matured.parquet"
