"""Carries runs and their evidence between machines as files: what `harness run --out` wrote, a gate elsewhere takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.files import write_atomic
from harness.records import evidence
from harness.records.digests import run_digest
from harness.records.evidence_store import Bundle, open_bundle
from harness.records.ledger import Ledger
from harness.records.runs import as_json, from_json
from harness.values.canonical import canonical_pretty
from harness.values.runs import Run
from harness.values.samples import Sample

RUN_FILE = "run.json"
STATEMENT_FILE = "run.intoto.json"  # the signed statement of the run, beside it
EVIDENCE = "evidence"  # the folder beside it


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A run that was read from a file, and the folder that may hold its evidence."""

    run: Run
    folder: Path


def write_artefact(run: Run, folder: Path, store: Bundle) -> Path:
    """Write a run and the rows behind it below a folder; rows in an object store stay there."""
    if store.is_local:
        for name in list_evidence(run):
            if name in store:
                write_atomic(folder / EVIDENCE / name, store.read(name))
    return write_atomic(folder / RUN_FILE, canonical_pretty(as_json(run)))


def read_artefacts(folders: Sequence[Path]) -> Sequence[Artefact]:
    """Return the runs below some folders, the oldest first; a folder without one is an error."""
    found = [_read_artefact(file) for folder in folders for file in _runlist_evidence(folder)]
    return sorted(found, key=lambda each: each.run.started)


def import_runs(found: Sequence[Artefact], ledger: Ledger, store: Bundle) -> Sequence[Run]:
    """Record the runs that the ledger does not hold yet, and keep their evidence; return those recorded."""
    known = {entry.id: entry.digest for entry in ledger.entries("run")}
    recorded: list[Run] = []
    for each in found:
        if not _is_known(each.run, known):
            _import(each, ledger, store)
            recorded.append(each.run)
        known[each.run.id] = each.run.digest
    return recorded


def _import(artefact: Artefact, ledger: Ledger, store: Bundle) -> None:
    run = artefact.run
    if run.project != ledger.project:
        message = f"run {run.id} is of project {run.project!r}, this one is {ledger.project!r}"
        raise UsageError(f"{message}; run and gate with one `project:` in the gates file")
    _keep_evidence(artefact, store)
    ledger.record_run(run)


def _runlist_evidence(folder: Path) -> Sequence[Path]:
    files = [folder] if folder.is_file() else sorted(folder.rglob(RUN_FILE))
    if not files:
        message = f"no {RUN_FILE} below {str(folder)!r}" if folder.is_dir() else f"no folder {str(folder)!r}"
        raise UsageError(f"{message}; --run takes what `harness run --out DIR` wrote")
    return files


def _read_artefact(file: Path) -> Artefact:
    try:
        run = from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, AttributeError) as error:
        raise HarnessError(
            f"{file} cannot be read as a run: {error}; take the file that `harness run` wrote"
        ) from error
    if run_digest(run) != run.digest:
        raise HarnessError(f"{file} does not have the digest it states ({run.digest}); it was changed since")
    if not run.is_recorded:
        raise HarnessError(f"{file} is of an interactive run, which no gate accepts; use `harness run`")
    return Artefact(run=run, folder=file.parent)


def _is_known(run: Run, known: Mapping[str, str | None]) -> bool:
    if run.id in known and known[run.id] != run.digest:
        raise HarnessError(f"the ledger holds another run {run.id} ({known[run.id]}) than the file ({run.digest})")
    return run.id in known


def _keep_evidence(artefact: Artefact, store: Bundle) -> None:
    """Copy the files of rows that came with a run, after checking that they are the rows it judged."""
    beside = open_bundle(artefact.folder / EVIDENCE)
    for name, samples in list_evidence(artefact.run).items():
        if name in beside and name not in store:
            file = evidence.read_file(name, beside)
            for sample in samples:
                file.find_rows(sample)
            store.write(name, beside.read(name))


def list_evidence(run: Run) -> Mapping[str, Sequence[Sample]]:
    """Return the samples of a run by the file that their rows are kept in."""
    found: dict[str, list[Sample]] = {}
    for name, sample in _samples(run):
        found.setdefault(name, []).append(sample)
    return found


def _samples(run: Run) -> Iterator[tuple[str, Sample]]:
    for measurement in run.measurements:
        if measurement.sample.file:
            yield measurement.sample.file, measurement.sample
