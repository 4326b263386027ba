"""Derives the verdicts of a recorded run again, from its measurements and the rows kept of them."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version

from harness.gating.derivations import Derivation, Difference
from harness.judging.judge import judge_requirements
from harness.records.digests import run_digest
from harness.records.evidence_store import Bundle
from harness.records.history import read_rows, recall_runs
from harness.values.identity import CANDIDATE, short_digest
from harness.values.keys import MetricKey
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Run
from harness.values.verdicts import Estimate, Verdict

CLOSE = 1e-9
SOURCES, ENVIRONMENT = "; sources ", "; environment "


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a run is derived with: the recorded runs of its candidate, oldest first, and where their rows are kept.

    `corrections` say, by id of a run, why its rows were wrong; `plugins` are the versions installed now, and
    `environments` the digests of what isolated ones have here, if it is built. `erased_before` names the files of which
    rows were erased before the run was recorded.
    """

    runs: Sequence[Run]
    evidence_store: Bundle
    corrections: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)
    erased_before: Collection[str] = ()


def derive_run(run: Run, records: Records) -> Derivation:
    """Return a run with its verdicts derived again, and where they are others than recorded.

    A verdict agrees if its outcome is the same and its value and bounds are within 1e-9. An error that is recorded
    stays one. `run` is held to the digest that it states.
    """
    if run_digest(run) != run.digest:
        broken = f"run {run.id} has not the digest that it states: the record was changed; run the suite again"
        return Derivation(run=run, broken=broken)
    earlier = {other.id: other for other in records.runs}
    gone = [id for id in run.earlier or () if id not in earlier]
    if gone:
        message = f"run {gone[0]}, which {run.id} was judged together with, is not in this ledger"
        broken = f"{message}; decide on the ledger that it was run with, or restore that"
        return Derivation(run=run, broken=broken)
    before = [earlier[id] for id in run.earlier] if run.earlier is not None else _recorded_before(run, records.runs)
    measurements, unread = _restore_rows(run.measurements, records.evidence_store)
    derived = [
        verdict
        for step in dict.fromkeys(verdict.step for verdict in run.verdicts)
        for verdict in _judge_step(step, run, measurements, before, records)
    ]
    found = _compare_verdicts(run, derived, unread, _erased_steps(run, before, records.evidence_store.purged))
    changed = _changed_sources(run, records.plugins)
    unkept = {each.key for each in measurements if each.sample.digest and not each.sample.file}
    return replace(
        found,
        versions=_other_versions(run, records.plugins),
        changed_sources=changed,
        environments=_other_environments(run, records.environments),
        erased_before=_erased_steps(run, before, records.erased_before),
        unkept=frozenset(unkept & found.lost.keys()),
    )


def _erased_steps(run: Run, before: Sequence[Run], purged: Collection[str]) -> tuple[str, ...]:
    """Return the steps of which rows are in purged files: of this run, or of any that it was judged together with."""
    steps = dict.fromkeys(verdict.step for verdict in run.verdicts)
    if any(measurement.sample.file in purged for other in before for measurement in other.measurements):
        return tuple(steps)
    own = {measurement.step for measurement in run.measurements if measurement.sample.file in purged}
    return tuple(step for step in steps if step in own)


def _recorded_before(run: Run, runs: Sequence[Run]) -> Sequence[Run]:
    ids = [other.id for other in runs]
    return () if run.is_scheduled else runs[: ids.index(run.id) if run.id in ids else None]


def _restore_rows(
    measurements: Sequence[Measurement], bundle: Bundle
) -> tuple[Sequence[Measurement], Mapping[MetricKey, str]]:
    """Return the measurements with their rows, and by key why there are none."""
    read, lost = read_rows([measurement.sample for measurement in measurements], bundle)
    found = [replace(m, sample=replace(m.sample, rows=read.get(m.sample.digest or ""))) for m in measurements]
    return found, {m.key: lost[m.sample.digest] for m in measurements if m.sample.digest and m.sample.digest in lost}


def _judge_step(
    step: str, run: Run, measurements: Sequence[Measurement], before: Sequence[Run], records: Records
) -> Sequence[Verdict]:
    own = [measurement for measurement in measurements if measurement.step == step]
    recorded = [verdict for verdict in run.verdicts if verdict.step == step]
    identities = {CANDIDATE: run.candidate, **run.baselines}
    earlier = recall_runs(before, identities, own, records.evidence_store, records.corrections)
    return judge_requirements(_requirements(recorded), own, step, recorded[0].check, {}, earlier)


def _requirements(verdicts: Sequence[Verdict]) -> Sequence[Requirement]:
    """Return what a step was held to, once each: a requirement has a verdict for every measurement it holds for."""
    found: list[Requirement] = []
    for verdict in verdicts:
        if verdict.requirement not in found:
            found.append(verdict.requirement)
    return found


def _compare_verdicts(
    run: Run, derived: Sequence[Verdict], unread: Mapping[MetricKey, str], erased: tuple[str, ...]
) -> Derivation:
    """Return the run with the derived verdicts; where both agree the recorded ones, which carry their notes."""
    again = _group_by_key(derived)
    verdicts: list[Verdict] = []
    differences: list[Difference] = []
    lost: dict[MetricKey, str] = {}
    for recorded in run.verdicts:
        found = _find_same(recorded, again)
        stands = recorded.step in erased and not _is_refuted(recorded, found)
        if stands or recorded.outcome == "error" or (found and _agree(recorded, found)):
            verdicts.append(recorded)
        elif recorded.key in unread:
            verdicts.append(recorded)
            lost[recorded.key] = unread[recorded.key]
        else:
            verdicts += [found] if found else []
            differences.append(Difference(key=recorded.key, recorded=recorded, derived=found))
    known = _group_by_key(run.verdicts)
    new = [verdict for verdict in derived if verdict.outcome != "error" and verdict.step not in erased]
    unrecorded = [verdict for verdict in new if not _find_same(verdict, known)]
    return Derivation(
        run=replace(run, verdicts=(*verdicts, *unrecorded)),
        differences=(*differences, *(Difference(key=v.key, recorded=None, derived=v) for v in unrecorded)),
        lost=lost,
        erased=erased,
    )


def _group_by_key(verdicts: Sequence[Verdict]) -> Mapping[MetricKey, Sequence[Verdict]]:
    found: dict[MetricKey, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.key, []).append(verdict)
    return found


def _find_same(verdict: Verdict, others: Mapping[MetricKey, Sequence[Verdict]]) -> Verdict | None:
    """Return the verdict of the same requirement on the same metric."""
    same = (other for other in others.get(verdict.key, ()) if other.requirement == verdict.requirement)
    return next(same, None)


def _is_refuted(recorded: Verdict, derived: Verdict | None) -> bool:
    """Tell whether what remains of the rows fails where they did not fail when they were whole."""
    return derived is not None and derived.outcome == "fail" != recorded.outcome


def _agree(recorded: Verdict, derived: Verdict) -> bool:
    if recorded.outcome != derived.outcome or (recorded.estimate is None) != (derived.estimate is None):
        return False
    if recorded.estimate is None or derived.estimate is None:
        return True
    pairs = zip(_numbers(recorded.estimate), _numbers(derived.estimate), strict=True)
    return all(
        math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
        if one is not None and other is not None
        else one == other
        for one, other in pairs
    )


def _numbers(estimate: Estimate) -> Iterator[float | None]:
    yield from (estimate.value, estimate.lower, estimate.upper, float(estimate.n))


def _other_versions(run: Run, plugins: Mapping[str, str]) -> tuple[str, ...]:
    """Return what judged a run and is of another version now."""
    then = {"harness": run.environment.get("harness", "an unknown version"), **run.plugins}
    now = {"harness": version("promotion-harness"), **plugins}
    return tuple(
        f"{name} {_release(used)}, now {_release(now.get(name, 'not installed'))}"
        for name, used in then.items()
        if _release(used) != _release(now.get(name, ""))
    )


def _changed_sources(run: Run, plugins: Mapping[str, str]) -> tuple[str, ...]:
    """Return the plugins of the same version whose source files were others when they measured a run.

    A record of before says nothing of them. The lock of an isolated plugin is one of them.
    """
    pairs = {name: (used, plugins.get(name, "")) for name, used in run.plugins.items() if SOURCES in used}
    return tuple(
        name
        for name, (used, now) in pairs.items()
        if _release(used) == _release(now) and _sources(used) != _sources(now)
    )


def _sources(version: str) -> str:
    """Return the digest of the source files, of what a run records of a plugin."""
    return _part(version, SOURCES)


def isolated_plugins(run: Run) -> Sequence[str]:
    """Return the plugins that measured a run in environments of their own."""
    return [name for name, version in run.plugins.items() if ENVIRONMENT in version]


def _other_environments(run: Run, environments: Mapping[str, str]) -> tuple[str, ...]:
    """Return which isolated plugins measured in another environment than their lock gives here."""
    pairs = {name: _part(run.plugins[name], ENVIRONMENT).partition(",")[0] for name in isolated_plugins(run)}
    return tuple(
        f"plugin {name!r} measured in environment {short_digest(then)}, and its lock gives "
        f"{short_digest(environments[name])} here"
        for name, then in pairs.items()
        if environments.get(name, then) != then
    )


def _part(version: str, label: str) -> str:
    """Return what a run records of a plugin under a label: `; sources `, `; environment `."""
    return version.partition(label)[2].partition(";")[0]


def _release(version: str) -> str:
    """Return distribution and version alone, of what a run records of a plugin."""
    return version.partition(";")[0]
