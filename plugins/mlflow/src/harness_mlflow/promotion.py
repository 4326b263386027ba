"""Tells a gate which version of a registered model is promoted now."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from harness import Absent, UsageError
from harness_mlflow.registry import Store, version_of
from harness_mlflow.troubles import wrap_errors


class Promoted(BaseModel):
    """What a gate says under `promote: {mlflow: ...}`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    model: str
    alias: str
    tracking_uri: str | None = None
    registry_uri: str | None = None


def current(config: Mapping[str, Any]) -> str | None:
    """Return the version the alias points to now, or None if model or alias never were."""
    asked = _parse_config(config)
    store = Store(tracking_uri=asked.tracking_uri, registry_uri=asked.registry_uri)
    with wrap_errors(
        f"MLflow was asked for {asked.model}@{asked.alias}", "check tracking_uri and that the store answers"
    ):
        try:
            return f"models:/{asked.model}/{version_of(asked.model, asked.alias, store)}"
        except Absent:
            return None


def _parse_config(config: Mapping[str, Any]) -> Promoted:
    try:
        return Promoted.model_validate(dict(config))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise UsageError(f"promote: mlflow takes model, alias, tracking_uri, registry_uri; {found}") from error
