"""What `harness run` and `harness gate` have written down by reporters."""

from collections.abc import Iterable, Sequence

from harness.plugins.reports import PastRun
from harness.records.entries import Entry
from harness.values.runs import Run


def earlier_runs(runs: Sequence[Run], entries: Iterable[Entry]) -> Sequence[PastRun]:
    """Return the recorded runs of the suites of some runs, those runs left out, oldest first."""
    suites, own = {run.suite for run in runs}, {run.id for run in runs}
    return [_past_run(each) for each in entries if each.kind == "run" and each.suite in suites and each.id not in own]


def _past_run(entry: Entry) -> PastRun:
    return PastRun(
        id=entry.id,
        suite=entry.suite or "",
        candidate=entry.identity,
        outcome=entry.outcome or "",
        started=entry.moment,
    )
