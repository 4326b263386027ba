"""Counts how often new rows of one candidate were judged, so that trying again cannot pass by luck."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.values.identity import CANDIDATE
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Run
from harness.values.samples import Sample
from harness.values.statistics import describe_statistic
from harness.values.verdicts import Look, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.judging.ids import KnownIds

ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A recorded run of the same candidate; `rows` and `lost` say by digest what was read back, or why not.

    By target, `newer` are the ids that were seen again since, `newer_own` those that this candidate saw again itself,
    and `rescored` says that scores are others now. A `correction` is why somebody recorded that rows of this run were
    wrong. `alike` names another candidate whose scores are the same, so that both are one.
    """

    run: Run
    rows: "Mapping[str, pa.Table]" = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    newer: "Mapping[str, KnownIds]" = field(default_factory=dict)
    newer_own: "Mapping[str, KnownIds]" = field(default_factory=dict)
    rescored: Mapping[str, str] = field(default_factory=dict)
    correction: str = ""
    alike: str = ""

    def sample(self, measurement: Measurement) -> Sample:
        """Return the sample of one of the run's measurements with its rows."""
        digest = measurement.sample.digest or ""
        if digest in self.lost:
            raise HarnessError(f"{measurement.metric!r} was judged before, in run {self.run.id}: {self.lost[digest]}")
        return replace(measurement.sample, rows=self.rows.get(digest)) if digest else measurement.sample

    def without_alike(self) -> "Earlier":
        """Return the run as it stands where only the candidate's own runs count."""
        return replace(self, newer=self.newer_own)

    @cached_property
    def ids(self) -> "Mapping[str, Sequence[KnownIds]]":
        """Return by target the ids that the run's step saw, whichever metric they were of: one for each type."""
        from harness.judging.ids import gather_ids  # noqa: PLC0415 - Arrow costs, and a gate reads no rows

        names = dict.fromkeys((each.target, each.sample.digest) for each in self.run.measurements)
        return gather_ids((target, self.rows.get(digest)) for target, digest in names if digest)


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What an earlier run judged: its evidence, the look that it took or that stood, and the alpha spent on that."""

    evidence: str
    look: Look
    share: float
    measurement: Measurement
    baseline: Measurement | None
    earlier: Earlier


def has_look_limit(requirement: Requirement, statistic: str) -> bool:
    """Tell whether looks are counted: not where nothing is decided, or the claim is about these very rows."""
    counted = describe_statistic(statistic).looks == "counted"
    return requirement.severity != "info" and requirement.scope != "these" and counted


def overdrawn(verdict: Verdict, run: Run, runs: Sequence[Run]) -> bool:
    """Tell whether more was spent than alpha, as by runs that did not see each other."""
    if not (verdict.look and has_look_limit(verdict.requirement, verdict.statistic)):
        return False
    same = run.measured.get((CANDIDATE, verdict.key), ())
    keys = {run.candidate.key, *verdict.look.alike}
    own = [other for other in runs if other.candidate.key in keys]
    alike = [Earlier(run=other) for other in own if _champion(verdict, other) == _champion(verdict, run)]
    looks = distinct_looks(glances_of(verdict.requirement, same[0], alike)) if same else ()
    return _exceeds(verdict.requirement, _spend(looks))


def look_alpha(requirement: Requirement, look: Look | None) -> float:
    """Return the share of alpha at which a look is judged; without one, as the first."""
    if look is None:
        return requirement.alpha_at(1)
    return look.alpha or requirement.alpha_at(look.number)


def _champion(verdict: Verdict, run: Run) -> str | None:
    """Return who a run compared with: another champion is another question."""
    found = run.baselines.get(verdict.requirement.versus or "")
    return found.key if found else None


def is_spent(requirement: Requirement, others: Sequence[Glance]) -> bool:
    """Tell whether a look beside others is more than was planned, or its share of alpha more than is left."""
    number = count_looks(others) + 1
    is_planned = requirement.looks is None or number <= requirement.looks
    return not is_planned or _exceeds(requirement, _spend(others) + requirement.alpha_at(number))


def _spend(looks: Sequence[Glance]) -> float:
    return sum(glance.share for glance in looks)


def _exceeds(requirement: Requirement, share: float) -> bool:
    return share > requirement.alpha * (1 + ROUNDING)


def distinct_looks(glances: Sequence[Glance]) -> Sequence[Glance]:
    """Return each look once, with the most that was spent on it, in order: the first glance of each took it."""
    found: dict[tuple[str, ...], Glance] = {}
    for glance in glances:
        first = found.setdefault(glance.look.evidence, glance)
        found[glance.look.evidence] = replace(first, share=max(first.share, glance.share))
    return list(found.values())


def count_looks(looks: Sequence[Glance]) -> int:
    """Return how many looks were taken, also where not all of them are at hand."""
    return max([len(looks), *(glance.look.number for glance in looks)])


def distinct_evidence(glances: Sequence[Glance]) -> Sequence[Glance]:
    """Return each evidence once, as it was judged last, in that order; by the candidate itself, not by one alike."""
    found: dict[str, Glance] = {}
    for glance in glances:
        before = found.get(glance.evidence)
        if before is None or before.earlier.alike or not glance.earlier.alike:
            found.pop(glance.evidence, None)
            found[glance.evidence] = glance
    return list(found.values())


def glances_of(requirement: Requirement, measurement: Measurement, earlier: Sequence[Earlier]) -> Sequence[Glance]:
    """Return what was judged before, not merely measured."""
    return list(_glances(requirement, measurement, earlier))


def _glances(requirement: Requirement, measurement: Measurement, earlier: Sequence[Earlier]) -> Iterator[Glance]:
    for found in earlier:
        verdicts = _alike(requirement, found.run.judged.get(measurement.key, ()))
        own = _find_measurement(measurement, CANDIDATE, found.run)
        other = _find_measurement(measurement, requirement.versus, found.run) if requirement.versus else None
        if verdicts and own and (other or not requirement.versus):
            verdict = max(verdicts, key=_share)
            evidence = evidence_of(own, other)
            look = verdict.look or Look(number=1)
            look = look if look.evidence else replace(look, evidence=(evidence,))
            share = _share(verdict)
            yield Glance(evidence=evidence, look=look, share=share, measurement=own, baseline=other, earlier=found)


def _share(verdict: Verdict) -> float:
    return look_alpha(verdict.requirement, verdict.look)


def _alike(requirement: Requirement, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """Return what an earlier run judged of a metric's question, whatever it was then asked to reach."""
    judged = [verdict for verdict in verdicts if verdict.estimate is not None]
    alike = [verdict for verdict in judged if verdict.requirement.versus == requirement.versus]
    return [verdict for verdict in alike if _question(verdict.requirement) == _question(requirement)] or alike


def _question(asked: Requirement) -> tuple[object, ...]:
    """Return what is asked of the metric, whatever is planned and risked for the answer."""
    return asked.metric, asked.bound, asked.versus, asked.where, asked.scope


def _find_measurement(measurement: Measurement, target: str, run: Run) -> Measurement | None:
    found = run.measured.get((target, measurement.key), ())
    return found[0] if len(found) == 1 else None


def evidence_of(measurement: Measurement, baseline: Measurement | None) -> str:
    """Return what names the rows or counts that a look saw, the baseline's as well."""
    samples = [measurement.sample, *([baseline.sample] if baseline else [])]
    return " ".join(sample.digest or _counts(sample) for sample in samples)


def _counts(sample: Sample) -> str:
    """Return counts as text, the same before and after they were written down."""
    return "counts " + " ".join(f"{name}={float(count)!r}" for name, count in sorted(sample.counts.items()))
