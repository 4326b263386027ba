"""Finds the run that people mean among those that are recorded."""

from collections.abc import Sequence

from harness.errors import UsageError
from harness.records.entries import Entry


def find_run(entries: Sequence[Entry], key: str) -> Entry:
    """Return the run that a key names: the start of its id or digest, or `latest`; none, or two, is a UsageError."""
    by_id = [entry for entry in entries if entry.id.startswith(key)]
    digits = key.removeprefix("sha256:")
    found = by_id or [entry for entry in entries if (entry.digest or "").removeprefix("sha256:").startswith(digits)]
    if key == "latest" and entries:
        return entries[-1]
    if len({entry.digest for entry in found}) == 1:
        return found[-1]
    if not entries:
        raise UsageError(f"no run {key!r}: none is recorded here; `harness run SUITE` records one")
    message = f"{len(found)} runs start with {key!r}" if found else f"no run {key!r}"
    raise UsageError(f"{message}; `harness runs list` shows the ids, and `latest` is the newest")
