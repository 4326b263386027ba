"""Which columns of rows are judged and may be stored: those that the statistic declares, and no others."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats.columns import CLUSTER, NUMERIC
from harness.values.measurements import Measurement
from harness.values.statistics import describe_statistic

KEPT = ("id", "weight")
SLICE, TEXT = "slice.", "text."
MEASURED = (*NUMERIC, pa.types.is_temporal, pa.types.is_null)


def keep_declared(measurement: Measurement) -> Measurement:
    """Return the measurement on the columns that its statistic declares, sorted by id.

    Kept are also `id`, `weight` and clusters, and as `text.<column>` the columns that the measurement names as text.
    What should be a number or a time and is text is not kept: the measurement has failed.
    """
    rows = measurement.sample.rows
    if rows is None:
        return measurement
    declared = describe_statistic(measurement.sample.statistic).keeps
    names = [n for n in rows.column_names if n in declared or n in KEPT or n.startswith(CLUSTER)]
    wrong = [name for name in sorted(declared & set(names)) if not _is_measured(rows.schema.field(name).type)]
    if wrong:
        message = f"column {wrong[0]!r} must hold numbers; found {rows.schema.field(wrong[0]).type}; convert it first"
        return replace(
            measurement, failure=measurement.failure or message, sample=replace(measurement.sample, rows=None)
        )
    columns = {name: plain(rows[name]) for name in names} | dict(_text_columns(measurement, rows, names))
    return replace(measurement, sample=replace(measurement.sample, rows=_sort_rows(pa.table(columns), names)))


def judged_columns(rows: pa.Table) -> list[str]:
    """Return the columns of rows that are judged: no texts, and no slices."""
    return [name for name in rows.column_names if not name.startswith((SLICE, TEXT))]


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column in the one type that all of its kind are stored in: long integers, doubles, or strings."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_null(kind):
        return column.cast(pa.float64())
    return column.cast(pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind)


def _is_measured(kind: pa.DataType) -> bool:
    return any(is_one(kind) for is_one in MEASURED)


def _text_columns(measurement: Measurement, rows: pa.Table, kept: list[str]) -> Iterator[tuple[str, pa.ChunkedArray]]:
    for name in measurement.text:
        if name not in rows.column_names or name in kept:
            found = (
                "is a column that is judged" if name in kept else f"is not in its rows ({', '.join(rows.column_names)})"
            )
            raise HarnessError(f"{measurement.metric!r} names {name!r} as text, which {found}; correct `text`")
        yield TEXT + name, rows[name].cast(pa.string())


def _sort_rows(rows: pa.Table, names: list[str]) -> pa.Table:
    keys = ["id"] if "id" in names else names
    return rows.sort_by([(name, "ascending") for name in keys]) if keys else rows
