"""Who signed the runs that a gate decides on, and what a gate makes of that: to promote, each must be signed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.values.decisions import GateFinding
from harness.values.runs import Run

UNSIGNED = "nobody signed it"
WAY_OUT = "run the suite with --signer, by a key that trust.yaml names as `runner`"


@dataclass(frozen=True, kw_only=True)
class RunSignature:
    """The persons who signed a run when it was recorded, or why nobody is believed to have.

    `head` and `length` are of the ledger as they saw it.
    """

    persons: tuple[str, ...] = ()
    problem: str = ""
    head: str = ""
    length: int = 0


Signatures = Mapping[str, RunSignature]  # by the id of a run


def signers(run: Run, signatures: Signatures | None) -> tuple[str, ...]:
    """Return the persons who are believed to have signed a run."""
    return _signature(run, signatures).persons


def find_unsigned(suite: str, run: Run, signatures: Signatures | None) -> Iterator[GateFinding]:
    """Yield that a run is not signed, so that it could be an invention, where a gate promotes."""
    found = _signature(run, signatures)
    if not found.persons:
        reason = f"its run could be an invention: {found.problem or UNSIGNED}; {WAY_OUT}"
        yield GateFinding(outcome="error", suite=suite, reason=reason)


def describe_unsigned(runs: Sequence[Run], signatures: Signatures | None) -> Iterator[str]:
    """Yield which runs are not signed, where a gate takes them all the same; nothing where nobody looked."""
    if signatures is None:
        return
    problems = {run.suite: signatures[run.id].problem for run in runs if run.id in signatures}
    unsigned = [suite for suite, problem in problems.items() if problem == UNSIGNED]
    if unsigned:
        yield f"unsigned: the runs of {', '.join(unsigned)}; edits are found, a record that is invented whole is not"
    for suite, problem in problems.items():
        if problem not in ("", UNSIGNED):
            yield f"unsigned: the run of {suite}: {problem}"


def _signature(run: Run, signatures: Signatures | None) -> RunSignature:
    return (signatures or {}).get(run.id, RunSignature(problem=UNSIGNED))
