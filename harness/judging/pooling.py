"""Joins the new rows of a candidate with those that were judged before, so that all are judged together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.judging.looks import Earlier, Glance, evidence_of, has_look_limit, is_spent, past_looks
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.samples import Sample
from harness.values.verdicts import Look

MEASURED = ("y", "score")  # what a row of one id must agree in


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a requirement is held to: the rows of all looks together, and which look it is."""

    measurement: Measurement
    baseline: Measurement | None = None
    look: Look | None = None


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
    joined = _pool_samples(measurement, [glance.earlier.sample(glance.measurement) for glance in others])
    look = replace(look, joined=_count(joined) - _count(measurement))
    return Seen(measurement=joined, baseline=_pool_baseline(baseline, others), look=look)


def _pool_baseline(baseline: Measurement | None, others: Sequence[Glance]) -> Measurement | None:
    if baseline is None:
        return None
    return _pool_samples(baseline, [glance.earlier.sample(glance.baseline) for glance in others if glance.baseline])


def _pool_samples(measurement: Measurement, samples: Sequence[Sample]) -> Measurement:
    """Return the measurement on the rows of all samples, each id once, in the order of the ids."""
    if not samples:
        return measurement
    rows = _with_ids(measurement, measurement.sample)
    for sample in samples:
        rows = _join_rows(measurement, rows, _with_ids(measurement, sample))
    ordered = rows.sort_by([("id", "ascending")])
    return replace(measurement, sample=replace(measurement.sample, rows=ordered, digest=None))


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


def _join_rows(measurement: Measurement, rows: pa.Table, others: pa.Table) -> pa.Table:
    ids = rows["id"].combine_chunks()
    try:
        keys = others["id"].cast(ids.type)
    except pa.ArrowException:
        message = f"ids of {measurement.metric!r} are {ids.type} here and {others['id'].type} in an earlier run"
        raise HarnessError(f"{message}, so their rows cannot be joined; use one type") from None
    at = pc.index_in(keys, value_set=ids)
    _refuse_changed(measurement, rows.take(at.drop_null()), others.filter(pc.is_valid(at)))
    new = others.set_column(others.column_names.index("id"), "id", keys).filter(pc.is_null(at))
    if new.num_rows and set(new.column_names) != set(rows.column_names):
        message = f"columns {', '.join(sorted(new.column_names))}; now {', '.join(sorted(rows.column_names))}"
        raise HarnessError(
            f"{measurement.metric!r} was judged before on {message}: such rows cannot be judged together"
        )
    return pa.concat_tables([rows, new.select(rows.column_names)], promote_options="permissive") if len(new) else rows


def _refuse_changed(measurement: Measurement, now: pa.Table, before: pa.Table) -> None:
    for name in MEASURED:
        if name in now.column_names and name in before.column_names:
            changed = now["id"].filter(_differ(now[name], before[name].cast(now[name].type)))
            if len(changed):
                raise HarnessError(
                    f"{measurement.metric!r}: id {changed[0].as_py()!r} had another {name} when it was judged before "
                    f"({len(changed)} such rows); a row does not change, so find out which is right"
                )


def _differ(now: pa.ChunkedArray, before: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell for each pair whether one is another value, or missing, as a person's label may be, where one is not."""
    missing = [pc.is_null(values, nan_is_null=True) for values in (now, before)]
    other = pc.and_(pc.invert(missing[0]), pc.not_equal(now, before))
    return pc.or_(pc.xor(*missing), pc.fill_null(other, False))
