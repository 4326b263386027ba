"""Scores a dataset batch by batch into a parquet file of ids and scores, which SQL joins to the rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harness import Dataset, HarnessError, column, rows_of
from harness_mlflow.model import Model
from harness_mlflow.troubles import wrap_errors

Scores = NDArray[np.float64]
SUMS_TO_ONE = 1e-3
CLASSES = 2


def score_dataset(data: Dataset, model: Model, file: Path) -> Dataset:
    """Return the dataset with the model's scores, its digest that of the original rows; `file` keeps the scores."""
    unusable = _write(data, model, file)
    if unusable:
        raise HarnessError(
            f"model {model.identity.revision}: {unusable} of {data.size} scores of dataset {data.name!r} are NaN or "
            f"infinite; repair those rows or the model"
        )
    _ids_are_unique(data, file)
    return _join_scores(data, file)


def as_scores(predictions: object, rows: int, what: str) -> Scores:
    """Return one number per row: predictions that are one already, or column 1 of two classes' probabilities."""
    found = np.asarray(predictions)
    if found.shape == (rows, CLASSES) and _are_probabilities(found):
        return _numbers(found[:, 1], what)
    if found.shape in ((rows,), (rows, 1)):
        return _numbers(found.reshape(rows), what)
    raise HarnessError(
        f"{what}: {rows} rows gave predictions of shape {found.shape}; a score is one number per row, or the "
        f"probabilities of two classes (log the model with pyfunc_predict_fn='predict_proba')"
    )


def _write(data: Dataset, model: Model, file: Path) -> int:
    """Write ids and scores, one batch in memory at a time; return how many scores are not finite."""
    key, inputs, unusable = data.column("id"), model.inputs(data), 0
    with pq.ParquetWriter(file, _schema(data, key)) as writer:
        for batch in data.batches(list(dict.fromkeys([key, *inputs]))):
            scores = _predict_batch(batch.select(inputs), model, data)
            writer.write_batch(pa.record_batch([batch[key], pa.array(scores)], schema=writer.schema))
            unusable += int(np.count_nonzero(~np.isfinite(scores)))
    return unusable


def _schema(data: Dataset, key: str) -> pa.Schema:
    first = data.query("SELECT {id} FROM {rows} LIMIT 1").table()
    return pa.schema([("id", first.schema.types[0]), ("score", pa.float64())])


def _predict_batch(batch: pa.RecordBatch, model: Model, data: Dataset) -> Scores:
    what = f"model {model.identity.revision} cannot score dataset {data.name!r}"
    with wrap_errors(what, "make the columns what the model was trained on"):
        return as_scores(model.predict(batch.to_pandas()), batch.num_rows, what)


def _are_probabilities(found: NDArray[np.generic]) -> bool:
    """Tell whether the two columns sum to one; rows that are NaN are counted elsewhere."""
    if not np.issubdtype(found.dtype, np.number):
        return False
    sums = found.astype(np.float64).sum(axis=1)
    return bool(np.all(~np.isfinite(sums) | (np.abs(sums - 1) < SUMS_TO_ONE)))


def _numbers(found: NDArray[np.generic], what: str) -> Scores:
    try:
        return found.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise HarnessError(
            f"{what}: a prediction is {found.tolist()[0]!r}, which is no number; log the model so that it predicts "
            f"probabilities (pyfunc_predict_fn='predict_proba')"
        ) from error


def _ids_are_unique(data: Dataset, file: Path) -> None:
    scored = "SELECT count(*) AS n, count(DISTINCT id) AS ids FROM ({scores})"
    counts = data.query(scored, scores=rows_of(str(file))).one()
    if counts["n"] != counts["ids"]:
        raise HarnessError(
            f"dataset {data.name!r}: {counts['n']} rows carry {counts['ids']} different values of id "
            f"{data.column('id')!r}; keep one row for each id, as scores are joined by it"
        )


def _join_scores(data: Dataset, file: Path) -> Dataset:
    name = data.new_name("score", "score of model")
    joined = data.query(
        "SELECT d.*, s.score AS {name} FROM {rows} d JOIN ({scores}) s ON d.{id} = s.id",
        name=column(name),
        scores=rows_of(str(file)),
    )
    return replace(data, sql=joined.sql).with_roles(score=name)
