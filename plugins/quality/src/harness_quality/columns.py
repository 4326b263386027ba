"""Reads columns of a dataset and refuses values that a quality metric cannot mean anything on."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness import Dataset, HarnessError

Numbers = NDArray[np.float64]
SHOWN = 5
MEANINGS = ", or say what its values mean: `label_values: {fraud: 1, legit: 0}`"


def binary(data: Dataset, role: str) -> Sequence[object]:
    """Return which of 0 and 1 occur in a role's column; refuse any other value by naming it."""
    column = data.column(role)
    values: list[object] = pc.unique(data.rows([column])[column]).to_pylist()
    if any(value not in (0, 1) for value in values):
        shown = ", ".join(sorted(map(repr, values))[:SHOWN])
        more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        raise HarnessError(
            f"dataset {data.name!r}: {role} {column!r} must hold 0 and 1; found {shown}{more}; "
            f"name a 0/1 column as its {role}{MEANINGS if role == 'label' else ''}"
        )
    return values


def numbers(rows: pa.Table, name: str) -> Numbers:
    """Return a column as floats, a missing value as NaN."""
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def weights(rows: pa.Table) -> Numbers:
    """Return the rows' weights, or ones."""
    return numbers(rows, "weight") if "weight" in rows.column_names else np.ones(rows.num_rows)
