"""What a reporter is given: runs, what a gate decided on them, and what was recorded before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.outcomes import GateOutcome, worst
from harness.values.runs import Run
from harness.values.samples import Rows

ReadRows = Callable[[Measurement], Rows]


def rows_at_hand(measurement: Measurement) -> Rows:
    """Return the rows that a measurement carries, an Arrow table; None where it has only counts, or was recorded."""
    return measurement.sample.rows


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

    Earlier runs are of any candidate, oldest first, the newest 100 of each suite. `read_rows` returns the rows behind a
    measurement as an Arrow table, from the evidence if need be, or None where there are only counts; rows that were not
    kept are a `HarnessError`.
    """

    runs: Sequence[Run]
    decision: GateDecision | None = None
    history: Sequence[PastRun] = ()
    read_rows: ReadRows = field(default=rows_at_hand, repr=False, compare=False)

    @property
    def outcome(self) -> GateOutcome:
        """Return what the gate decided; without a gate, the worst outcome of the runs."""
        return self.decision.outcome if self.decision else worst([run.outcome for run in self.runs])


# Writes a report below a folder and returns what to print.
Reporter = Callable[[Report, Path], str]
