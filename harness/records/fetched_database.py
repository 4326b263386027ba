"""The database of a ledger: one that SQLAlchemy opens, or a file kept elsewhere, which is fetched and pushed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from harness.records.database import Database
from harness.records.git_branch import PREFIX, open_branch
from harness.records.store_urls import is_store_url
from harness.records.stored_file import StoredFile

FILE = "ledger.db"


class Remote(Protocol):
    """Where a file is kept, of which each version has a name."""

    @property
    def name(self) -> str:
        """Return what errors call the ledger."""

    def fetch(self, path: Path) -> str | None:
        """Write the newest version to a path, and return its name; None where there is none."""

    def push(self, version: str | None, path: Path) -> str:
        """Put a file after a version, or first; return its version. Outrun where that is not the newest any more."""


class FetchedDatabase:
    """A SQLite file kept elsewhere: fetched when it is first read, and before each entry is pushed."""

    def __init__(self, remote: Remote) -> None:
        self.name = remote.name
        self._remote = remote
        self._folder = tempfile.TemporaryDirectory(prefix="harness-ledger-")
        self._version: str | None = None
        self._fetched: Database | None = None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """Give a connection to what was there when it was first read."""
        self._fetched = self._fetched or self._fetch()
        with self._fetched.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection to what is there now, and push; raise Outrun where another pushed first."""
        database, self._fetched = self._fetch(), None
        with database.writing() as connection:
            yield connection
        self._version = self._remote.push(self._version, self._path)
        self._fetched = database

    @property
    def _path(self) -> Path:
        return Path(self._folder.name) / FILE

    def _fetch(self) -> Database:
        self._path.unlink(missing_ok=True)
        self._version = self._remote.fetch(self._path)
        found = Database(f"sqlite:///{self._path}")
        found.name = self.name
        return found


def open_database(url: str) -> Database | FetchedDatabase:
    """Return the database of a URL, of `git:BRANCH`, a branch of the remote `origin`, or in a bucket or container."""
    if is_store_url(url):
        return FetchedDatabase(StoredFile(url))
    return FetchedDatabase(open_branch(url)) if url.startswith(PREFIX) else Database(url)
