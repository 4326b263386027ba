"""An alias that does not stand is no version; any other refusal of the registry is told."""

from pathlib import Path

import pytest
from fraud_target.registry import MODEL, Registry
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def test_only_an_alias_that_does_not_stand_is_no_version(tmp_path: Path) -> None:
    registry = Registry(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")

    assert registry.version_of("champion") is None  # no model either
    MlflowClient(registry.tracking_uri, registry.tracking_uri).create_registered_model(MODEL)
    assert registry.version_of("champion") is None
    with pytest.raises(MlflowException, match="Invalid alias name"):
        registry.version_of("bad name!")
