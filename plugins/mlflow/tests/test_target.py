"""What the kind `mlflow` opens, how it names what it opened, and how it scores rows."""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from harness_mlflow import mlflow as connect
from harness_mlflow.model import Model
from harness_mlflow.target import Scorer
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from harness import Dataset, Identity, OperatingPoint, digest_folder
from harness.testing import dataset

AMOUNTS = {"id": ["a", "b", "c"], "amount": [-1.0, 0.0, 2.0], "hour": [1.0, 2.0, 3.0]}
README = Path(__file__).parents[1] / "README.md"
BATCH = 65_536


def counting(sizes: list[int], score: Callable[[pd.DataFrame], Any] = lambda rows: rows["amount"]) -> Model:
    """Return a model that notes how many rows it is given at a time."""

    def predict(rows: pd.DataFrame) -> Any:
        sizes.append(len(rows))
        return score(rows)

    return Model(identity=Identity(revision="counting"), required=("amount",), predict=predict)


def scorer(tmp_path: Path, model: Model, point: OperatingPoint | None = None, **rows: Any) -> Scorer:
    tables = {name: dataset(table, name) for name, table in rows.items()}
    return Scorer(datasets=tables, model=model, own=next(iter(rows)), point=point, folder=tmp_path)


def scores(data: Dataset) -> dict[Any, float]:
    rows = data.rows([data.column("id"), data.column("score")])
    return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def test_every_way_to_name_a_model_opens_the_same_files(store: Any) -> None:
    rows = {"d": dataset(AMOUNTS, "d")}
    uris = ["models:/fraud/1", "models:/fraud@champion", f"models:/{store.logged}", f"runs:/{store.run}/linear"]

    opened = []
    for uri in uris:
        with connect(rows, data="d", model=uri, tracking_uri=store.uri) as target:
            opened.append((target.identity(), scores(target.dataset("d"))))

    assert 1 == len({who.digest for who, _ in opened})
    assert ["models:/fraud/1", "models:/fraud/1", *uris[2:]] == [who.revision for who, _ in opened]
    own = store.linear.predict_proba(pd.DataFrame(AMOUNTS)[["amount", "hour"]])[:, 1]
    assert all(found == dict(zip("abc", own, strict=True)) for _, found in opened)


def test_a_folder_needs_no_store(folder: Path, project: Path) -> None:
    with connect({"d": dataset(AMOUNTS, "d")}, data="d", model=str(folder)) as target:
        target.dataset("d").rows()

    assert ["pyproject.toml"] == [path.name for path in project.iterdir()]


def test_the_digest_is_what_the_command_in_the_readme_says(folder: Path) -> None:
    command = re.search(r"^ *(find .*?sha256sum)$", README.read_text(), re.DOTALL | re.MULTILINE)
    assert command

    said = subprocess.run(command[1], shell=True, cwd=folder, capture_output=True, text=True, check=True).stdout

    assert f"sha256:{said.split()[0]}" == digest_folder(folder)


def test_the_digest_changes_with_one_byte_and_not_with_loading(folder: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same", tmp_path / "other"
    shutil.copytree(folder, same)
    shutil.copytree(folder, other)
    (same / "registered_model_meta").write_text("model_name: fraud\n")
    (same / "__pycache__").mkdir()
    (same / "__pycache__" / "own.pyc").write_bytes(b"left by an import")
    with (other / "requirements.txt").open("a") as file:
        file.write("\n")

    digests = []
    for path in (folder, same, other):
        with connect({"d": dataset(AMOUNTS, "d")}, data="d", model=str(path)) as target:
            digests.append(target.identity().digest)

    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_text_and_whole_numbers_are_scored_as_they_were_trained(tmp_path: Path, folder: Path) -> None:
    rows = {"id": [1, 2], "channel": ["web", "pos"], "age": [30, 40]}
    inputs = pd.DataFrame(rows)[["channel", "age"]]
    text = make_column_transformer((OneHotEncoder(), ["channel"]), remainder="passthrough")
    model = make_pipeline(text, LogisticRegression()).fit(inputs, [0, 1])
    path = _saved(model, tmp_path / "text", inputs)

    with connect({"d": dataset(rows, "d")}, data="d", model=path) as target:
        found = scores(target.dataset("d"))

    assert dict(zip([1, 2], model.predict_proba(inputs)[:, 1], strict=True)) == found


def test_rows_are_scored_in_batches(tmp_path: Path) -> None:
    sizes: list[int] = []
    rows = {"id": np.arange(2 * BATCH + 5), "amount": np.arange(2 * BATCH + 5, dtype=float)}
    target = scorer(tmp_path, counting(sizes), d=rows)

    found = target.dataset("d")

    assert max(sizes) <= BATCH
    assert 2 * BATCH + 5 == sum(sizes) == found.size
    assert scores(found) == dict(zip(rows["id"].tolist(), rows["amount"].tolist(), strict=True))


def test_rows_are_scored_once_for_many_threads(tmp_path: Path) -> None:
    sizes: list[int] = []
    target = scorer(tmp_path, counting(sizes), d=AMOUNTS)
    start = threading.Barrier(8)

    def ask(_: int) -> Dataset:
        start.wait()
        return target.dataset("d")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))

    assert [3] == sizes
    assert 1 == len({data.sql for data in found})


def test_scores_go_with_ids_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    target = scorer(tmp_path, counting([]), d=AMOUNTS)

    backwards = target.dataset("d").rows().sort_by([("amount", "descending")])

    assert backwards["amount"].to_pylist() == backwards["score"].to_pylist()


def test_a_column_named_score_is_kept(tmp_path: Path) -> None:
    target = scorer(tmp_path, counting([]), d={**AMOUNTS, "score": [7.0, 8.0, 9.0]})

    found = target.dataset("d")

    assert "score of model" == found.column("score")
    assert [7.0, 8.0, 9.0] == sorted(found.rows()["score"].to_pylist())


def test_other_rows_are_scored_where_the_model_can(tmp_path: Path) -> None:
    with_columns, without = {"id": [8], "amount": [1.0]}, {"id": [9], "name": ["x"]}
    target = scorer(tmp_path, counting([]), d=AMOUNTS, other=with_columns, names=without)

    assert "score" == target.dataset("other").roles.score
    assert target.datasets["names"] == target.dataset("names")


def test_an_alert_rate_scores_the_rows_it_is_taken_on(tmp_path: Path) -> None:
    point = OperatingPoint.model_validate({"alert_rate": 0.5, "from": "past"})
    past = {"id": ["x", "y"], "amount": [0.5, 1.5]}
    target = scorer(tmp_path, counting([]), point, d=AMOUNTS, past=past)

    found = target.dataset("d").rows()

    assert {-1.0: 0, 0.0: 0, 2.0: 1} == dict(zip(*(found[n].to_pylist() for n in ("score", "decision")), strict=True))
    assert target.dataset("past").roles.decision is None


def test_an_empty_table_is_left_to_the_host(tmp_path: Path) -> None:
    empty = pa.table({"id": pa.array([], pa.int64()), "amount": pa.array([], pa.float64())})

    assert 0 == scorer(tmp_path, counting([]), d=empty).dataset("d").size


def test_the_copy_and_the_scores_are_gone_when_the_target_is_closed(folder: Path) -> None:
    with connect({"d": dataset(AMOUNTS, "d")}, data="d", model=str(folder)) as target:
        place = target.folder  # type: ignore[attr-defined]
        target.dataset("d")

    assert not place.exists()


def test_columns_can_be_listed_for_a_model_without_signature(folder: Path, tmp_path: Path) -> None:
    model = LogisticRegression().fit(pd.DataFrame(AMOUNTS)[["amount"]], [0, 1, 1])
    path = _saved(model, tmp_path / "bare", None)

    with connect({"d": dataset(AMOUNTS, "d")}, data="d", model=path, columns=["amount"]) as target:
        assert 3 == len(scores(target.dataset("d")))


def _saved(model: Any, path: Path, inputs: pd.DataFrame | None) -> str:
    import mlflow

    mlflow.sklearn.save_model(
        model,
        str(path),
        signature=None if inputs is None else infer_signature(inputs),
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["scikit-learn"],
        serialization_format="cloudpickle",
    )
    return str(path)
