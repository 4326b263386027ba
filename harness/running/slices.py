"""Splits a measurement by the columns a step names, so that one requirement holds in every slice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.records.contract import SLICE, judged_columns, plain
from harness.records.partition import Codes, Group, number_groups, split_rows
from harness.records.row_digests import RowDigests
from harness.tables.profiles import kind_of
from harness.values.measurements import Measurement
from harness.values.statistics import describe_statistic

By = Sequence[str | list[str]]
MISSING = "(missing)"
MOST = 5_000  # slices of a step: each is judged, shown and recorded


@dataclass(frozen=True, kw_only=True)
class _Groups:
    """The slices of a dataset by one or more columns: the number of each row's, and their values in order."""

    columns: Sequence[str]
    codes: Codes
    values: Sequence[Group]


@dataclass(frozen=True, kw_only=True)
class _Slicing:
    """A dataset's ids (of column `key`), the words of the columns it is split by, and its slices by each group."""

    key: str
    ids: pa.Array
    words: Mapping[str, pa.ChunkedArray]
    splits: Sequence[_Groups]


def slice_measurements(
    measurements: Sequence[Measurement], by: By, data: Dataset, required: set[str]
) -> Sequence[Measurement]:
    """Return the measurements as they are, and each split by every group of columns in `by`.

    A missing value is the slice `(missing)`, a boolean `true` or `false`; others are as DuckDB casts them.
    """
    groups = [[group] if isinstance(group, str) else group for group in by]
    if not groups:
        return measurements
    slicing = _read_slicing(data, groups)
    return [part for whole in measurements for part in _split_whole(whole, slicing, required)]


def _read_slicing(data: Dataset, groups: Sequence[Sequence[str]]) -> _Slicing:
    names = sorted({name for group in groups for name in group})
    for name in names:
        if data.columns.get(name, "").endswith(("]", ")")) and kind_of(data.columns[name]) is None:
            raise HarnessError(
                f"`by` {name!r} is {data.columns[name]}, and rows are split by plain values; name a column of text, "
                f"numbers, times or true and false"
            )
    key, texts = data.column("id"), [f"words {at}" for at in range(len(names))]
    for text, name in zip(texts, names, strict=True):
        data = data.with_column(text, "CAST({name} AS VARCHAR)", name=name)
    rows = data.rows(list(dict.fromkeys([key, *names, *texts])))
    orders = {name: _words_in_order(name, rows, text) for name, text in zip(names, texts, strict=True)}
    words = {name: pc.fill_null(rows[text], MISSING) for name, text in zip(names, texts, strict=True)}
    splits = [_number_slices(group, words, orders, rows.num_rows) for group in groups]
    _refuse_too_many(sum(len(split.values) for split in splits), groups)
    return _Slicing(key=key, ids=plain(rows[key]).combine_chunks(), words=words, splits=splits)


def _words_in_order(name: str, rows: pa.Table, text: str) -> Sequence[str]:
    """Return the values of a column as words, in the order of the values; missing ones come last."""
    codes = pc.dictionary_encode(rows[text], null_encoding="encode").combine_chunks().indices.to_numpy()
    first = rows.select([name, text]).take(np.unique(codes, return_index=True)[1])
    found = first.sort_by(name)[text].to_pylist()
    if None in found and MISSING in found:
        raise HarnessError(
            f"column {name!r} has rows without a value and rows of the word {MISSING!r}, which would be one slice; "
            f"write that word in another way"
        )
    _refuse_too_many(len(found), [[name]])
    return [MISSING if word is None else word for word in found]


def _number_slices(
    group: Sequence[str], words: Mapping[str, pa.ChunkedArray], orders: Mapping[str, Sequence[str]], size: int
) -> _Groups:
    codes, values = number_groups([words[name] for name in group], [orders[name] for name in group], size)
    return _Groups(columns=group, codes=codes, values=values)


def _refuse_too_many(count: int, groups: Sequence[Sequence[str]]) -> None:
    if count > MOST:
        named = ", ".join(" and ".join(group) for group in groups)
        raise HarnessError(
            f"`by` {named} makes {count:,} slices, and at most {MOST:,} are judged in one step; "
            f"make bands of the values and name that column, or split the step"
        )


def _split_whole(whole: Measurement, slicing: _Slicing, required: set[str]) -> Iterator[Measurement]:
    """Yield the whole with the slices that its rows are in, and its slices."""
    rows = whole.sample.rows
    if rows is None or "id" not in rows.column_names or not describe_statistic(whole.sample.statistic).keeps:
        if whole.metric in required and not whole.failure:
            name = slicing.splits[0].columns[0]
            raise HarnessError(f"{whole.metric!r} cannot be split by {name!r}: its sample keeps no rows with ids")
        yield whole
        return
    parts = f"cluster.{slicing.key}"  # rows that are parts of the dataset's rows, as tokens are, name theirs
    at = pc.index_in(rows[parts if parts in rows.column_names else "id"], slicing.ids)
    if at.null_count:
        raise HarnessError(f"{at.null_count} ids of {whole.metric!r} are not in the dataset it is split by")
    for name, words in slicing.words.items():
        rows = rows.append_column(SLICE + name, words.take(at))
    yield replace(whole, sample=replace(whole.sample, rows=rows))
    for split in slicing.splits:
        yield from _slices(whole, rows.select(judged_columns(rows)), split, split.codes[np.asarray(at)])


def _slices(whole: Measurement, rows: pa.Table, split: _Groups, codes: Codes) -> Iterator[Measurement]:
    """Yield the part of every slice of the dataset, also of one in which no row counts for the metric."""
    parts = split_rows(rows, codes, split.values)
    digests = RowDigests(parts.rows)
    for values, (start, stop) in parts.bounds.items():
        where = dict(zip(split.columns, values, strict=True))
        sample = replace(whole.sample, rows=parts.part(values), digest=digests.of(start, stop), where=where)
        yield replace(whole, labels={**whole.labels, **where}, text=(), sample=sample)
