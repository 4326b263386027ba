"""Says which version of a registered model is promoted now, and promotes another."""

import time
from collections.abc import Mapping
from typing import Any

from mlflow.exceptions import MlflowException
from pydantic import BaseModel, ConfigDict, ValidationError

from harness import Absent, HarnessError, Identity, UsageError
from harness_mlflow.model import files_digest, whole_digest
from harness_mlflow.registry import VERSION, Store, locate_model, version_of
from harness_mlflow.troubles import wrap_errors

TRANSIENT = ("BAD_REQUEST", "INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds


class Promoted(BaseModel):
    """What a gate says under `promote: {mlflow: ...}`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    model: str
    alias: str
    tracking_uri: str | None = None
    registry_uri: str | None = None

    @property
    def store(self) -> Store:
        """Return where the model is registered."""
        return Store(tracking_uri=self.tracking_uri, registry_uri=self.registry_uri)


def current(config: Mapping[str, Any]) -> str | None:
    """Return the version the alias points to now, or None if model or alias never were."""
    asked = parse_config(config)
    with wrap_errors(
        f"MLflow was asked for {asked.model}@{asked.alias}", "check tracking_uri and that the store answers"
    ):
        try:
            return f"models:/{asked.model}/{version_of(asked.model, asked.alias, asked.store)}"
        except Absent:
            return None


def move(config: Mapping[str, Any], identity: Identity) -> None:
    """Point the alias at the version that was judged; one whose files are others now is refused, and nothing moves."""
    asked = parse_config(config)
    version = judged_version(asked, identity)
    found = whole_digest(locate_model(identity.revision, asked.store), asked.store)
    if found != identity.digest:
        raise HarnessError(
            f"{identity.revision} was judged as {identity.digest}, its files are {found} now; judge what is there"
        )
    with wrap_errors(f"{asked.model}@{asked.alias} was not moved to version {version}", "check that you may set it"):
        set_alias(asked, version)


def read_back(config: Mapping[str, Any]) -> Identity | None:
    """Return the version the alias points to now, with the digest of its files, or None if it never was."""
    revision = current(config)
    return _held(revision, parse_config(config).store) if revision else None


def set_alias(asked: Promoted, version: str) -> None:
    """Point the alias at a version, and again where a store on Postgres answers 400 to one of two who set a new one."""
    client = asked.store.client()
    for pause in PAUSES:
        try:
            return client.set_registered_model_alias(asked.model, asked.alias, version)
        except MlflowException as error:
            if error.error_code not in TRANSIENT:
                raise
            time.sleep(pause)
    return client.set_registered_model_alias(asked.model, asked.alias, version)


def judged_version(asked: Promoted, identity: Identity) -> str:
    """Return the number of the version that was judged; HarnessError if it is none of the model, or only declared."""
    version = VERSION.fullmatch(identity.revision)
    if version is None or version[1] != asked.model:
        message = f"{identity.revision} is no version of the registered model {asked.model!r}"
        raise HarnessError(f"{message}; register it, and judge it as models:/{asked.model}/VERSION")
    if identity.digest is None:
        raise HarnessError(f"{identity.revision} is only declared, without digest; judge the model itself")
    return version[2]


def _held(revision: str, store: Store) -> Identity:
    """Return a version with the digest of the files that the store holds for it."""
    found = locate_model(revision, store)
    return Identity(revision=found.revision, digest=files_digest(found, store), parts=found.parts)


def parse_config(config: Mapping[str, Any]) -> Promoted:
    """Return what the gate says of the registry; UsageError names what it should not say."""
    try:
        return Promoted.model_validate(dict(config))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise UsageError(f"promote: mlflow takes model, alias, tracking_uri, registry_uri; {found}") from error
