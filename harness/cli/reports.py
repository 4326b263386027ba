"""What `harness run` and `harness gate` have written down by reporters."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from harness.plugins.reports import PastRun, ReadRows, Reporter, rows_at_hand
from harness.project import Project
from harness.records.entries import Entry
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.samples import Rows

HISTORY = 100  # runs of a suite that a report can show; a ledger may hold many thousands

PRINTED = ("terminal", "json")  # what other reports say goes before, so that the last line is the outcome


def printed_last(reporters: Mapping[str, Reporter]) -> Sequence[tuple[str, Reporter]]:
    """Return reporters by name, those that are printed after those that write files."""
    return sorted(reporters.items(), key=lambda item: item[0] in PRINTED)


def earlier_runs(runs: Sequence[Run], entries: Iterable[Entry]) -> Sequence[PastRun]:
    """Return the newest recorded runs of each suite of some runs, those runs left out, oldest first."""
    own = {run.id for run in runs}
    kept: dict[str | None, deque[Entry]] = {run.suite: deque(maxlen=HISTORY) for run in runs}
    for entry in entries:
        if entry.suite in kept and entry.kind == "run" and entry.id not in own:
            kept[entry.suite].append(entry)
    return [_past_run(entry) for entry in sorted(chain.from_iterable(kept.values()), key=lambda entry: entry.seq)]


def rows_reader(project: Project) -> ReadRows:
    """Return what finds the rows behind a measurement: those at hand, else those in the project's evidence."""

    def read_rows(measurement: Measurement) -> Rows:
        from harness.records import evidence, evidence_store  # noqa: PLC0415 - Arrow, which most reports do without

        if measurement.sample.rows is not None or measurement.sample.digest is None:
            return rows_at_hand(measurement)
        bundle = evidence_store.open_bundle(project.evidence())
        return evidence.read_file(measurement.sample.file, bundle).find_rows(measurement.sample)

    return read_rows


def _past_run(entry: Entry) -> PastRun:
    return PastRun(
        id=entry.id,
        suite=entry.suite or "",
        candidate=entry.identity,
        outcome=entry.outcome or "",
        started=entry.moment,
    )
