"""Finds the recorded runs in which looks at a candidate are counted: all but those that watch what was promoted."""

import math
from collections.abc import Collection, Sequence

from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.records.runs import decision_from_json
from harness.values.identity import Identity
from harness.values.runs import Run

RECENT = 50  # runs of others that are looked through for a candidate that scored alike


def read_counted(ledger: Ledger, entries: Sequence[Entry], candidate: Identity) -> Sequence[Run]:
    """Return the runs that count of a candidate and of those known to score alike, and recent ones of any other."""
    others = [entry for entry in entries if entry.kind == "run" and entry.identity.key != candidate.key]
    own = _read(ledger, leave_out_watches(ledger, entries, runs_of(entries, {candidate.key})))
    alike = runs_of(entries, {key for run in own.values() for key in run.alike})
    found = own | _read(ledger, leave_out_watches(ledger, entries, list({*alike, *others[-RECENT:]})))
    return [found[seq] for seq in sorted(found)]


def runs_of(entries: Sequence[Entry], keys: Collection[str]) -> Sequence[Entry]:
    """Return the runs of some candidates."""
    return [entry for entry in entries if entry.kind == "run" and entry.identity.key in keys]


def leave_out_watches(ledger: Ledger, entries: Sequence[Entry], runs: Sequence[Entry]) -> Sequence[Entry]:
    """Return those of some runs that count: a scheduled one does until its candidate is promoted."""
    watched = {run.identity.key for run in runs if run.is_scheduled}
    promoted = {key: _find_promotion(ledger, entries, key) for key in watched}
    return [run for run in runs if not run.is_scheduled or run.seq < promoted[run.identity.key]]


def is_promoted(ledger: Ledger, entries: Sequence[Entry], candidate: Identity) -> bool:
    """Tell whether a gate has let a candidate through, so that scheduled runs only watch it."""
    return _find_promotion(ledger, entries, candidate.key) < math.inf


def _find_promotion(ledger: Ledger, entries: Sequence[Entry], key: str) -> float:
    """Return the place in the ledger where a gate first passed a candidate by runs that were not scheduled."""
    own = [entry for entry in entries if entry.identity.key == key]
    judged = {entry.digest for entry in own if entry.kind == "run" and not entry.is_scheduled}
    passes = [entry for entry in own if entry.kind == "decision" and entry.outcome in ("pass", "waived")]
    decisions = zip(passes, map(decision_from_json, ledger.bodies(passes)), strict=True)
    return next((entry.seq for entry, found in decisions if judged.issuperset(found.runs.values())), math.inf)


def _read(ledger: Ledger, entries: Sequence[Entry]) -> dict[int, Run]:
    return dict(zip([entry.seq for entry in entries], ledger.read_runs(entries), strict=True))
