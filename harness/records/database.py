"""The database that a ledger stands in: its tables, created under a lock, and its errors in words."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, IntegrityError, SAWarning, SQLAlchemyError

from harness.errors import HarnessError, UsageError
from harness.text import hide_secrets

SCHEMA_VERSION = 2
PATIENCE = 30  # seconds that a locked ledger is waited for
SQLITE_LOCKED = (5, 6)
POSTGRES_LOCKED = "55P03"
REMEDY = {
    "read": "see that it answers and is whole, or bring back a backup (docs/signing.md)",
    "written": "see that it answers and that its disk has room, then try again",
}

METADATA = sa.MetaData()
ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("project", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("id", sa.String(200), nullable=False),
    sa.Column("recorded", sa.String(40), nullable=False),
    sa.Column("suite", sa.Text),
    sa.Column("gate", sa.Text),
    sa.Column("revision", sa.Text),
    sa.Column("candidate", sa.Text),
    sa.Column("rows", sa.Text),
    sa.Column("trigger", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("digest", sa.Text),
    sa.Column("time", sa.String(40)),
    sa.Column("body_digest", sa.String(80), nullable=False),
    sa.Column("prev_digest", sa.String(80), nullable=False),
    sa.Column("entry_digest", sa.String(80), nullable=False),
    sa.UniqueConstraint("project", "kind", "id", name="one_entry"),
    sa.UniqueConstraint("project", "prev_digest", name="one_chain"),
    sa.Index("in_order", "project", "seq"),
)
BODIES = sa.Table(  # apart, so that walking the chain reads none of them
    "bodies",
    METADATA,
    sa.Column("seq", sa.Integer, sa.ForeignKey("entries.seq"), primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
)
VERSIONS = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, primary_key=True))

LOCK = {
    "sqlite": ["BEGIN IMMEDIATE"],
    "postgresql": [f"SET LOCAL lock_timeout = '{PATIENCE}s'", "SELECT pg_advisory_xact_lock(hashtext('ledger'))"],
}
APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for table in (ENTRIES.name, BODIES.name)
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        *(
            f"CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            for table in (ENTRIES.name, BODIES.name)
        ),
    ],
}


class Database:
    """The database of a URL; `name` is the URL as it may be shown."""

    def __init__(self, url: str) -> None:
        self.name = shown_url(url)
        self._url = url
        self._engine = _engine(url)
        self._is_ready = False

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """Give a connection to read from, or None where nothing was recorded yet: reading creates nothing."""
        if not self._may_exist():
            yield None
            return
        with self._connect() as connection, self._explain_errors("read"):
            yield connection if self._has_tables(connection) else None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give the one connection that writes until it is done; the tables are created when they are first needed."""
        self._create_folder()
        with self._connect() as connection, self._explain_errors("written"), connection.begin():
            for statement in LOCK.get(connection.dialect.name, ()):
                connection.exec_driver_sql(statement)
            if not self._is_ready and not self._has_tables(connection):
                _create_tables(connection)
            self._is_ready = True
            yield connection

    def _connect(self) -> sa.Connection:
        try:
            return self._engine.connect()
        except SQLAlchemyError as error:
            raise _cannot_open(self._url, error) from error

    def _has_tables(self, connection: sa.Connection) -> bool:
        """Tell whether there are tables, which must be of this version."""
        if not sa.inspect(connection).has_table(VERSIONS.name):
            return False
        version = connection.execute(sa.select(sa.func.max(VERSIONS.c.version))).scalar()
        if version is not None and version != SCHEMA_VERSION:
            older = "move it away, let a new one be created, and run the suites again"
            message = f"ledger {self.name!r} has schema {version}, this version knows {SCHEMA_VERSION}"
            raise UsageError(f"{message}; {'upgrade the harness' if version > SCHEMA_VERSION else older}")
        return version is not None

    def _may_exist(self) -> bool:
        file = self._file()
        return file is None or file.exists()

    def _create_folder(self) -> None:
        try:
            if file := self._file():
                file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_open(self._url, error) from error

    def _file(self) -> Path | None:
        """Return the file of a SQLite ledger; of another, or one in memory, None."""
        name = self._engine.url.database or ""
        is_file = self._engine.dialect.name == "sqlite" and name and not name.startswith((":memory:", "file:"))
        return Path(name) if is_file else None

    @contextmanager
    def _explain_errors(self, verb: str) -> Iterator[None]:
        try:
            yield
        except IntegrityError:  # another writer was first, which the caller has an answer to
            raise
        except SQLAlchemyError as error:
            if _is_locked(error):
                message = f"ledger {self.name} is locked by another process, which did not let go in time"
                raise HarnessError(f"{message}; try again when it is done") from error
            said = hide_secrets(error_text(error), self._url)
            raise HarnessError(f"ledger {self.name} cannot be {verb}: {said}; {REMEDY[verb]}") from error


def shown_url(url: str) -> str:
    """Return a URL without what may be secret: its password, and its options, which may hold one too."""
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):  # the latter of a port that is no number, as where a password holds a /
        return url.rpartition("@")[2]
    if parsed.host and "@" in parsed.host:  # of a password with an @ that was not written as %40
        parsed = parsed.set(host=parsed.host.rpartition("@")[2])
    return parsed.set(query={}).render_as_string(hide_password=True)


def error_text(error: Exception) -> str:
    """Return what a driver says, in one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        waits = {"timeout": PATIENCE} if is_sqlite and "timeout" not in parsed.query else {}
        with warnings.catch_warnings(action="error", category=SAWarning):  # of options that would be ignored
            engine = sa.create_engine(parsed, connect_args=waits, poolclass=sa.NullPool)  # none is held between uses
    except (SQLAlchemyError, SAWarning, ImportError, ValueError) as error:
        raise _cannot_open(url, error) from error
    if is_sqlite:
        sa.event.listen(engine, "connect", _begin_nothing)
    return engine


def _begin_nothing(connection: Any, _: object) -> None:
    """Leave transactions to LOCK: Python's driver begins one only at the first insert, too late to be alone."""
    connection.isolation_level = None


def _create_tables(connection: sa.Connection) -> None:
    METADATA.create_all(connection)
    for statement in APPEND_ONLY.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)
    connection.execute(VERSIONS.insert().values(version=SCHEMA_VERSION))


def _cannot_open(url: str, error: Exception) -> UsageError:
    said = hide_secrets(error_text(error), url)
    return UsageError(f"ledger {shown_url(url)!r} cannot be opened: {said}; give a SQLAlchemy URL of one that answers")


def _is_locked(error: SQLAlchemyError) -> bool:
    found = getattr(error, "orig", None)
    is_sqlite = getattr(found, "sqlite_errorcode", 0) & 0xFF in SQLITE_LOCKED
    return is_sqlite or getattr(found, "sqlstate", None) == POSTGRES_LOCKED
