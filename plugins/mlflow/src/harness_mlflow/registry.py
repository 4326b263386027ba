"""Finds models in an MLflow store: an alias becomes a version once, a URI becomes the place of its files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import RegisteredModel
from mlflow.exceptions import MlflowException

from harness import Absent, HarnessError, UsageError
from harness_mlflow.troubles import wrap_errors

ALIAS = re.compile(r"models:/([^/@]+)@([^/@]+)")
VERSION = re.compile(r"models:/([^/@]+)/(\d+)")
LOGGED = re.compile(r"models:/(m-[^/@]+)")
RUN = re.compile(r"runs:/([^/]+)/(.+)")
FORMS = "models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-ID, runs:/RUN/PATH or a folder"
SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class Store:
    """Where models are registered and kept; what is not named is resolved by MLflow (MLFLOW_TRACKING_URI)."""

    tracking_uri: str | None = None
    registry_uri: str | None = None

    def client(self) -> MlflowClient:
        """Return a client; a store on this machine must exist, as MLflow would create an empty one."""
        _exists(self.tracking_uri or mlflow.get_tracking_uri())
        _exists(self.registry_uri)
        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.registry_uri)


@dataclass(frozen=True, kw_only=True)
class Located:
    """A model that no longer moves: its revision, where its files are, and the names it goes by."""

    revision: str
    files: str
    parts: Mapping[str, str] = field(default_factory=dict)


def locate_model(model: str, store: Store) -> Located:
    """Return where a model's files are; an alias is resolved to the version it points to now."""
    with wrap_errors(f"model {model!r} cannot be looked up", "check its name, its version and tracking_uri"):
        if alias := ALIAS.fullmatch(model):
            return _locate_version(alias[1], version_of(alias[1], alias[2], store), store.client())
        if version := VERSION.fullmatch(model):
            return _locate_version(version[1], version[2], store.client())
        if logged := LOGGED.fullmatch(model):
            return Located(revision=model, files=str(store.client().get_logged_model(logged[1]).artifact_location))
        if run := RUN.fullmatch(model):
            return Located(revision=model, files=_location_in_run(run[1], run[2], store.client()))
    return _elsewhere(model)


def version_of(name: str, alias: str, store: Store) -> str:
    """Return the version an alias points to; a model or alias that is not registered is Absent."""
    registered = _find_registered_model(name, store.client())
    if alias not in registered.aliases:
        known = ", ".join(sorted(registered.aliases)) or "none"
        raise Absent(f"registered model {name!r} has no alias {alias!r} (it has {known}); nothing was promoted yet")
    return str(registered.aliases[alias])


def _find_registered_model(name: str, client: MlflowClient) -> RegisteredModel:
    """Return a registered model; an answer that names none is no MLflow's, and does not mean that there is none."""
    try:
        found = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise Absent(f"no model {name!r} is registered in MLflow; nothing was promoted yet") from error
    if found.name != name:
        raise MlflowException(f"asked for registered model {name!r}, the server answered with {found.name!r}")
    return found


def _locate_version(name: str, version: str, client: MlflowClient) -> Located:
    files = client.get_model_version_download_uri(name, version)
    if not files:
        raise MlflowException(f"asked where the files of version {version} of {name!r} are, the server named no place")
    logged = LOGGED.fullmatch(files)
    place = client.get_logged_model(logged[1]).artifact_location if logged else files
    return Located(revision=f"models:/{name}/{version}", files=str(place), parts={"name": name, "version": version})


def _location_in_run(run: str, path: str, client: MlflowClient) -> str:
    """Return where a run's model is: a logged model of that name, or (MLflow 2) the run's own artifact."""
    info = client.get_run(run).info
    logged = client.search_logged_models([info.experiment_id], filter_string=f"source_run_id = '{run}'")
    named = [model for model in logged if model.name == path]
    if len(named) > 1:
        known = ", ".join(f"models:/{model.model_id}" for model in named)
        raise HarnessError(f"run {run} logged {len(named)} models as {path!r}; name one of {known}")
    return str(named[0].artifact_location) if named else f"{info.artifact_uri}/{path}"


def _elsewhere(model: str) -> Located:
    """Return a folder, or a model by the URI of a file store that MLflow knows."""
    if model.startswith(("models:", "runs:")):
        raise UsageError(f"model {model!r} cannot be pinned; name it as {FORMS}")
    if "://" not in model and not (Path(model) / "MLmodel").is_file():
        raise UsageError(f"no model at {model!r}: there is no folder with a file MLmodel; name it as {FORMS}")
    return Located(revision=model, files=model)


def _exists(uri: str | None) -> None:
    """Refuse a SQLite file that is not there: MLflow would create it, and a typo would look like an empty store."""
    path = unquote(uri.removeprefix(SQLITE).partition("?")[0]) if uri and uri.startswith(SQLITE) else None
    if path and not Path(path).is_file():
        raise HarnessError(f"no MLflow store at {uri!r}; check tracking_uri and registry_uri, or MLFLOW_TRACKING_URI")
