"""Which version a gate is told is promoted now."""

from pathlib import Path
from typing import Any

import pytest
from harness_mlflow import harness_promoters

from harness import HarnessError, UsageError


def current(**config: Any) -> str | None:
    return harness_promoters()["mlflow"].current(config)


def test_an_alias_stands_for_a_version(store: Any) -> None:
    assert "models:/fraud/1" == current(model="fraud", alias="champion", tracking_uri=store.uri)


def test_what_was_never_promoted_is_none(store: Any) -> None:
    assert current(model="fraud", alias="nobody", tracking_uri=store.uri) is None
    assert current(model="froud", alias="champion", tracking_uri=store.uri) is None


def test_a_store_that_is_not_there_is_no_first_promotion(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"no MLflow store at 'sqlite:///.*typo.db'"):
        current(model="fraud", alias="champion", tracking_uri=f"sqlite:///{tmp_path / 'typo.db'}")


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(
        UsageError, match="promote: mlflow takes model, alias, tracking_uri, registry_uri; stage: Extra"
    ):
        current(model="fraud", alias="champion", stage="Production")
