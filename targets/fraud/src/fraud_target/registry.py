"""Trained models as versions of one registered MLflow model."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo

from fraud_target.features import FEATURES
from fraud_target.model import Trained

MODEL = "fraud"
ALIAS_UNKNOWN = re.compile(r"alias .* not found", re.IGNORECASE)
REQUIRED = ("scikit-learn", "skops", "numpy", "pandas")
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


@dataclass(frozen=True, kw_only=True)
class Registry:
    """An MLflow store; `artifacts` is where a store without a server keeps its models."""

    tracking_uri: str
    artifacts: str | None = None

    def version_of(self, alias: str) -> str | None:
        """Return the version an alias stands for, if any."""
        try:
            return str(self._client().get_model_version_by_alias(MODEL, alias).version)
        except MlflowException as refusal:
            if _says_unknown(refusal):
                return None
            raise

    def register(self, trained: Trained, *, alias: str, parameters: Mapping[str, object], rows: pd.DataFrame) -> str:
        """Log a model, register it as a new version, and point the alias at it."""
        client = self._client()
        mlflow.set_tracking_uri(self.tracking_uri)
        run = client.create_run(self._experiment(client), run_name=alias)
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics({"threshold": trained.threshold, **_validation(trained)})
            logged = _log(trained, rows)
        made = client.create_model_version(
            _ensure_registered_model(client), logged.model_uri, run_id=run.info.run_id, model_id=logged.model_id
        )
        client.set_registered_model_alias(MODEL, alias, made.version)
        return str(made.version)

    def _client(self) -> MlflowClient:
        """Return a client of this store."""
        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def _experiment(self, client: MlflowClient) -> str:
        """Return the id of our experiment, made when missing."""
        found = client.get_experiment_by_name(MODEL)
        return str(found.experiment_id if found else client.create_experiment(MODEL, self.artifacts))


def _says_unknown(refusal: MlflowException) -> bool:
    """Tell whether there is no such model or alias; SQL stores say the latter as they say any wrong parameter."""
    if refusal.error_code == "RESOURCE_DOES_NOT_EXIST":
        return True
    return refusal.error_code == "INVALID_PARAMETER_VALUE" and bool(ALIAS_UNKNOWN.search(refusal.message))


def _ensure_registered_model(client: MlflowClient) -> str:
    """Return the name of our registered model, made when missing."""
    if not client.search_registered_models(f"name = '{MODEL}'"):
        client.create_registered_model(MODEL)
    return MODEL


def _validation(trained: Trained) -> dict[str, float]:
    """Return the validation figures under the names MLflow shows."""
    return {f"validation_{name}": value for name, value in asdict(trained.validation).items()}


def _log(trained: Trained, rows: pd.DataFrame) -> ModelInfo:
    """Log the classifier so that it is served as probabilities, without asking the index what it needs."""
    inputs = rows[list(FEATURES)]
    logged: ModelInfo = mlflow.sklearn.log_model(
        trained.classifier,
        name="model",
        signature=infer_signature(inputs, trained.classifier.predict_proba(inputs)),
        pyfunc_predict_fn="predict_proba",
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIRED],
        serialization_format="skops",
        skops_trusted_types=TRUSTED,
    )
    return logged
