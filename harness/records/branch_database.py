"""The database of a ledger: one that SQLAlchemy opens, or a file on a branch that is fetched and pushed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from harness.errors import UsageError
from harness.records.database import Database
from harness.records.git_branch import Branch

PREFIX = "git:"
FILE = "ledger.db"


class BranchDatabase:
    """A SQLite file on a branch of the remote: fetched when it is first read, and before each entry is pushed."""

    def __init__(self, branch: Branch) -> None:
        self.name = f"{PREFIX}{branch.name}"
        self._branch = branch
        self._folder = tempfile.TemporaryDirectory(prefix="harness-ledger-")
        self._commit: str | None = None
        self._fetched: Database | None = None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """Give a connection to what the branch held when it was first read."""
        self._fetched = self._fetched or self._fetch()
        with self._fetched.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection to what the branch holds now, and push; raise Outrun where another pushed first."""
        database, self._fetched = self._fetch(), None
        with database.writing() as connection:
            yield connection
        self._commit = self._branch.push(self._commit, FILE, self._path, "Record an entry")
        self._fetched = database

    @property
    def _path(self) -> Path:
        return Path(self._folder.name) / FILE

    def _fetch(self) -> Database:
        self._commit = self._branch.fetch()
        self._path.unlink(missing_ok=True)
        if self._commit:
            self._branch.read(self._commit, FILE, self._path)
        found = Database(f"sqlite:///{self._path}")
        found.name = self.name
        return found


def open_database(url: str) -> Database | BranchDatabase:
    """Return the database of a URL, or of `git:BRANCH`, a branch of the remote `origin`."""
    if not url.startswith(PREFIX):
        return Database(url)
    name = url.removeprefix(PREFIX)
    if not name or name.startswith("-") or any(character.isspace() for character in name):
        raise UsageError(f"ledger {url!r} names no branch; write git:BRANCH, as in git:promotion-ledger")
    return BranchDatabase(Branch(name=name))
