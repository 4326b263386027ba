"""Joins the new rows of a candidate with those that were judged before, so that all are judged together."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.judging.corrections import Tally, count_corrected, refuse_rescored, refuse_too_many
from harness.judging.looks import Earlier, Glance, evidence_of, has_look_limit, is_spent, past_looks
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from harness.values.verdicts import Look


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a requirement is held to: the rows of all looks together, and which look it is."""

    measurement: Measurement
    baseline: Measurement | None = None
    look: Look | None = None


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """A measurement on the rows of all looks, and how many of them have another label than before."""

    measurement: Measurement
    tally: Tally = field(default_factory=Tally)


def take_look(
    requirement: Requirement, measurement: Measurement, baseline: Measurement | None, earlier: Sequence[Earlier]
) -> Seen:
    """Return the rows of this and all earlier looks, joined by id, and the number of this look.

    Evidence that was judged before is no new look: the answer is that of all rows seen so far. Looks are of a metric,
    so a changed threshold starts no new count, and what was spent of alpha stays spent whatever is planned afterwards.
    Counts cannot be joined: each look at them is judged alone, and as all looks share alpha, none of them errs more.
    """
    alone = Seen(measurement=measurement, baseline=baseline)
    if not has_look_limit(requirement, measurement.sample.statistic):
        return alone
    past = past_looks(requirement, measurement, earlier)
    own = evidence_of(measurement, baseline)
    others = [glance for glance in past if glance.evidence != own]
    number, evidence = len(others) + 1, (*(glance.evidence for glance in others), own)
    look = Look(number=number, planned=requirement.looks, evidence=evidence, alpha=requirement.alpha_at(number))
    if is_spent(requirement, others):
        return replace(alone, look=replace(look, spent=True))
    if measurement.sample.rows is None:
        return replace(alone, look=replace(look, alone=True))
    joined = _pool_samples(measurement, [(glance.earlier, glance.measurement) for glance in others])
    paired = _pool_baseline(baseline, others)
    corrected = max(pooled.tally.share for pooled in (joined, paired) if pooled)
    look = replace(look, joined=_count(joined.measurement) - _count(measurement), corrected=corrected)
    return Seen(measurement=joined.measurement, baseline=paired.measurement if paired else None, look=look)


def _pool_baseline(baseline: Measurement | None, others: Sequence[Glance]) -> Pooled | None:
    if baseline is None:
        return None
    return _pool_samples(baseline, [(glance.earlier, glance.baseline) for glance in others if glance.baseline])


def _pool_samples(measurement: Measurement, others: Sequence[tuple[Earlier, Measurement]]) -> Pooled:
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


def _count(measurement: Measurement) -> int:
    return measurement.sample.rows.num_rows if measurement.sample.rows is not None else 0


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
    if newer is None or newer.type != keys.type:
        return pa.array([False] * len(keys), pa.bool_())
    return pc.is_in(keys, value_set=newer)


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
