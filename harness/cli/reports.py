"""What `harness run` and `harness gate` have written down by reporters."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.printing import show, tell
from harness.errors import HarnessError
from harness.plugins.reports import PastRun, ReadRows, Report, Reporter, rows_at_hand
from harness.records.entries import Entry
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.samples import Rows

if TYPE_CHECKING:
    from harness.records.evidence_store import Bundle  # Arrow

HISTORY = 100  # runs of a suite that a report can show; a ledger may hold many thousands

PRINTED = ("terminal", "json")  # what other reports say goes before, so that the last line is the outcome


def printed_last(reporters: Mapping[str, Reporter]) -> Sequence[tuple[str, Reporter]]:
    """Return reporters by name, those that are printed after those that write files."""
    return sorted(reporters.items(), key=lambda item: item[0] in PRINTED)


def write_reports(reporters: Mapping[str, Reporter], report: Report, out: Path) -> Iterator[HarnessError]:
    """Write the reports, then print; one that breaks costs no other, is told at once, and yielded."""
    texts: list[tuple[str, str]] = []
    for name, reporter in printed_last(reporters):
        try:
            texts.append((name, reporter(report, out)))
        except Exception as error:  # noqa: BLE001 - a stranger's reporter may raise anything
            yield tell(HarnessError(f"report {name!r} failed: {type(error).__name__}: {error}"))
    try:
        for name, text in texts:
            show(name, text, as_text="json" in reporters)
    except HarnessError as error:
        yield tell(error)


def earlier_runs(runs: Sequence[Run], entries: Iterable[Entry]) -> Sequence[PastRun]:
    """Return the newest recorded runs of each suite of some runs, those runs left out, oldest first."""
    own = {run.id for run in runs}
    kept: dict[str | None, deque[Entry]] = {run.suite: deque(maxlen=HISTORY) for run in runs}
    for entry in entries:
        if entry.suite in kept and entry.kind == "run" and entry.id not in own:
            kept[entry.suite].append(entry)
    return [_past_run(entry) for entry in sorted(chain.from_iterable(kept.values()), key=lambda entry: entry.seq)]


def rows_reader(place: "str | Path | Bundle") -> ReadRows:
    """Return what finds the rows behind a measurement: those at hand, else those in the evidence at a place."""

    def read_rows(measurement: Measurement) -> Rows:
        from harness.records import evidence, evidence_store  # noqa: PLC0415 - Arrow, which most reports do without

        if measurement.sample.rows is not None or measurement.sample.digest is None:
            return rows_at_hand(measurement)
        bundle = place if isinstance(place, evidence_store.Bundle) else evidence_store.open_bundle(place)
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
