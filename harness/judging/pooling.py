"""Joins the new rows of a candidate with those that were judged before, so that all are judged together."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.judging.corrections import Tally, count_corrected, refuse_rescored, refuse_too_many
from harness.judging.looks import Earlier
from harness.values.measurements import Measurement
from harness.values.samples import Sample


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """A measurement on the rows of all looks, and how many of them have another label than before."""

    measurement: Measurement
    tally: Tally = field(default_factory=Tally)


def pool_samples(measurement: Measurement, others: Sequence[tuple[Earlier, Measurement]]) -> Pooled:
    """Return the measurement on the rows of all looks, each id once as it was seen last, in the order of the ids."""
    if not others:
        return Pooled(measurement=measurement)
    rows, tally = _with_ids(measurement, measurement.sample), Tally()
    for earlier, before in reversed(others):
        rows, again = _join_rows(measurement, rows, _with_ids(measurement, earlier.sample(before)), earlier)
        tally += again
    ordered = rows.sort_by([("id", "ascending")])
    pooled = replace(measurement, sample=replace(measurement.sample, rows=ordered, digest=None))
    return Pooled(measurement=pooled, tally=tally)


def keep_rows(measurement: Measurement, runs: Sequence[Earlier]) -> Measurement:
    """Return the measurement on those of its rows alone whose ids some earlier runs saw."""
    rows = measurement.sample.rows
    seen = pa.array([False] * rows.num_rows, pa.bool_())
    for known in (known for earlier in runs for known in earlier.ids.get(measurement.target, ())):
        seen = pc.or_(seen, known.among(_cast_ids(measurement, rows, known.ids.type)))
    return replace(measurement, sample=replace(measurement.sample, rows=rows.filter(seen)))


def _with_ids(measurement: Measurement, sample: Sample) -> pa.Table:
    if sample.rows is None or "id" not in sample.rows.column_names:
        raise HarnessError(
            f"{measurement.metric!r} was judged before on other rows, and without ids the new cannot be told from the "
            f"old, so they cannot be judged together; give the rows an id, or judge a new candidate"
        )
    if pc.count_distinct(sample.rows["id"], mode="all").as_py() != sample.rows.num_rows:
        raise HarnessError(
            f"{measurement.metric!r} was judged before on other rows, and ids that occur twice cannot be joined; "
            f"keep one row for each id"
        )
    return sample.rows


def _join_rows(measurement: Measurement, rows: pa.Table, others: pa.Table, earlier: Earlier) -> tuple[pa.Table, Tally]:
    """Return the rows with those that only an earlier run saw, and how many it saw with another label."""
    ids = rows["id"].combine_chunks()
    keys = _cast_ids(measurement, others, ids.type)
    at = pc.index_in(keys, value_set=ids)
    left = pc.and_(pc.is_null(at), _is_newer(keys, measurement, earlier))
    tally = _compare_rows(measurement, rows.take(at.drop_null()), others.filter(pc.is_valid(at)), earlier, left)
    new = others.set_column(others.column_names.index("id"), "id", keys)
    new = new.filter(pc.and_(pc.is_null(at), pc.invert(left)))
    if new.num_rows and set(new.column_names) != set(rows.column_names):
        message = f"columns {', '.join(sorted(new.column_names))}; now {', '.join(sorted(rows.column_names))}"
        raise HarnessError(
            f"{measurement.metric!r} was judged before on {message}: such rows cannot be judged together"
        )
    if not len(new):
        return rows, tally
    return pa.concat_tables([rows, new.select(rows.column_names)], promote_options="permissive"), tally


def _cast_ids(measurement: Measurement, others: pa.Table, kind: pa.DataType) -> pa.Array:
    try:
        return others["id"].cast(kind).combine_chunks()
    except pa.ArrowException:
        message = f"ids of {measurement.metric!r} are {kind} here and {others['id'].type} in an earlier run"
        raise HarnessError(f"{message}, so their rows cannot be joined; use one type") from None


def _is_newer(keys: pa.Array, measurement: Measurement, earlier: Earlier) -> pa.Array:
    """Tell which rows were seen since and no longer belong to the metric, as their label is another one."""
    newer = earlier.newer.get(measurement.target)
    if newer is None or newer.ids.type != keys.type:
        return pa.array([False] * len(keys), pa.bool_())
    return newer.among(keys)


def _compare_rows(measurement: Measurement, now: pa.Table, before: pa.Table, earlier: Earlier, left: pa.Array) -> Tally:
    """Return how many rows have another label; too many, or another score, need a correction that says why."""
    statistic, gone = measurement.sample.statistic, int(pc.sum(left).as_py() or 0)
    tally = count_corrected(statistic, now, before) + Tally(again=gone, corrected=gone)
    if not earlier.correction:
        message = earlier.rescored.get(measurement.target)
        if message:
            raise HarnessError(message)
        refuse_rescored(measurement.metric, statistic, now, before)
        refuse_too_many(measurement.metric, tally)
    return tally
