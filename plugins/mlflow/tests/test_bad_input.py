"""What cannot be opened or scored ends in one line that says what was asked, what was found and what to do."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from harness_mlflow import mlflow as connect
from harness_mlflow.model import Model
from harness_mlflow.scoring import as_scores, score_dataset
from sklearn.linear_model import LogisticRegression

from harness import Absent, HarnessError, Identity, UsageError
from harness.testing import dataset

AMOUNTS = {"id": ["a", "b", "c"], "amount": [-1.0, 0.0, 2.0], "hour": [1.0, 2.0, 3.0]}
SUITE = """
name: fraud
data: {{matured: {{source: matured.parquet, id: id}}}}
target: {{kind: mlflow, config: {{data: matured, {config}}}}}
steps: [{{check: rows.mean, with: {{column: score}}, require: {{mean: {{at_least: 0}}}}}}]
"""
Command = Callable[..., Any]


def trouble(kind: type[Exception], model: str, rows: Any = AMOUNTS, **config: Any) -> str:
    """Return the message of the error that opening a model, and scoring rows with it, ends in."""
    with pytest.raises(kind) as raised, connect({"d": dataset(rows, "d")}, data="d", model=model, **config) as target:
        target.dataset("d")
    assert raised.type is kind
    assert "\n" not in str(raised.value)
    return str(raised.value)


def predicting(predict: Callable[[pd.DataFrame], Any]) -> Model:
    return Model(identity=Identity(revision="models:/fraud/3"), required=("amount",), predict=predict)


def saved(model: Any, path: Path, **options: Any) -> str:
    mlflow.sklearn.save_model(
        model, str(path), pip_requirements=["scikit-learn"], serialization_format="cloudpickle", **options
    )
    return str(path)


def test_a_version_that_is_not_there(store: Any) -> None:
    message = trouble(HarnessError, "models:/fraud/99", tracking_uri=store.uri)

    assert message.startswith(
        "model 'models:/fraud/99' cannot be looked up: MlflowException: Model Version (name=fraud, version=99)"
    )
    assert message.endswith("check its name, its version and tracking_uri")


def test_an_alias_or_model_that_never_was_is_absent(store: Any) -> None:
    alias = trouble(Absent, "models:/fraud@nobody", tracking_uri=store.uri)
    model = trouble(Absent, "models:/froud@champion", tracking_uri=store.uri)

    assert re.match(
        r"registered model 'fraud' has no alias 'nobody' \(it has champion.*nothing was promoted yet", alias
    )
    assert "no model 'froud' is registered in MLflow; nothing was promoted yet" == model


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'typo.db'}"

    message = trouble(HarnessError, "models:/fraud@champion", tracking_uri=uri)

    assert f"no MLflow store at '{uri}'; check tracking_uri and registry_uri, or MLFLOW_TRACKING_URI" == message
    assert [] == list(tmp_path.iterdir())


def test_a_store_that_does_not_answer_is_not_absence(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("this is no database" * 100)

    message = trouble(HarnessError, "models:/fraud@champion", tracking_uri=f"sqlite:///{tmp_path / 'broken.db'}")

    assert "cannot be looked up: " in message
    assert "file is not a database" in message


@pytest.mark.parametrize("uri", ["models:/fraud/latest", "models:/fraud/Production", "models:/fraud", "runs:/abc"])
def test_a_name_that_cannot_be_pinned(uri: str) -> None:
    message = trouble(UsageError, uri)

    assert f"model {uri!r} cannot be pinned; name it as models:/NAME/VERSION, models:/NAME@ALIAS, " in message


def test_a_folder_that_holds_no_model(tmp_path: Path) -> None:
    message = trouble(UsageError, str(tmp_path))

    assert f"no model at '{tmp_path}': there is no folder with a file MLmodel; name it as" in message


def test_a_model_whose_file_is_cut_short(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "cut")
    (tmp_path / "cut" / "model.pkl").write_bytes((folder / "model.pkl").read_bytes()[:100])

    message = trouble(HarnessError, str(tmp_path / "cut"))

    assert f"model {tmp_path / 'cut'} does not load: " in message
    assert message.endswith("; install what its requirements.txt lists, or log it again")


def test_a_model_that_needs_what_is_not_installed(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "needs")
    config = tmp_path / "needs" / "MLmodel"
    config.write_text(config.read_text().replace("loader_module: mlflow.sklearn", "loader_module: nowhere_to_be_found"))

    message = trouble(HarnessError, str(tmp_path / "needs"))

    assert "does not load: ModuleNotFoundError: No module named 'nowhere_to_be_found'; install what" in message


def test_columns_that_the_rows_lack(folder: Path) -> None:
    message = trouble(HarnessError, str(folder), {"id": [1], "sum": [2.0]})

    assert f"model {folder} reads 2 columns that dataset 'd' (" in message
    assert "lacks: amount, hour; add them, or name rows made for this model" in message


def test_columns_of_another_type(folder: Path) -> None:
    message = trouble(HarnessError, str(folder), {**AMOUNTS, "hour": ["one", "two", "three"]})

    assert "cannot score dataset 'd': MlflowException: Failed to enforce schema" in message
    assert message.endswith("; make the columns what the model was trained on")


def test_values_that_the_model_refuses(folder: Path) -> None:
    message = trouble(HarnessError, str(folder), {**AMOUNTS, "hour": [1.0, None, 3.0]})

    assert "cannot score dataset 'd': ValueError: Input X contains NaN." in message


def test_rows_without_id(folder: Path) -> None:
    message = trouble(UsageError, str(folder), {"amount": [1.0], "hour": [2.0]})

    assert "dataset 'd' declares no 'id' column; add `id: COLUMN` to it" == message


def test_ids_that_are_used_twice(folder: Path) -> None:
    message = trouble(HarnessError, str(folder), {**AMOUNTS, "id": ["a", "b", "b"]})

    expected = "dataset 'd': 3 rows carry 2 different values of id 'id'; keep one row for each id, as scores are joined"
    assert message.startswith(expected)


def test_a_model_without_signature(tmp_path: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])

    message = trouble(HarnessError, saved(model, tmp_path / "bare"))

    assert "has no signature, so which columns it reads is unknown; log it with signature=infer_signature" in message


@pytest.mark.parametrize(("classes", "shape"), [([0, 1, 2], r"\(3, 3\)"), ([[0, 1], [1, 0], [1, 1]], r"\(3, 2\)")])
def test_predictions_that_are_no_scores(tmp_path: Path, classes: Any, shape: str) -> None:
    several = np.asarray(classes).astype(float) * 5

    with pytest.raises(HarnessError, match=rf"predictions of shape {shape}; a score is one number per row, or the"):
        as_scores(several if several.ndim == 2 else np.tile(several, (3, 1)), 3, "model m cannot score dataset 'd'")


def test_predictions_that_are_words() -> None:
    with pytest.raises(HarnessError, match="a prediction is 'genuine', which is no number; log the model so that it"):
        as_scores(np.array(["genuine", "fraud"]), 2, "model m cannot score dataset 'd'")


def test_predictions_for_other_rows() -> None:
    with pytest.raises(HarnessError, match=r"3 rows gave predictions of shape \(2,\)"):
        as_scores(np.array([0.1, 0.2]), 3, "model m cannot score dataset 'd'")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_scores_that_are_no_numbers_are_counted(tmp_path: Path, bad: Any) -> None:
    model = predicting(lambda rows: np.array([0.1, bad, bad], dtype=object))

    with pytest.raises(HarnessError) as raised:
        score_dataset(dataset(AMOUNTS, "d"), model, tmp_path / "scores.parquet")

    expected = "model models:/fraud/3: 2 of 3 scores of dataset 'd' are NaN or infinite; repair those rows or the model"
    assert expected == str(raised.value)


@pytest.mark.usefixtures("matured")
def test_a_model_that_is_not_there_ends_the_command(project: Path, harness: Command, store: Any) -> None:
    path = project / "fraud.suite.yaml"
    path.write_text(SUITE.format(config=f'model: "models:/fraud/99", tracking_uri: "{store.uri}"'))

    done = harness("run", path, "--out", "out")

    assert (3, "") == (done.code, done.out)
    assert done.err.startswith("error: fraud: model 'models:/fraud/99' cannot be looked up: ")
    assert 1 == len(done.err.splitlines())
    assert not (project / "out").exists()
    assert not (project / ".harness" / "ledger.db").exists()


@pytest.mark.usefixtures("matured")
def test_a_misspelt_key_is_told_before_anything_is_opened(project: Path, harness: Command) -> None:
    path = project / "fraud.suite.yaml"
    path.write_text(SUITE.format(config='model: "models:/fraud/1", tracking_url: "http://127.0.0.1:1"'))

    done = harness("validate", path)

    assert 4 == done.code
    assert "target kind 'mlflow' has no parameter 'tracking_url'; did you mean 'tracking_uri'?" in done.err
