"""The model a service serves: found by its URI, known by the digest of its files, and pinned by it."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from fraud_target.scoring import Score, scorer

ADDED_BY_LOADING = ("registered_model_meta", "__pycache__")
ALIAS = "@"
REGISTERED = "models:/"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model ready to score: its version, the digest of its files, and the digest that was asked for."""

    version: str
    digest: str
    score: Score
    pinned: str | None = None

    @property
    def as_pinned(self) -> bool:
        """Tell whether this is the model that was asked for."""
        return self.pinned in (None, self.digest)


def load_model(uri: str, *, pinned: str | None = None, tracking_uri: str | None = None) -> Served:
    """Return the model behind a URI; an alias is followed to the version it names now."""
    if tracking_uri is not None:
        mlflow.set_tracking_uri(tracking_uri)
    version = resolve_uri(uri)
    with tempfile.TemporaryDirectory(prefix="fraud-model-") as folder:
        copy = Path(mlflow.artifacts.download_artifacts(version, dst_path=folder))
        _without_leftovers(copy)
        digest = manifest_digest(copy)
        classifier = mlflow.sklearn.load_model(str(copy))
    return Served(version=version, digest=digest, score=scorer(classifier), pinned=pinned)


def manifest_digest(folder: Path) -> str:
    """Return `sha256:` of what `sha256sum` prints for all files of a folder, in the byte order of their paths."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def is_alias(uri: str) -> bool:
    """Tell whether what a URI names may move."""
    return uri.startswith(REGISTERED) and ALIAS in uri


def resolve_uri(uri: str) -> str:
    """Return a URI that no longer moves."""
    if not is_alias(uri):
        return uri
    name, _, alias = uri.removeprefix(REGISTERED).partition(ALIAS)
    return f"{REGISTERED}{name}/{MlflowClient().get_model_version_by_alias(name, alias).version}"


def _without_leftovers(copy: Path) -> None:
    """Remove what loading a model leaves beside it."""
    for left in [path for name in ADDED_BY_LOADING for path in copy.rglob(name)]:
        shutil.rmtree(left) if left.is_dir() else left.unlink()
