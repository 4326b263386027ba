"""The append-only record of what was found and decided, each entry chained to the one before."""

from collections.abc import Iterator, Sequence

from harness.records.digests import decision_digest
from harness.records.entries import Entry, check_body, check_chain, check_columns, decision_columns, run_columns
from harness.records.runs import as_json, decision_as_json, decision_from_json, from_json
from harness.records.storage import DatabaseStorage, RecordedError, Storage
from harness.values.canonical import canonical
from harness.values.decisions import GateDecision
from harness.values.runs import Run

PAGE = 500  # bodies read with one statement, as a database bounds what one may name


class Ledger:
    """One project's entries in the database of a URL, or wherever they are kept else."""

    def __init__(self, kept: str | Storage, project: str) -> None:
        self.project = project
        self._storage = DatabaseStorage(kept) if isinstance(kept, str) else kept
        self._name = self._storage.name

    def record_run(self, run: Run) -> str:
        """Append a run; return the entry's digest."""
        return self.record("run", run.id, canonical(as_json(run)), **run_columns(run))

    def record_decision(self, decision: GateDecision) -> str:
        """Append a gate's decision; return the entry's digest. One that is recorded already, to the moment, stands."""
        body, id = canonical(decision_as_json(decision)), f"{decision.gate}-{decision_digest(decision)[7:]}"
        try:
            return self.record("decision", id, body, **decision_columns(decision))
        except RecordedError:
            return next(entry.entry_digest for entry in self.entries("decision") if entry.id == id)

    def record(self, kind: str, id: str, body: str, **columns: str | None) -> str:
        """Append an entry of any kind; `columns` are fields of `Entry` that it is found by. Return its digest."""
        return self._storage.append(self.project, kind, id, body, columns)

    def entries(self, kind: str | None = None) -> Sequence[Entry]:
        """Return this project's entries, oldest first, after checking that none was changed or taken out."""
        found = self._storage.entries(self.project)
        check_chain(found, self._name)
        return [entry for entry in found if kind in (None, entry.kind)]

    def projects(self) -> Sequence[str]:
        """Return the projects that have runs here, by name."""
        return self._storage.projects()

    def bodies(self, entries: Sequence[Entry]) -> Iterator[str]:
        """Yield what was recorded with each of some entries, after checking that it is what was recorded."""
        for start in range(0, len(entries), PAGE):
            page = entries[start : start + PAGE]
            found = self._storage.bodies([entry.seq for entry in page])
            yield from (check_body(entry, found.get(entry.seq), self._name) for entry in page)

    def read_runs(self, entries: Sequence[Entry]) -> Sequence[Run]:
        """Return the runs that some entries are of, in their order."""
        bodies = self.bodies(entries)
        return [check_columns(entry, from_json(body), self._name) for entry, body in zip(entries, bodies, strict=True)]

    def runs(self, suite: str | None = None) -> Sequence[Run]:
        """Return this project's runs, or those of one suite, oldest first."""
        return self.read_runs([entry for entry in self.entries("run") if suite in (None, entry.suite)])

    def decisions(self) -> Sequence[GateDecision]:
        """Return this project's decisions, oldest first."""
        return [decision_from_json(body) for body in self.bodies(self.entries("decision"))]
