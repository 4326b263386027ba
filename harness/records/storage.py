"""Where the entries of a ledger are kept, as a ledger asks for it: a database, or whoever else answers the same."""

import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from harness.errors import HarnessError
from harness.records.database import BODIES, ENTRIES, error_text
from harness.records.entries import GENESIS, Columns, Entry, entry_digest
from harness.records.fetched_database import open_database
from harness.records.git_branch import Outrun
from harness.values.canonical import sha256

ATTEMPTS = 20
PAUSE = 0.5  # seconds at most, so that those who were outrun do not all come back at once
LAST = sa.select(ENTRIES.c.entry_digest).order_by(ENTRIES.c.seq.desc()).limit(1)


class Storage(Protocol):
    """The entries of all projects; `name` is what errors call it. Whatever goes wrong is a HarnessError."""

    name: str

    def entries(self, project: str) -> Sequence[Entry]:
        """Return a project's entries, oldest first, as they are kept."""

    def bodies(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the bodies of the entries with these numbers, those that there are."""

    def projects(self) -> Sequence[str]:
        """Return the projects that have runs, by name."""

    def append(self, project: str, kind: str, id: str, body: str, columns: Columns) -> str:
        """Append an entry to the end of a project's chain; return its digest."""


class RecordedError(HarnessError):
    """An entry of that kind and id is there already."""


class DatabaseStorage:
    """The entries in the database of a URL."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url)
        self.name = self._database.name

    def entries(self, project: str) -> Sequence[Entry]:
        """Return a project's entries, oldest first, as they are kept."""
        chosen = sa.select(*(ENTRIES.c[name] for name in Entry._fields)).where(ENTRIES.c.project == project)
        with self._database.reading() as connection:
            rows = connection.execute(chosen.order_by(ENTRIES.c.seq)).all() if connection else ()
        return list(map(Entry._make, rows))

    def bodies(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the bodies of the entries with these numbers, those that there are."""
        chosen = sa.select(BODIES.c.seq, BODIES.c.body).where(BODIES.c.seq.in_(numbers))
        with self._database.reading() as connection:
            return {row.seq: row.body for row in connection.execute(chosen)} if connection else {}

    def projects(self) -> Sequence[str]:
        """Return the projects that have runs, by name."""
        chosen = sa.select(ENTRIES.c.project).where(ENTRIES.c.kind == "run").distinct().order_by(ENTRIES.c.project)
        with self._database.reading() as connection:
            return [row.project for row in connection.execute(chosen)] if connection else []

    def append(self, project: str, kind: str, id: str, body: str, columns: Columns) -> str:
        """Append an entry to the end of a project's chain; return its digest."""
        about = {"project": project, "kind": kind, "id": id, **columns}
        for _ in range(ATTEMPTS):
            try:
                return self._append({**about, "recorded": datetime.now(UTC).isoformat()}, body)
            except IntegrityError as error:  # mostly, another writer took the end of the chain; look again
                self._refuse_second(f"{kind} {id!r}", error)
            except Outrun:
                time.sleep(random.uniform(0, PAUSE))
        raise HarnessError(f"ledger {self.name}: {ATTEMPTS} other writers came first; try again")

    def _refuse_second(self, entry: str, error: IntegrityError) -> None:
        """Refuse an entry that is there, or that the tables have no room for, unless its place alone was taken."""
        said = error_text(error)
        if any(name in said for name in ("one_entry", "entries.id")):
            raise RecordedError(f"ledger {self.name}: {entry} is already recorded") from error
        if not any(name in said for name in ("one_chain", "prev_digest")):
            message = f"{entry} cannot be added ({said}), as what an entry left behind is still there"
            raise HarnessError(f"ledger {self.name}: {message}; it was tampered with") from error

    def _append(self, about: Columns, body: str) -> str:
        with self._database.writing() as connection:
            previous = connection.execute(LAST.where(ENTRIES.c.project == about["project"])).scalar()
            values = {**about, "body_digest": sha256(body), "prev_digest": previous or GENESIS}
            digest = entry_digest(values)
            added = connection.execute(ENTRIES.insert().values(**values, entry_digest=digest))
            (seq,) = tuple(added.inserted_primary_key or ())
            connection.execute(BODIES.insert().values(seq=seq, body=body))
        return digest
