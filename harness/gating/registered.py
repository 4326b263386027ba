"""Runs that were registered before they measured anything, and those that were given up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.gating.signatures import WAY_OUT
from harness.values.decisions import GateFinding
from harness.values.runs import Run


@dataclass(frozen=True, kw_only=True)
class Registrations:
    """What runs ended which registration, by their ids, which of them one for the gate as it is now; what never ended.

    `unsigned` says of runs, where somebody looked, why no runner is believed to have signed what they ended before.
    """

    registered: Mapping[str, str] = field(default_factory=dict)
    current: frozenset[str] = frozenset()
    abandoned: tuple[str, ...] = ()
    unsigned: Mapping[str, str] = field(default_factory=dict)


def find_unregistered(run: Run, found: Registrations) -> Iterator[GateFinding]:
    """Yield why a run does not count at a gate that demands registration, or nothing."""
    if run.id in found.current and run.id not in found.unsigned:
        return
    if run.id in found.current:
        message = f"anybody could have registered its run afterwards: {found.unsigned[run.id]}"
        yield GateFinding(outcome="error", suite=run.suite, reason=f"{message}; with --register, {WAY_OUT}")
        return
    reason = "this gate asks for registered runs, and its run was not: run the suite with --register"
    if run.id in found.registered:
        reason = "its run was registered for the gate as it was before: run the suite with --register again"
    yield GateFinding(outcome="error", suite=run.suite, reason=reason)
