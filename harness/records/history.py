"""Reads back the rows that earlier runs of a candidate judged, so that new ones are judged together with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.judging.asking import rename_run
from harness.judging.corrections import rescoring
from harness.judging.ids import KnownIds
from harness.judging.looks import Earlier
from harness.judging.twins import are_scored_alike
from harness.records import evidence
from harness.records.evidence_store import Bundle
from harness.values.identity import CANDIDATE, Identity
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.samples import Sample

Identities = Mapping[str, Identity | None]


def recall_runs(
    runs: Sequence[Run],
    identities: Identities,
    measured: Sequence[Measurement],
    bundle: Bundle,
    corrections: Mapping[str, str] | None = None,
) -> Sequence[Earlier]:
    """Return the recorded runs of the same candidate with the rows that what was measured now is judged with.

    Candidates that scored the same rows alike are one. A baseline that is another now was another question: what was
    measured of it is left out. `corrections` say, by id of the run, why rows of it were wrong.
    """
    candidate, reasons = identities[CANDIDATE], corrections or {}
    recorded = [run for run in runs if candidate and run.is_recorded]
    own = candidate.key if candidate else ""
    keys = {own, *_find_twins(own, [run for run in recorded if run.id not in reasons], measured, bundle)}
    alike = [rename_run(run, measured) for run in recorded if run.candidate.key in keys]
    found = [replace(run, measurements=tuple(m for m in run.measurements if _is(m, run, identities))) for run in alike]
    rows, lost = _read_all([m.sample for run in found for m in run.measurements], measured, bundle)
    recalled = [
        Earlier(run=run, rows=rows, lost=lost, correction=reasons.get(run.id, ""), alike=_name_other(run, own))
        for run in found
    ]
    return _compare_with_newer(recalled, measured)


def _find_twins(own: str, runs: Sequence[Run], measured: Sequence[Measurement], bundle: Bundle) -> Collection[str]:
    """Return the keys of the other candidates that scored alike, or that runs of these or of this one found to."""
    wholes = [each for each in _wholes(measured) if each.target == CANDIDATE]
    compared: dict[str, set[bool | None]] = {}
    for run in (rename_run(run, wholes) for run in runs if run.candidate.key != own):
        rows, _ = _read_all([each.sample for each in _wholes(run.measurements)], wholes, bundle)
        compared.setdefault(run.candidate.key, set()).add(are_scored_alike(wholes, run, rows))
    alike = {own} | {key for key, answers in compared.items() if True in answers and False not in answers}
    known = {key for run in runs if run.candidate.key in alike for key in rename_run(run, measured).alike}
    return (alike | known) - {own}


def _name_other(run: Run, own: str) -> str:
    return "" if run.candidate.key == own else run.candidate.key


def _read_all(
    samples: Sequence[Sample], measured: Sequence[Measurement], bundle: Bundle
) -> tuple[Mapping[str, pa.Table], Mapping[str, str]]:
    """Return the rows of samples by digest, those that were measured now as well, and why there are none of others."""
    at_hand = {each.sample.digest: each.sample.rows for each in measured if each.sample.digest}
    read, lost = read_rows(samples, bundle, at_hand)
    return {**at_hand, **read}, lost


def _compare_with_newer(recalled: Sequence[Earlier], measured: Sequence[Measurement]) -> Sequence[Earlier]:
    """Return the runs, oldest first, each with what was seen again since and whether its scores still stand."""
    newer = newer_own = _ids_by_target(measured, [measurement.sample.rows for measurement in measured])
    found: list[Earlier] = []
    for earlier in reversed(recalled):
        again, again_own = (_known(ids) for ids in (newer, newer_own))
        rescored = _find_rescored(earlier, measured)
        found.append(replace(earlier, newer=again, newer_own=again_own, rescored=rescored))
        judged = earlier.run.measurements if _is_judged(earlier.run) else ()
        since = _ids_by_target(judged, [earlier.rows.get(measurement.sample.digest or "") for measurement in judged])
        newer = _add_ids(newer, since)
        newer_own = newer_own if earlier.alike else _add_ids(newer_own, since)
    return found[::-1]


def _known(ids: Mapping[str, pa.Array]) -> Mapping[str, KnownIds]:
    return {target: KnownIds(ids=each) for target, each in ids.items()}


def _add_ids(some: Mapping[str, pa.Array], more: Mapping[str, pa.Array]) -> dict[str, pa.Array | None]:
    return {target: _union(some.get(target), more.get(target)) for target in {*some, *more}}


def _is_judged(run: Run) -> bool:
    """Tell whether anything measured was judged: rows that were refused replace none."""
    return any(verdict.estimate for measurement in run.measurements for verdict in run.judged.get(measurement.key, ()))


def _find_rescored(earlier: Earlier, measured: Sequence[Measurement]) -> Mapping[str, str]:
    """Return by target that rows of a run have another score now, by any whole metric of the step."""
    rescored: dict[str, str] = {}
    for now in _wholes(measured):
        for before in earlier.run.measured.get((now.target, now.key), ()) if now.target not in rescored else ():
            rows = earlier.rows.get(before.sample.digest or "")
            message = rescoring(now.metric, now.sample.statistic, now.sample.rows, rows)
            rescored |= {now.target: message} if message else {}
    return rescored


def _wholes(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    return [measurement for measurement in measurements if not measurement.sample.where]


def _ids_by_target(measurements: Sequence[Measurement], rows: Sequence[pa.Table | None]) -> Mapping[str, pa.Array]:
    """Return the ids of the rows that a step saw of each target."""
    found: dict[str, pa.Array] = {}
    seen: set[tuple[str, str | None]] = set()
    for measurement, table in zip(measurements, rows, strict=True):
        name = (measurement.target, measurement.sample.digest)
        if table is not None and "id" in table.column_names and not measurement.sample.where and name not in seen:
            seen.add(name)
            ids = table["id"].combine_chunks()
            found[measurement.target] = _union(found.get(measurement.target), ids)
    return found


def _union(some: pa.Array | None, more: pa.Array | None) -> pa.Array | None:
    """Return the ids of both, those of another type than the first left out: they are never joined."""
    if some is None or more is None or some.type != more.type:
        return more if some is None else some
    return pa.concat_arrays([some, more]).unique()


def read_rows(
    samples: Sequence[Sample], bundle: Bundle, at_hand: Collection[str] = ()
) -> tuple[Mapping[str, pa.Table], Mapping[str, str]]:
    """Return the rows of samples by digest, and why there are none of others; each file is read once."""
    read: dict[str, pa.Table] = {}
    lost: dict[str, str] = {}
    wanted = {s.digest: s for s in samples if s.digest and s.digest not in at_hand}
    for name in {sample.file for sample in wanted.values()}:
        own = {digest: sample for digest, sample in wanted.items() if sample.file == name}
        try:
            file = evidence.read_file(name, bundle)
        except HarnessError as error:
            lost |= dict.fromkeys(own, str(error))
            continue
        for digest, sample in own.items():
            try:
                read[digest] = file.find_rows(sample)
            except HarnessError as error:
                lost[digest] = str(error)
    return read, lost


def _is(measurement: Measurement, run: Run, identities: Identities) -> bool:
    """Tell whether a measurement is of the candidate, or of a baseline that is still the same."""
    if measurement.target == CANDIDATE:
        return True
    then, now = run.baselines.get(measurement.target), identities.get(measurement.target)
    return then is not None and now is not None and then.key == now.key
