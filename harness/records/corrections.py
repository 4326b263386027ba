"""Records that rows which were judged were wrong, and why, so that what replaces them may differ from them."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.errors import UsageError
from harness.records.entries import Columns, Entry
from harness.records.ledger import Ledger
from harness.values.canonical import canonical
from harness.values.identity import Identity

KIND = "correction"


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A correction as it was recorded, and the ids of the runs it is of."""

    id: str
    body: str
    columns: Columns
    runs: Sequence[str]


def record_correction(ledger: Ledger, suite: str, candidate: Identity, reason: str) -> Correction:
    """Append why the rows that a suite judged of a candidate so far were wrong; return what was recorded."""
    if not reason.strip():
        raise UsageError("a correction needs a reason: what was wrong with the rows, and who repaired them")
    own = [entry.id for entry in ledger.entries("run") if _is_of(entry, suite, candidate)]
    if not own:
        raise UsageError(f"suite {suite!r} never judged {candidate.revision!r} in this ledger; nothing to correct")
    columns = {"suite": suite, "revision": candidate.revision, "candidate": candidate.digest}
    now = datetime.now(UTC).isoformat()
    id, body = uuid.uuid4().hex[:12], canonical({"reason": reason, "runs": own})
    ledger.record(KIND, id, body, time=now, **columns)
    return Correction(id=id, body=body, columns=columns, runs=own)


def read_corrections(ledger: Ledger, entries: Sequence[Entry]) -> Mapping[str, str]:
    """Return, by the id of each run whose rows were wrong, when and why that was recorded, the latest last."""
    kept = [entry for entry in entries if entry.kind == KIND]
    reasons: dict[str, str] = {}
    for entry, body in zip(kept, ledger.bodies(kept), strict=True):
        document = json.loads(body)
        reasons |= dict.fromkeys(document["runs"], f"corrected on {entry.moment:%Y-%m-%d}: {document['reason']}")
    return reasons


def _is_of(entry: Entry, suite: str, candidate: Identity) -> bool:
    return entry.suite == suite and entry.identity.key == candidate.key
