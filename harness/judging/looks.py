"""Counts how often new rows of one candidate were judged, and joins them, so that trying again cannot pass by luck."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.values.identity import CANDIDATE
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Run
from harness.values.samples import Sample
from harness.values.statistics import describe_statistic
from harness.values.verdicts import Look, Verdict

MEASURED = ("y", "score")  # what a row of one id must agree in
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A recorded run of the same candidate; `rows` and `lost` say by digest what was read back, or why not."""

    run: Run
    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)

    def sample(self, measurement: Measurement) -> Sample:
        """Return the sample of one of the run's measurements with its rows."""
        digest = measurement.sample.digest or ""
        if digest in self.lost:
            raise HarnessError(f"{measurement.metric!r} was judged before, in run {self.run.id}: {self.lost[digest]}")
        return replace(measurement.sample, rows=self.rows.get(digest)) if digest else measurement.sample


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a requirement is held to: the rows of all looks together, and which look it is."""

    measurement: Measurement
    baseline: Measurement | None = None
    look: Look | None = None


@dataclass(frozen=True, kw_only=True)
class _Glance:
    """One look of an earlier run: its evidence, and the share of alpha it spent."""

    evidence: str
    share: float
    measurement: Measurement
    baseline: Measurement | None
    earlier: Earlier


def has_look_limit(requirement: Requirement, statistic: str) -> bool:
    """Tell whether looks are counted: not where nothing is decided, or the claim is about these very rows."""
    counted = describe_statistic(statistic).looks == "counted"
    return requirement.severity != "info" and requirement.scope != "these" and counted


def take_look(
    requirement: Requirement, measurement: Measurement, baseline: Measurement | None, earlier: Sequence[Earlier]
) -> Seen:
    """Return the rows of this and all earlier looks, joined by id, and the number of this look.

    Evidence that was judged before is no new look: the answer is that of all rows seen so far. Looks are of a metric,
    so a changed threshold starts no new count, and more looks than were planned at first cannot be had afterwards.
    Counts cannot be joined: each look at them is judged alone, and as all looks share alpha, none of them errs more.
    """
    alone = Seen(measurement=measurement, baseline=baseline)
    if not has_look_limit(requirement, measurement.sample.statistic):
        return alone
    past = _past(requirement, measurement, earlier)
    own = _evidence(measurement, baseline)
    others = [glance for glance in past if glance.evidence != own]
    look = Look(number=len(others) + 1, planned=requirement.looks, evidence=(*(g.evidence for g in others), own))
    if _is_spent(requirement, past, own):
        return replace(alone, look=replace(look, spent=True))
    if measurement.sample.rows is None:
        return replace(alone, look=replace(look, alone=True))
    joined = _pool_samples(measurement, [glance.earlier.sample(glance.measurement) for glance in others])
    look = replace(look, joined=_count(joined) - _count(measurement))
    return Seen(measurement=joined, baseline=_pool_baseline(baseline, others), look=look)


def overdrawn(verdict: Verdict, run: Run, runs: Sequence[Run]) -> bool:
    """Tell whether more looks were recorded than planned, as by runs that did not see each other."""
    if not (verdict.look and has_look_limit(verdict.requirement, verdict.statistic)):
        return False
    same = run.measured.get((CANDIDATE, verdict.key), ())
    alike = [Earlier(run=other) for other in runs if _champion(verdict, other) == _champion(verdict, run)]
    return bool(same) and len(_past(verdict.requirement, same[0], alike)) > verdict.look.planned


def _champion(verdict: Verdict, run: Run) -> str | None:
    """Return who a run compared with: another champion is another question."""
    found = run.baselines.get(verdict.requirement.versus or "")
    return found.key if found else None


def _is_spent(requirement: Requirement, past: Sequence[_Glance], own: str) -> bool:
    if own in [glance.evidence for glance in past]:
        return len(past) > requirement.looks
    spent = sum(glance.share for glance in past) + requirement.alpha / requirement.looks
    return len(past) >= requirement.looks or spent > requirement.alpha * (1 + ROUNDING)


def _past(requirement: Requirement, measurement: Measurement, earlier: Sequence[Earlier]) -> Sequence[_Glance]:
    """Return the earlier looks, each evidence once with the most that was spent on it, in order."""
    found: dict[str, _Glance] = {}
    for glance in _glances(requirement, measurement, earlier):
        first = found.setdefault(glance.evidence, glance)
        found[glance.evidence] = replace(first, share=max(first.share, glance.share))
    return list(found.values())


def _glances(requirement: Requirement, measurement: Measurement, earlier: Sequence[Earlier]) -> Iterator[_Glance]:
    """Yield what was judged before, not merely measured."""
    for found in earlier:
        share = _share(requirement, found.run.judged.get(measurement.key, ()))
        own = _find_measurement(measurement, CANDIDATE, found.run)
        other = _find_measurement(measurement, requirement.versus, found.run) if requirement.versus else None
        if share and own and (other or not requirement.versus):
            evidence = _evidence(own, other)
            yield _Glance(evidence=evidence, share=share, measurement=own, baseline=other, earlier=found)


def _share(requirement: Requirement, verdicts: Sequence[Verdict]) -> float:
    """Return the alpha that an earlier run spent on a metric's question, whatever it was then asked to reach."""
    judged = [verdict.requirement for verdict in verdicts if verdict.estimate is not None]
    alike = [asked for asked in judged if asked.versus == requirement.versus]
    same = [asked for asked in alike if _question(asked) == _question(requirement)]
    return max((asked.alpha / asked.looks for asked in same or alike), default=0.0)


def _question(asked: Requirement) -> Requirement:
    return replace(asked, plan_for=None, severity="must", alpha=0.05, looks=1)


def _find_measurement(measurement: Measurement, target: str, run: Run) -> Measurement | None:
    found = run.measured.get((target, measurement.key), ())
    return found[0] if len(found) == 1 else None


def _evidence(measurement: Measurement, baseline: Measurement | None) -> str:
    """Return what names the rows or counts that a look saw, the baseline's as well."""
    samples = [measurement.sample, *([baseline.sample] if baseline else [])]
    return " ".join(sample.digest or _counts(sample) for sample in samples)


def _counts(sample: Sample) -> str:
    """Return counts as text, the same before and after they were written down."""
    return "counts " + " ".join(f"{name}={float(count)!r}" for name, count in sorted(sample.counts.items()))


def _pool_baseline(baseline: Measurement | None, others: Sequence[_Glance]) -> Measurement | None:
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
    other = pc.and_(pc.fill_null(pc.not_equal(now, before), True), pc.invert(missing[0]))
    return pc.or_(pc.xor(*missing), other)
