"""One suite of a session: each step is measured by the first process that takes its lock, the others read."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from harness.errors import HarnessError
from harness.files import write_atomic
from harness.plugins.discovery import Plugins
from harness.records.artefacts import write_artefact
from harness.records.ledger import Ledger
from harness.records.runs import as_json, from_json
from harness.running.assembling import assemble_run
from harness.running.judging import JudgedStep
from harness.running.opening import OpenSuite, open_suite
from harness.running.options import RunOptions, RunServices
from harness.running.runner import run_steps
from harness.suite.steps import OBSERVED, Resolved, ResolvedSuite
from harness.suite.suites import Suite
from harness.values.canonical import canonical
from harness.values.runs import Run

JUDGED = TypeAdapter(JudgedStep)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A suite whose steps lie as parts of one run in a folder that all processes of the session see."""

    suite: Suite
    steps: Sequence[Resolved]
    plugins: Plugins
    options: RunOptions
    services: RunServices
    ledger: Ledger
    folder: Path
    closing: ExitStack
    out: Path | None = None

    @cached_property
    def live_suite(self) -> OpenSuite:
        """Return the suite's data and targets, opened when this process first measures a step."""
        resolved = ResolvedSuite(suite=self.suite, steps=self.steps)
        return self.closing.enter_context(open_suite(resolved, self.plugins, self.options, self.services))

    def part(self, step: Resolved) -> JudgedStep:
        """Return one step, measured and judged now if no process has yet; nobody measures it twice."""
        place = self.folder / str(self.steps.index(step))
        found, trouble = place.with_suffix(".json"), place.with_suffix(".error")
        with _hold_lock(place.with_suffix(".lock")):
            is_first = not found.exists() and not trouble.exists()
            if is_first:
                self._measure(step, found, trouble)
        if is_first and not self.observes and not self.missing():
            with suppress(HarnessError):  # told when the session closes, which tries again
                self.record()
        if trouble.exists():
            raise HarnessError(trouble.read_text(encoding="utf-8"))
        return JUDGED.validate_json(found.read_text(encoding="utf-8"))

    def missing(self) -> Sequence[str]:
        """Return the names of the steps that were not measured."""
        return [step.name for index, step in enumerate(self.steps) if not (self.folder / f"{index}.json").exists()]

    @property
    def observes(self) -> bool:
        """Tell whether a step waits for what the session's tests observe."""
        return any(step.check.name == OBSERVED for step in self.steps)

    def record(self) -> Run:
        """Return the whole run, when every step was measured; the first process that asks records it."""
        kept = self.folder / "run.json"
        with _hold_lock(self.folder / "run.lock"):
            if not kept.exists():
                run = assemble_run(self.suite, [self.part(step) for step in self.steps], self.options)
                self._write(run)
                self.ledger.record_run(run)
                write_atomic(kept, canonical(as_json(run)))
        return from_json(kept.read_text(encoding="utf-8"))

    def _write(self, run: Run) -> None:
        """Write the run and its rows below the folder that --harness-out names."""
        try:
            if self.out:
                write_artefact(run, self.out, self.services.evidence_store)
        except OSError as error:
            raise HarnessError(f"--harness-out: {str(self.out)!r} cannot be written: {error}; name another") from error

    def _measure(self, step: Resolved, found: Path, trouble: Path) -> None:
        # A check that must run alone waits for the other steps of the session, and they for it.
        with _hold_lock(self.folder.parent / "alone.lock", fcntl.LOCK_EX if step.check.exclusive else fcntl.LOCK_SH):
            try:
                (judged,) = run_steps([step], self.live_suite, self.plugins, self.options, self.services)
            except HarnessError as error:
                write_atomic(trouble, str(error))
            else:
                write_atomic(found, canonical(JUDGED.dump_python(judged, mode="json")))


def suite_paths(folder: Path) -> Sequence[Path]:
    """Return the suite files that a session's processes collected."""
    found = [json.loads(note.read_text(encoding="utf-8")) for note in sorted(folder.glob("suites/*/suite.json"))]
    return [Path(note["path"]) for note in found]


def announce(shared: Shared) -> None:
    """Say that a suite was collected, for the controller, which collects nothing itself under xdist."""
    write_atomic(shared.folder / "suite.json", canonical({"path": str(shared.suite.path)}))


@contextmanager
def _hold_lock(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock that the operating system gives back even if this process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, kind)
        yield
