"""Reads columns of a dataset and refuses values that a quality metric cannot mean anything on."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness import Dataset

Numbers = NDArray[np.float64]


def binary(data: Dataset, role: str) -> Sequence[object]:
    """Return which of 0 and 1 occur in a role's column, which may hold nothing else."""
    column = data.column(role)
    values: list[object] = pc.unique(data.rows([column])[column]).to_pylist()
    data.must_be_binary(role, values)
    return values


def numbers(rows: pa.Table, name: str) -> Numbers:
    """Return a column as floats, a missing value as NaN."""
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def weights(rows: pa.Table) -> Numbers:
    """Return the rows' weights, or ones."""
    return numbers(rows, "weight") if "weight" in rows.column_names else np.ones(rows.num_rows)
