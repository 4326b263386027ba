"""The append-only record of what was found and decided, each entry chained to the one before."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from harness.errors import HarnessError
from harness.records.branch_database import open_database
from harness.records.database import BODIES, ENTRIES, error_text
from harness.records.digests import decision_digest
from harness.records.entries import (
    GENESIS,
    Entry,
    check_body,
    check_chain,
    check_columns,
    decision_columns,
    entry_digest,
    run_columns,
)
from harness.records.git_branch import Outrun
from harness.records.runs import as_json, decision_as_json, decision_from_json, from_json
from harness.values.canonical import canonical, sha256
from harness.values.decisions import GateDecision
from harness.values.runs import Run

ATTEMPTS = 20
PAUSE = 0.5  # seconds at most, so that those who were outrun do not all come back at once
PAGE = 500  # bodies read with one statement, as a database bounds what one may name
LAST = sa.select(ENTRIES.c.entry_digest).order_by(ENTRIES.c.seq.desc()).limit(1)


class Ledger:
    """One project's entries in one database."""

    def __init__(self, url: str, project: str) -> None:
        self.project = project
        self._database = open_database(url)
        self._name = self._database.name

    def record_run(self, run: Run) -> str:
        """Append a run; return the entry's digest."""
        return self.record("run", run.id, canonical(as_json(run)), **run_columns(run))

    def record_decision(self, decision: GateDecision) -> str:
        """Append a gate's decision; return the entry's digest."""
        body = canonical(decision_as_json(decision))
        return self.record(
            "decision", f"{decision.gate}-{decision_digest(decision)[7:]}", body, **decision_columns(decision)
        )

    def record(self, kind: str, id: str, body: str, **columns: str | None) -> str:
        """Append an entry of any kind; `columns` are fields of `Entry` that it is found by. Return its digest."""
        about = {"project": self.project, "kind": kind, "id": id, **columns}
        for _ in range(ATTEMPTS):
            try:
                return self._append({**about, "recorded": datetime.now(UTC).isoformat()}, body)
            except IntegrityError as error:  # another writer took the end of the chain; look again
                if not any(name in error_text(error) for name in ("prev_digest", "one_chain")):
                    raise HarnessError(f"ledger {self._name}: {kind} {id!r} is already recorded") from error
            except Outrun:
                time.sleep(random.uniform(0, PAUSE))
        raise HarnessError(f"ledger {self._name}: {ATTEMPTS} other writers came first; try again")

    def entries(self, kind: str | None = None) -> Sequence[Entry]:
        """Return this project's entries, oldest first, after checking that none was changed or taken out."""
        chosen = sa.select(*(ENTRIES.c[name] for name in Entry._fields)).where(ENTRIES.c.project == self.project)
        with self._database.reading() as connection:
            rows = connection.execute(chosen.order_by(ENTRIES.c.seq)).all() if connection else ()
        found = list(map(Entry._make, rows))
        check_chain(found, self._name)
        return [entry for entry in found if kind in (None, entry.kind)]

    def projects(self) -> Sequence[str]:
        """Return the projects that have runs here, by name."""
        chosen = sa.select(ENTRIES.c.project).where(ENTRIES.c.kind == "run").distinct().order_by(ENTRIES.c.project)
        with self._database.reading() as connection:
            return [row.project for row in connection.execute(chosen)] if connection else []

    def bodies(self, entries: Sequence[Entry]) -> Iterator[str]:
        """Yield what was recorded with each of some entries, after checking that it is what was recorded."""
        for start in range(0, len(entries), PAGE):
            page = entries[start : start + PAGE]
            found = self._page([entry.seq for entry in page])
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

    def _page(self, numbers: Sequence[int]) -> Mapping[int, str]:
        chosen = sa.select(BODIES.c.seq, BODIES.c.body).where(BODIES.c.seq.in_(numbers))
        with self._database.reading() as connection:
            return {row.seq: row.body for row in connection.execute(chosen)} if connection else {}

    def _append(self, about: Mapping[str, str | None], body: str) -> str:
        with self._database.writing() as connection:
            previous = connection.execute(LAST.where(ENTRIES.c.project == self.project)).scalar()
            values = {**about, "body_digest": sha256(body), "prev_digest": previous or GENESIS}
            digest = entry_digest(values)
            added = connection.execute(ENTRIES.insert().values(**values, entry_digest=digest))
            (seq,) = tuple(added.inserted_primary_key or ())
            connection.execute(BODIES.insert().values(seq=seq, body=body))
        return digest
