"""Runs suites one after the other and records each as it ends, so that no finished one is lost to what comes later."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.cli.interrupts import defer_interrupts
from harness.cli.printing import tell
from harness.errors import HarnessError
from harness.files import write_atomic
from harness.records.artefacts import STATEMENT_FILE, write_artefact
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.streams import print_to_stderr
from harness.suite.steps import ResolvedSuite
from harness.values.runs import Run


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where runs are kept: the evidence, the ledger unless nothing is to be recorded, and the folder of --out.

    `sign` has a run signed, the statement kept, and returns it; without it, runs stay unsigned.
    """

    evidence: Bundle
    ledger: Ledger | None
    out: Path | None
    sign: Callable[[Run], str] | None = None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A suite that ended: with its run, if it was measured, and what went wrong on the way to the ledger."""

    suite: str
    run: Run | None = None
    is_recorded: bool = False
    troubles: Sequence[HarnessError] = ()


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The suites of a command that ended, and the names of those that an interrupt kept from it."""

    ended: Sequence[Ended]
    unrun: Sequence[str]

    @property
    def runs(self) -> Sequence[Run]:
        """Return the runs of those that were measured, recorded or not."""
        return [each.run for each in self.ended if each.run is not None]

    @property
    def recorded(self) -> Sequence[str]:
        """Return the names of the suites whose runs the ledger holds."""
        return [each.suite for each in self.ended if each.is_recorded]

    @property
    def troubles(self) -> Sequence[HarnessError]:
        """Return all that went wrong."""
        return [trouble for each in self.ended for trouble in each.troubles]

    def shortfall(self) -> str:
        """Return which suites did not end well whatever their runs found, in words."""
        names = ", ".join(each.suite for each in self.ended if each.troubles)
        return f"ERROR  {names}: not all was measured and kept  next: mend what standard error says, then run again"

    def interruption(self) -> str:
        """Return what an interrupt left, in words."""
        recorded = f"recorded: {', '.join(self.recorded)}" if self.recorded else "nothing was recorded"
        return f"interrupted; {recorded}; not run: {', '.join(self.unrun)}"


def run_and_record(suites: Sequence[ResolvedSuite], run_one: Callable[[ResolvedSuite], Run], kept: Kept) -> Batch:
    """Return what became of the suites; one that cannot be measured is told at once and does not stop the others."""
    ended: list[Ended] = []
    with suppress(KeyboardInterrupt):
        for resolved in suites:
            found = _run_alone(resolved, run_one)
            with defer_interrupts():
                ended.append(_record_outcome(resolved.suite.name, found, kept))
    return Batch(ended=ended, unrun=[resolved.suite.name for resolved in suites[len(ended) :]])


def _record_outcome(suite: str, found: Run | HarnessError, kept: Kept) -> Ended:
    """Append a run to the ledger and write its files, each whatever becomes of the other."""
    if isinstance(found, HarnessError):
        return Ended(suite=suite, troubles=(found,))
    unrecorded = list(_append(found, kept.ledger)) if kept.ledger else []
    unwritten = list(_write_run(found, kept.out / suite, kept)) if kept.out else []
    unsigned = list(_sign(found, kept)) if kept.sign and not unrecorded else []
    troubles = (*unrecorded, *unwritten, *unsigned)
    return Ended(suite=suite, run=found, is_recorded=bool(kept.ledger) and not unrecorded, troubles=troubles)


def _append(run: Run, ledger: Ledger) -> Iterator[HarnessError]:
    try:
        ledger.record_run(run)
    except HarnessError as error:
        yield tell(HarnessError(f"{run.suite}: not recorded: {error}"))


def _sign(run: Run, kept: Kept) -> Iterator[HarnessError]:
    """Have a run signed, and write the statement to --out, or say why not."""
    try:
        if kept.sign:
            text = kept.sign(run)
            if kept.out:
                write_atomic(kept.out / run.suite / STATEMENT_FILE, text)
    except (HarnessError, OSError) as error:
        yield tell(HarnessError(f"{run.suite}: not signed: {error}"))


def _write_run(run: Run, folder: Path, kept: Kept) -> Iterator[HarnessError]:
    try:
        write_artefact(run, folder, kept.evidence)
    except OSError as error:
        yield tell(HarnessError(f"{unwritable(kept.out, error)} (it was to hold run {run.id} of {run.suite})"))
    except HarnessError as error:
        yield tell(HarnessError(f"{run.suite}: its evidence is not in --out: {error}"))


def unwritable(out: Path | None, error: OSError) -> str:
    """Return that the folder of --out cannot be written to."""
    return f"--out {str(out)!r} cannot be written: {error}; name a folder that can be written to"


def _run_alone(resolved: ResolvedSuite, run_one: Callable[[ResolvedSuite], Run]) -> Run | HarnessError:
    """Return a suite's run, or what kept it from being one."""
    try:
        with print_to_stderr():
            return run_one(resolved)
    except KeyboardInterrupt:
        raise
    except HarnessError as error:
        tell(type(error)(f"{resolved.suite.name}: {error}"))
        return error
    except BaseException as error:  # noqa: BLE001 - a stranger's target may raise anything, and others are to be run
        traceback.print_exc()
        return tell(HarnessError(f"{resolved.suite.name}: raised {type(error).__name__}: {error}; see the lines above"))
