"""Measures what each feature alone knows of the label: one that knows nearly all was written after the outcome.

The rate of the label in a feature's bins is learned on half of the rows and held to the other half, so that a feature
of many values does not seem to know what it only repeats. A missing value is a bin: dates that only frauds have are the
usual leak.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness import Dataset, HarnessError, Measurement, UsageError, literal, samples

BINS = 50
WEIGHT = 10.0  # rows of the whole that a bin's rate is drawn towards
Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]


def measure_leakage(data: Dataset, columns: Sequence[str] | None, rows: int) -> Iterator[Measurement]:
    """Yield the AUC of each feature alone, over at most so many rows, chosen by their id."""
    names = columns or _features(data)
    found = _draw_rows(data, names, rows)
    y = _label(data, found)
    learned = np.arange(len(y)) % 2 == 0
    if len({*y[learned]}) < 2 or len({*y[~learned]}) < 2:
        raise HarnessError(f"dataset {data.name!r}: {len(y)} rows hold too few of one label; give more `rows`")
    own = _role_values(data, found)
    for name in names:
        sample, failure = samples.unmeasured("auc"), ""
        try:
            score = _rates(_codes(found[name], learned), y, learned)
            sample = samples.rows.auc(pa.table({**own, "y": y, "score": score}).filter(pa.array(~learned)))
        except pa.ArrowException:  # lists, structs and the like
            failure = f"column {name!r} is {data.columns[name]}, of which no bins can be made; name other `columns`"
        yield Measurement(
            metric="auc",
            sample=sample,
            better="lower",
            labels={"column": name},
            failure=failure,
        )


def _features(data: Dataset) -> Sequence[str]:
    roles = {*data.roles.single_columns().values(), *data.roles.cluster}
    names = [name for name in data.columns if name not in roles]
    if not names:
        raise UsageError(f"dataset {data.name!r} has no column without a role; name `columns`")
    return names


def _draw_rows(data: Dataset, names: Sequence[str], rows: int) -> pa.Table:
    """Return rows in an order that has nothing to do with time: that of their ids' MD5."""
    roles = data.roles
    wanted = dict.fromkeys([data.column("id"), data.column("label"), *roles.cluster, *names])
    wanted |= {roles.weight: None} if roles.weight else {}
    drawn = "SELECT {wanted} FROM {rows} ORDER BY md5(CAST({id} AS VARCHAR)), {id} LIMIT {most}"
    return data.query(drawn, wanted=list(wanted), most=literal(rows)).table()


def _label(data: Dataset, found: pa.Table) -> Codes:
    data.must_be_binary("label", found[data.column("label")].unique().to_pylist())
    labels: Codes = found[data.column("label")].cast(pa.float64()).to_numpy().astype(np.int64)
    return labels


def _role_values(data: Dataset, found: pa.Table) -> dict[str, pa.ChunkedArray]:
    roles = data.roles
    named = {"id": data.column("id"), **{f"cluster.{name}": name for name in roles.cluster}}
    named |= {"weight": roles.weight} if roles.weight else {}
    return {name: found[column] for name, column in named.items()}


def _codes(values: pa.ChunkedArray, learned: NDArray[np.bool_]) -> Codes:
    """Return the bin of each value: 0 for a missing one."""
    kind = values.type
    if pa.types.is_temporal(kind):
        values = values.cast(pa.timestamp("us"), safe=False) if pa.types.is_timestamp(kind) else values
        short = pa.types.is_date32(kind) or pa.types.is_time32(kind)
        values = pc.cast(values.cast(pa.int32() if short else pa.int64()), pa.float64(), safe=False)
    elif pa.types.is_decimal(kind) or pa.types.is_integer(kind):
        values = values.cast(pa.float64(), safe=False)
    if not pa.types.is_floating(values.type):
        codes = values.cast(pa.string()).combine_chunks().dictionary_encode().indices
        return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False), dtype=np.int64) + 1
    numbers = pc.fill_null(values, np.nan).to_numpy().astype(np.float64)
    known = np.sort(numbers[learned & ~np.isnan(numbers)])
    edges = np.unique(known[np.linspace(0, len(known) - 1, BINS + 1).astype(int)]) if len(known) else known
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right") + 1).astype(np.int64)


def _rates(codes: Codes, y: Codes, learned: NDArray[np.bool_]) -> Numbers:
    """Return the rate of the label that was learned for each row's bin; of a bin never seen, that of all."""
    size = int(codes.max()) + 1
    n = np.bincount(codes[learned], minlength=size)
    k = np.bincount(codes[learned], weights=y[learned], minlength=size)
    rates: Numbers = ((k + WEIGHT * y[learned].mean()) / (n + WEIGHT))[codes]
    return rates
