"""Runs that were registered before they measured anything, and those that were given up."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.values.decisions import GateFinding
from harness.values.runs import Run


@dataclass(frozen=True, kw_only=True)
class Registrations:
    """The ids of runs that were `registered`, of those the ones for the gate as it is now, and what never ended."""

    registered: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()
    abandoned: tuple[str, ...] = ()


def find_unregistered(run: Run, found: Registrations) -> Iterator[GateFinding]:
    """Yield why a run does not count at a gate that demands registration, or nothing."""
    if run.id in found.current:
        return
    reason = "this gate asks for registered runs, and its run was not: run the suite with --register"
    if run.id in found.registered:
        reason = "its run was registered for the gate as it was before: run the suite with --register again"
    yield GateFinding(outcome="error", suite=run.suite, reason=reason)
