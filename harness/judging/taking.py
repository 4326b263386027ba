"""Says which look at a candidate new rows are: the next one, the last one again, or none as too few rows came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.judging.looks import (
    Earlier,
    Glance,
    count_looks,
    distinct_evidence,
    distinct_looks,
    evidence_of,
    glances_of,
    has_look_limit,
    is_spent,
)
from harness.judging.pooling import keep_rows, pool_samples
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.verdicts import Look


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a requirement is held to: the rows of a look, and which it is.

    A pass must hold on what is seen `also`: all that has been seen by now, where a look stands, and the candidate's own
    rows, where those of another one count that scored alike. `corrected` is the share of labels that are others now.
    """

    measurement: Measurement
    baseline: Measurement | None = None
    look: Look | None = None
    corrected: float = 0.0
    also: "tuple[Seen, ...]" = ()


def take_look(
    requirement: Requirement, measurement: Measurement, baseline: Measurement | None, earlier: Sequence[Earlier]
) -> Seen:
    """Return the rows that are judged, joined by id with those of earlier runs, and which look that is.

    A look is taken when the rows have doubled since the last one, or as the requirement says; until then that one
    stands, on the rows it saw. Looks are of a metric, so a changed threshold starts no new count, and what was spent of
    alpha stays spent. Counts cannot be joined: each look at them is judged alone, and as all share alpha, none errs
    more.
    """
    own = Seen(measurement=measurement, baseline=baseline)
    if not has_look_limit(requirement, measurement.sample.statistic):
        return own
    glances, name = glances_of(requirement, measurement, earlier), evidence_of(measurement, baseline)
    looks, seen = distinct_looks(glances), distinct_evidence(glances)
    others = [glance for glance in seen if glance.evidence != name]
    alone = measurement.sample.rows is None
    whole = own if alone else _pool_rows(own, others)
    number = count_looks(looks) + 1
    look = Look(
        number=number,
        planned=requirement.looks,
        evidence=(*(glance.evidence for glance in others), name),
        joined=_count(whole) - _count(own),
        alone=alone,
        alpha=requirement.alpha_at(number),
        size=len(others) + 1 if alone else _count(whole),
        corrected=whole.corrected,
        alike=tuple(sorted({glance.earlier.alike for glance in glances} - {""})),
    )
    if looks and not _is_next(requirement, looks[-1], look, is_new=len(others) == len(seen)):
        found = _return_to_last(requirement, looks, seen, replace(whole, look=look))
    else:
        found = replace(whole, look=replace(look, spent=is_spent(requirement, looks)))
    return found if alone or not look.alike else _add_own_rows(found, own, others)


def _add_own_rows(found: Seen, own: Seen, others: Sequence[Glance]) -> Seen:
    """Return what is seen; beside it the rows of the candidate alone, without those that one scored alike brought."""
    alone = [replace(each, earlier=each.earlier.without_alike()) for each in others if not each.earlier.alike]
    pooled = _pool_rows(own, alone)
    size, joined = _count(pooled), _count(pooled) - _count(own)
    look = found.look and replace(
        found.look, size=size, joined=joined, waiting=0, taken=None, corrected=pooled.corrected
    )
    return replace(found, also=(*found.also, replace(pooled, look=look)))


def _is_next(requirement: Requirement, last: Glance, look: Look, *, is_new: bool) -> bool:
    """Tell whether a look is taken: enough came since the last one, or what that one saw was wrong and is replaced."""
    if look.alone and look.evidence[-1] == last.evidence:
        return False
    return look.size >= requirement.next_look(_size(last)) or (is_new and bool(last.earlier.correction))


def _return_to_last(requirement: Requirement, looks: Sequence[Glance], seen: Sequence[Glance], whole: Seen) -> Seen:
    """Return the last look, taken again on what it saw, and beside it what came since."""
    last, number, after = looks[-1], count_looks(looks), whole.look or looks[-1].look
    then, waiting = _rows_then(whole, last, seen, after)
    look = replace(
        after,
        number=number,
        evidence=last.look.evidence,
        alpha=requirement.alpha_at(number),
        size=_size(last),
        spent=is_spent(requirement, looks[:-1]),
    )
    if not waiting:
        return replace(whole, look=look)
    look = replace(look, joined=0, waiting=waiting, taken=last.earlier.run.as_of)
    return replace(then, look=look, also=(replace(whole, look=replace(look, withdrawn=True)),))


def _rows_then(whole: Seen, last: Glance, seen: Sequence[Glance], after: Look) -> tuple[Seen, int]:
    """Return what a look saw, of all rows those of its evidence or its own counts, and how much came since."""
    if after.alone:
        own = replace(whole.measurement, sample=last.measurement.sample)
        other = replace(whole.baseline, sample=last.baseline.sample) if whole.baseline and last.baseline else None
        came = max(after.size - _size(last), 1) if after.evidence[-1] != last.evidence else 0
        return Seen(measurement=own, baseline=other), came
    then = [glance.earlier for glance in seen if glance.evidence in last.look.evidence]
    baseline = keep_rows(whole.baseline, then) if whole.baseline else None
    found = Seen(measurement=keep_rows(whole.measurement, then), baseline=baseline)
    return found, _count(whole) - _count(found)


def _size(glance: Glance) -> int:
    """Return how much a look saw, also of one that does not say so."""
    sample = glance.earlier.sample(glance.measurement)
    of_rows = sample.rows.num_rows + glance.look.joined if sample.rows is not None else len(glance.look.evidence)
    return glance.look.size or of_rows


def _pool_rows(own: Seen, others: Sequence[Glance]) -> Seen:
    """Return the rows with those of other glances, the baseline's alike."""
    pooled = pool_samples(own.measurement, [(glance.earlier, glance.measurement) for glance in others])
    champions = [(glance.earlier, glance.baseline) for glance in others if glance.baseline]
    paired = pool_samples(own.baseline, champions) if own.baseline else None
    corrected = max(each.tally.share for each in (pooled, paired) if each)
    baseline = paired.measurement if paired else None
    return Seen(measurement=pooled.measurement, baseline=baseline, corrected=corrected)


def _count(seen: Seen) -> int:
    rows = seen.measurement.sample.rows
    return 0 if rows is None else rows.num_rows
