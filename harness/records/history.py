"""Reads back the rows that earlier runs of a candidate judged, so that new ones are judged together with them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.judging.looks import Earlier
from harness.records import evidence
from harness.records.evidence_store import Bundle
from harness.values.identity import CANDIDATE, Identity
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.samples import Sample

Identities = Mapping[str, Identity | None]


def recall_runs(
    runs: Sequence[Run], identities: Identities, measured: Sequence[Measurement], bundle: Bundle
) -> Sequence[Earlier]:
    """Return the recorded runs of the same candidate with the rows that what was measured now is judged with.

    A baseline that is another now was another question: what was measured of it is left out.
    """
    candidate = identities[CANDIDATE]
    names = {(measurement.target, measurement.key) for measurement in measured}
    found = [
        replace(
            run,
            measurements=tuple(m for m in run.measurements if (m.target, m.key) in names and _is(m, run, identities)),
        )
        for run in runs
        if candidate and run.is_recorded and run.candidate.key == candidate.key
    ]
    at_hand = {m.sample.digest: m.sample.rows for m in measured if m.sample.digest}
    read, lost = _read([m.sample for run in found for m in run.measurements], set(at_hand), bundle)
    return [Earlier(run=run, rows={**at_hand, **read}, lost=lost) for run in found]


def _read(
    samples: Sequence[Sample], at_hand: set[str], bundle: Bundle
) -> tuple[Mapping[str, pa.Table], Mapping[str, str]]:
    """Return the rows by digest, and why there are none of others; each file is read once."""
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
