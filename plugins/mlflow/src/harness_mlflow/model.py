"""Opens a model from a copy of its files, whose digest proves which model made the scores."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow.pyfunc import PyFuncModel
from mlflow.types.schema import Schema

from harness import Dataset, HarnessError, Identity, digest_folder
from harness_mlflow.registry import Located, Store
from harness_mlflow.troubles import wrap_errors

META = "registered_model_meta"  # MLflow writes it beside MLmodel when it loads a registered model
COMPILED = "__pycache__"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded model: who it is, which columns it reads, and what it predicts."""

    identity: Identity
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    predict: Callable[[pd.DataFrame], object]

    def missing(self, data: Dataset) -> Sequence[str]:
        """Return the columns that the model reads and a dataset lacks."""
        columns = data.columns
        return [name for name in self.required if name not in columns]

    def inputs(self, data: Dataset) -> Sequence[str]:
        """Return the columns of a dataset that the model reads."""
        if missing := self.missing(data):
            raise HarnessError(
                f"model {self.identity.revision} reads {len(missing)} columns that dataset {data.name!r} ({data.uri}) "
                f"lacks: {', '.join(missing)}; add them, or name rows made for this model"
            )
        return [*self.required, *(name for name in self.optional if name in data.columns)]


def load_model(found: Located, store: Store, columns: Sequence[str] | None, folder: Path) -> Model:
    """Return a model loaded from a copy of its files below a folder."""
    copy = _remove_traces(_download_files(found, store, folder))
    digest = digest_folder(copy)
    with wrap_errors(
        f"model {found.revision} does not load", "install what its requirements.txt lists, or log it again"
    ):
        model = mlflow.pyfunc.load_model(str(copy))
    schema = None if columns else _schema(model, found.revision)
    return Model(
        identity=Identity(revision=found.revision, digest=digest, parts={**found.parts, **_parts(model)}),
        required=tuple(map(str, schema.required_input_names()) if schema else columns or ()),
        optional=tuple(map(str, schema.optional_input_names()) if schema else ()),
        predict=model.predict,
    )


def files_digest(found: Located, store: Store) -> str:
    """Return the digest of a model's files as the store holds them; nothing is loaded."""
    with TemporaryDirectory() as folder:
        return digest_folder(_remove_traces(_download_files(found, store, Path(folder))))


def whole_digest(found: Located, store: Store) -> str:
    """Return the digest of a model's files as the store holds them; compiled Python is refused, as none covers it."""
    with TemporaryDirectory() as folder:
        copy = _download_files(found, store, Path(folder))
        if compiled := next(copy.rglob(COMPILED), None):
            place = compiled.relative_to(copy).as_posix()
            message = f"model {found.revision} holds compiled Python in {place}, maybe of other code than was judged"
            raise HarnessError(f"{message}; delete it from {found.files}")
        return digest_folder(_remove_traces(copy))


def _download_files(found: Located, store: Store, folder: Path) -> Path:
    """Return a copy of the model's files."""
    with wrap_errors(f"the files of model {found.revision} cannot be read", "check that its artifacts are still there"):
        got = mlflow.artifacts.download_artifacts(found.files, dst_path=str(folder), tracking_uri=store.tracking_uri)
    copy = Path(got)
    if not (copy / "MLmodel").is_file():
        raise HarnessError(f"model {found.revision} has no file MLmodel; log it again, or name the folder that has one")
    return copy


def _remove_traces(copy: Path) -> Path:
    """Return a copy without what loading a model leaves beside it, so that no such file is ever loaded."""
    (copy / META).unlink(missing_ok=True)
    for left in list(copy.rglob(COMPILED)):
        shutil.rmtree(left)
    return copy


def _schema(model: PyFuncModel, revision: str) -> Schema:
    """Return the named columns that a model's signature takes."""
    signature = model.metadata.signature
    schema: Schema | None = signature.inputs if signature else None
    if schema is None or schema.is_tensor_spec():
        found = "has no signature" if schema is None else "takes a tensor without column names"
        raise HarnessError(
            f"model {revision} {found}, so which columns it reads is unknown; log it with "
            f"signature=infer_signature(inputs, predictions), or list them in the target's `columns`"
        )
    return schema


def _parts(model: PyFuncModel) -> dict[str, str]:
    flavors = ", ".join(sorted(name for name in model.metadata.flavors if name != "python_function"))
    parts = {"run_id": model.metadata.run_id, "model_id": model.metadata.model_id, "flavor": flavors or "pyfunc"}
    return {name: str(value) for name, value in parts.items() if value}
