"""What deriving the verdicts of a recorded run again showed, and what a gate makes of that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.values.decisions import GateFinding
from harness.values.keys import MetricKey
from harness.values.runs import Run
from harness.values.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A verdict that is recorded otherwise than its measurement gives it; None where one of both is not there."""

    key: MetricKey
    recorded: Verdict | None
    derived: Verdict | None

    def __str__(self) -> str:
        return f"it is recorded as {_describe(self.recorded)}, and its measurement gives {_describe(self.derived)}"


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """A recorded run with its verdicts derived again from its measurements.

    `broken` says what is wrong with the record as a whole; `lost` why verdicts could not be derived, and those stand
    in the run as recorded, and `unkept` which of them no rows were ever kept of. `versions` names what judged then and
    judges otherwise now: `harness 0.1.0, now 0.2.0`.
    `changed_sources` names the plugins whose files are others than when they measured, though their version is not.
    `erased` names the steps of which rows were erased: their verdicts stand unless what remains fails; `erased_before`
    those of which rows were erased before the run was recorded, so that they were judged on what remained.
    `environments` says which isolated plugins measured in another environment than their lock gives here.
    `uncorrected` says why a correction that came before was not counted, and so may be what makes the difference.
    """

    run: Run
    broken: str = ""
    differences: tuple[Difference, ...] = ()
    lost: Mapping[MetricKey, str] = field(default_factory=dict)
    unkept: frozenset[MetricKey] = frozenset()
    versions: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    erased_before: tuple[str, ...] = ()
    changed_sources: tuple[str, ...] = ()
    uncorrected: str = ""
    environments: tuple[str, ...] = ()


def find_tampering(derivation: Derivation, *, is_signed: bool = False, promotes: bool = False) -> Iterator[GateFinding]:
    """Yield why a run is not believed: what was changed, or cannot be derived; to promote, also what was erased.

    If the run is signed, what no rows were kept of is believed, and what rows were erased of after it was recorded.
    """
    suite = derivation.run.suite
    if derivation.broken:
        yield GateFinding(outcome="error", suite=suite, reason=derivation.broken)
    for each in derivation.differences if not derivation.versions else ():
        reason = f"{each}; {_remedy(derivation)}"
        yield GateFinding(outcome="error", suite=suite, key=each.key, reason=reason)
    believed = derivation.unkept if is_signed else frozenset()
    for key, why in derivation.lost.items():
        if key in believed:
            continue
        reason = f"its verdict cannot be derived again, so it is not believed: {why}"
        yield GateFinding(outcome="error", suite=suite, key=key, reason=reason)
    for step in (derivation.erased_before if is_signed else derivation.erased) if promotes else ():
        reason = f"rows that {step} judged were erased, so nothing proves its verdicts now; run the suite again"
        yield GateFinding(outcome="error", suite=suite, reason=reason)
    for name in derivation.changed_sources:
        message = f"plugin {name!r} has other source files now than when it measured, and the same version"
        yield GateFinding(outcome="error", suite=suite, reason=f"{message}; run the suite again")


def _remedy(derivation: Derivation) -> str:
    """Return what may have come of it that a verdict differs, and what to do."""
    if derivation.uncorrected:
        return (
            f"a correction of rows that it was judged with is not counted here: {derivation.uncorrected}; record it "
            f"with `harness evidence correct {derivation.run.suite} --signer URI`, by a key that trust.yaml names as "
            f"`runner`, and run the suite again"
        )
    return "the record was changed: find out who writes to the ledger, and run the suite again"


def describe_derivation(derivation: Derivation, persons: Sequence[str]) -> Iterator[str]:
    """Yield what stands though it cannot be derived again, and what other versions judge otherwise today.

    `persons` signed the run: their word stands for rows that were never kept.
    """
    suite = derivation.run.suite
    for each in derivation.differences if derivation.versions else ():
        yield f"{suite}: {each.key}: {each} (judged by {', '.join(derivation.versions)})"
    for step in derivation.erased:
        message = f"rows that {step} judged were erased, as the ledger records"
        yield f"{suite}: {message}; its verdicts stand as they were recorded"
    for other in derivation.environments:
        yield f"{suite}: {other}; on machines of one kind find out why before you believe it"
    for key in sorted(derivation.unkept if persons else (), key=str):
        yield f"{suite}: no rows were kept of {key}; the verdict stands as {', '.join(persons)} signed it"


def _describe(verdict: Verdict | None) -> str:
    if verdict is None:
        return "nothing"
    found = verdict.estimate
    if found is None or found.lower is None or found.upper is None:
        return verdict.outcome
    return f"{verdict.outcome} at {found.value:.6g} ({found.lower:.6g} to {found.upper:.6g})"
