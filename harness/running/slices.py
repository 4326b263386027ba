"""Splits a measurement by the columns a step names, so that one requirement holds in every slice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.values.measurements import Measurement
from harness.values.samples import Sample

By = Sequence[str | list[str]]


def slice_measurements(
    measurements: Sequence[Measurement], by: By, data: Dataset, required: set[str]
) -> Sequence[Measurement]:
    """Return the measurements as they are, and each split by every group of columns in `by`."""
    groups = [[group] if isinstance(group, str) else group for group in by]
    columns = sorted({column for group in groups for column in group})
    if not columns:
        return measurements
    values = data.rows([data.column("id"), *columns])
    return [part for whole in measurements for part in _parts(whole, groups, values, data.column("id"), required)]


def _parts(
    whole: Measurement, groups: Sequence[list[str]], values: pa.Table, key: str, required: set[str]
) -> Iterator[Measurement]:
    yield whole
    rows = whole.sample.rows
    if rows is None or "id" not in rows.column_names:
        if whole.metric in required:
            raise HarnessError(
                f"{whole.metric!r} cannot be split by {groups[0][0]!r}: its sample keeps no rows with ids"
            )
        return
    at = pc.index_in(rows["id"], values[key].combine_chunks())
    if at.null_count:
        raise HarnessError(f"{at.null_count} ids of {whole.metric!r} are not in the dataset it is split by")
    for group in groups:
        yield from _split(whole, rows, values.select(group), at, group)


def _split(
    whole: Measurement, rows: pa.Table, values: pa.Table, at: pa.Array, group: Sequence[str]
) -> Iterator[Measurement]:
    """Yield the part of every slice of the dataset, also of one in which no row counts for the metric."""
    own = values.take(at)
    every = values.group_by(list(group)).aggregate([]).sort_by([(name, "ascending") for name in group])
    for found in every.to_pylist():
        labels = {name: str(found[name]) for name in group}
        yield replace(whole, labels={**whole.labels, **labels}, sample=_slice_sample(whole, rows, own, found))


def _slice_sample(whole: Measurement, rows: pa.Table, values: pa.Table, found: Mapping[str, object]) -> Sample:
    masks = [_is(values[name], value) for name, value in found.items()]
    return replace(whole.sample, rows=rows.filter(reduce(pc.and_, masks)))


def _is(column: pa.ChunkedArray, value: object) -> pa.ChunkedArray:
    return pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, value), False)
