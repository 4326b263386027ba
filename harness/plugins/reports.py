"""What a reporter is given: runs, what a gate decided on them, and what was recorded before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.outcomes import GateOutcome, worst
from harness.values.runs import Run


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """An earlier run as the ledger lists it: of which suite and candidate, when it started and what it came to."""

    id: str
    suite: str
    candidate: Identity
    outcome: str
    started: datetime


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a reporter writes down: runs, the decision if a gate decided on them, and earlier runs of their suites.

    Earlier runs are of any candidate, oldest first, the newest 100 of each suite.
    """

    runs: Sequence[Run]
    decision: GateDecision | None = None
    history: Sequence[PastRun] = ()

    @property
    def outcome(self) -> GateOutcome:
        """Return what the gate decided; without a gate, the worst outcome of the runs."""
        return self.decision.outcome if self.decision else worst([run.outcome for run in self.runs])


# Writes a report below a folder and returns what to print.
Reporter = Callable[[Report, Path], str]
