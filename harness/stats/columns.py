"""Read the columns of a sample's rows as checked arrays: nothing missing, nothing infinite."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.errors import HarnessError, did_you_mean
from harness.values.samples import Sample

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
CLUSTER = "cluster."
NUMERIC = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)


def table(sample: Sample) -> pa.Table:
    """Return the rows; refuse a sample that has none."""
    if sample.rows is None:
        raise HarnessError(f"statistic {sample.statistic!r} found no rows; pass rows, one per observation")
    if not sample.rows.num_rows:
        raise HarnessError(
            f"statistic {sample.statistic!r} found zero rows that count here, so nothing is known; collect some, check "
            f"the filters that lead to them, or name the slices that must hold with `where`"
        )
    return sample.rows


def numbers(rows: pa.Table, name: str) -> Numbers:
    """Return a column as floats; refuse what is missing, not a number, NaN or infinite."""
    column = _column(rows, name)
    if not any(is_number(column.type) for is_number in NUMERIC):
        raise HarnessError(f"column {name!r} must hold numbers; found {column.type}; convert it first")
    values = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise HarnessError(f"column {name!r} has {bad} of {len(values)} values missing, NaN or infinite; fix them")
    return values


def present(rows: pa.Table, name: str) -> None:
    """Refuse a column in which a value is missing, NaN or infinite."""
    column = _column(rows, name)
    if pa.types.is_floating(column.type):
        numbers(rows, name)
    elif column.null_count:
        raise HarnessError(f"column {name!r} is missing in {column.null_count} of {len(column)} rows; fix them")


def outcomes(rows: pa.Table) -> Numbers:
    """Return `y` as zeros and ones; refuse anything else."""
    y = numbers(rows, "y")
    other = y[(y != 0) & (y != 1)]
    if other.size:
        raise HarnessError(f"column 'y' must hold 0 or 1; found {other[0]:g} in {other.size} of {y.size} rows")
    return y


def weights(rows: pa.Table) -> Numbers:
    """Return `weight`, or ones; refuse negative weights and a zero total."""
    if "weight" not in rows.column_names:
        return np.ones(rows.num_rows)
    found = numbers(rows, "weight")
    if found.min() < 0 or not found.sum():
        raise HarnessError(f"column 'weight' must be 0 or more and not all 0; the least is {found.min():g}")
    return found


def clusters(rows: pa.Table) -> Mapping[str, Codes]:
    """Return the codes of each `cluster.<name>` column by its full name; refuse rows that belong to none."""
    return {name: _codes(rows, name) for name in rows.column_names if name.startswith(CLUSTER)}


def _codes(rows: pa.Table, name: str) -> Codes:
    column = _column(rows, name)
    missing = _missing(column)
    if missing:
        raise HarnessError(f"column {name!r} is missing in {missing} of {len(column)} rows; give each row its group")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = pa.chunked_array([column.combine_chunks()]).dictionary_encode().chunk(0)
    return np.asarray(encoded.indices.to_numpy(), dtype=np.int64)


def _missing(column: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.is_null(column, nan_is_null=True)).as_py())


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in rows.column_names:
        raise HarnessError(f"no column {name!r} in the rows{did_you_mean(name, rows.column_names)}")
    return rows[name]


def with_numbers(sample: Sample, name: str, values: Numbers) -> Sample:
    """Return the sample with other numbers in a column of its rows; they have no digest yet."""
    rows = table(sample)
    at = rows.column_names.index(name)
    return replace(sample, rows=rows.set_column(at, name, pa.array(values, pa.float64())), digest=None)


def pair_rows(candidate: Sample, baseline: Sample) -> tuple[pa.Table, pa.Table]:
    """Return both tables in the candidate's order, row by row of the same id; refuse duplicates and unpaired ids."""
    left, right = table(candidate), table(baseline)
    ids, others = _ids(left, "candidate"), _ids(right, "baseline")
    if others.type != ids.type:
        others = _cast_ids(others, ids.type)
    _refuse_unpaired(ids, others, "baseline")
    _refuse_unpaired(others, ids, "candidate")
    _refuse_other_clusters(left, right)
    return left, right.take(pc.index_in(ids, value_set=others.combine_chunks()))


def _refuse_other_clusters(left: pa.Table, right: pa.Table) -> None:
    one, other = ({name for name in rows.column_names if name.startswith(CLUSTER)} for rows in (left, right))
    if one != other:
        found = f"{', '.join(sorted(one)) or 'none'} for the candidate and {', '.join(sorted(other)) or 'none'}"
        raise HarnessError(f"a comparison needs the same clusters; found {found} for the baseline; declare both alike")


def refuse_other(name: str, values: Numbers, others: Numbers) -> None:
    """Refuse a baseline that has another value of a column for the same id: two models are compared on one truth."""
    changed = int((values != others).sum())
    if changed:
        raise HarnessError(
            f"a comparison needs the same {name!r} for the same id; found {changed} of {len(values)} rows that have "
            f"another in the baseline; measure both on the same rows"
        )


def _ids(rows: pa.Table, side: str) -> pa.ChunkedArray:
    ids = _column(rows, "id")
    doubled = len(ids) - pc.count_distinct(ids, mode="all").as_py()
    missing = _missing(ids)
    if doubled or missing:
        found = f"{doubled} duplicate and {missing} missing ids"
        raise HarnessError(f"a comparison pairs rows by id; found {found} in the {side}; give each row its own")
    return ids


def _cast_ids(ids: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    try:
        return ids.cast(wanted)
    except pa.ArrowException as problem:
        raise HarnessError(
            f"ids are {wanted} for the candidate and {ids.type} for the baseline; use one type"
        ) from problem


def _refuse_unpaired(ids: pa.ChunkedArray, partners: pa.ChunkedArray, side: str) -> None:
    alone = ids.filter(pc.invert(pc.is_in(ids, value_set=partners.combine_chunks())))
    if len(alone):
        shown = ", ".join(str(each) for each in alone[:3].to_pylist())
        raise HarnessError(
            f"a comparison pairs rows by id; found {len(alone)} of {len(ids)} ids without a partner in the {side}: "
            f"{shown}; measure both on the same rows"
        )
