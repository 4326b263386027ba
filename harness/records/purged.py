"""Reads back which rows of evidence were erased, so that later looks use what remains."""

import json
from collections.abc import Iterator, Mapping, Sequence

from harness.records.entries import Entry
from harness.records.evidence_store import Tombstone
from harness.records.ledger import Ledger
from harness.values.runs import Run

KIND = "purge"


def read_purges(ledger: Ledger, entries: Sequence[Entry]) -> Mapping[str, Tombstone]:
    """Return, by the name that a file of evidence had first, what remains of it."""
    kept = [entry for entry in entries if entry.kind == KIND]
    found: dict[str, Tombstone] = {}
    for entry, body in zip(kept, ledger.bodies(kept), strict=True):
        for name, left in json.loads(body)["files"].items():
            found[name] = Tombstone(file=left["file"], rows=left["rows"], when=entry.moment)
    return found


def purge_notes(runs: Sequence[Run], step: str, purged: Mapping[str, Tombstone]) -> Iterator[str]:
    """Yield of each run whose rows of a step were erased how many, and that what remains counts."""
    for run in runs:
        names = {m.sample.file for m in run.measurements if m.step == step and m.sample.file in purged}
        stones = [purged[name] for name in names if name]
        if stones:
            rows, when = sum(stone.rows for stone in stones), max(stone.when for stone in stones)
            yield f"of what run {run.id} judged, {rows:,} rows were erased on {when:%Y-%m-%d}; what remains counts"
