"""Erases rows of evidence, and keeps what stands for them: how many were erased, when, and which file has the rest."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import UsageError
from harness.records import evidence
from harness.records.evidence_store import Bundle, Tombstone
from harness.records.ledger import Ledger
from harness.records.purged import KIND, read_purges
from harness.values.canonical import canonical
from harness.values.runs import Run

Chosen = Callable[[str, pa.Table], pa.Array]


@dataclass(frozen=True, kw_only=True)
class Purge:
    """What was erased: rows by the file they were in."""

    rows: Mapping[str, int]


def choose_subject(subject: str) -> Chosen:
    """Return what tells of each row whether its id, or a cluster it belongs to, is a subject."""

    def is_of(_name: str, rows: pa.Table) -> pa.Array:
        found = pa.array([False] * rows.num_rows, pa.bool_())
        for name in rows.column_names:
            if name == "id" or name.startswith("cluster."):
                same = pc.equal(rows[name].cast(pa.string()), subject)
                found = pc.or_(found, pc.fill_null(same, False).combine_chunks())
        return found

    return is_of


def choose_before(moment: datetime, runs: Sequence[Run]) -> Chosen:
    """Return what tells of each row whether only runs that started before a time judged it."""
    later = {name for run in runs if run.started >= moment for name in _files(run)}
    return lambda name, rows: pa.array([name not in later] * rows.num_rows, pa.bool_())


def purge_rows(ledger: Ledger, store: Bundle, runs: Sequence[Run], is_chosen: Chosen, reason: str) -> Purge:
    """Erase the chosen rows of all files that some runs left, and record a tombstone; return what was erased.

    What remains of a file is written before the tombstone is recorded, and the file itself deleted after that, so
    that one that is killed on the way can be run again.
    """
    known = replace(store, purged=read_purges(ledger, ledger.entries()))
    names = list(dict.fromkeys(name for run in runs for name in _files(run)))
    held = [name for name in names if known.find(name)[0] in store]
    stones = {name: _erase(name, known, is_chosen) for name in held}
    erased = {name: stone for name, stone in stones.items() if stone.rows > known.find(name)[1].rows}
    if erased:
        body = {name: {"file": stone.file, "rows": stone.rows} for name, stone in erased.items()}
        now = datetime.now(UTC).isoformat()
        ledger.record(KIND, uuid.uuid4().hex[:12], canonical({"files": body, "reason": reason}), time=now)
    _delete_replaced(names, replace(store, purged={**known.purged, **erased}), known)
    if not erased:
        raise UsageError("no row of evidence is to be erased: none is of that subject, or of that time")
    return Purge(rows={name: stone.rows - known.find(name)[1].rows for name, stone in erased.items()})


def _erase(name: str, store: Bundle, is_chosen: Chosen) -> Tombstone:
    """Write what remains of a file; return what stands for it."""
    rows = evidence.read_file(name, store).rows
    chosen = is_chosen(name, rows)
    _, before = store.find(name)
    gone = int(pc.sum(chosen).as_py() or 0)
    if not gone:
        return before
    left = evidence.write_rows(rows.filter(pc.invert(chosen)), store)
    return Tombstone(file=left, rows=before.rows + gone, when=datetime.now(UTC))


def _delete_replaced(names: Sequence[str], now: Bundle, before: Bundle) -> None:
    """Delete the files that no name stands for any more, those too that were left when a purge was cut short."""
    live = {now.find(name)[0] for name in names}
    for file in dict.fromkeys([*names, *(before.find(name)[0] for name in names)]):
        if file not in live and file in now:
            now.delete(file)


def _files(run: Run) -> Sequence[str]:
    return [measurement.sample.file for measurement in run.measurements if measurement.sample.file]
