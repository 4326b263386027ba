"""The append-only record of what was found and decided, each entry chained to the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from harness.errors import HarnessError, UsageError
from harness.records.runs import DECISION, as_json, canonical, from_json, sha256
from harness.values.decisions import GateDecision
from harness.values.runs import Run

Kind = Literal["run", "decision"]
SCHEMA_VERSION = 1
GENESIS = "sha256:" + "0" * 64
ATTEMPTS = 20

METADATA = sa.MetaData()
ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("project", sa.String(200), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("id", sa.String(80), nullable=False, unique=True),
    sa.Column("suite", sa.String(200)),
    sa.Column("revision", sa.Text),
    sa.Column("candidate", sa.String(200)),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev_digest", sa.String(80), nullable=False),
    sa.Column("entry_digest", sa.String(80), nullable=False, unique=True),
    sa.UniqueConstraint("project", "prev_digest", name="one_chain"),
)
VERSIONS = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, primary_key=True))
NO_CHANGE = """CREATE TRIGGER IF NOT EXISTS entries_no_{verb} BEFORE {verb} ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the ledger."""

    project: str
    kind: str
    id: str
    body: str
    prev_digest: str
    entry_digest: str
    suite: str | None = None


class Ledger:
    """One project's entries in one database."""

    def __init__(self, url: str, project: str) -> None:
        self.url = url
        self.project = project
        self._engine = _engine(url)
        self._ready = False

    def record_run(self, run: Run) -> str:
        """Append a run; return the entry's digest."""
        body = canonical(as_json(run))
        columns = {"suite": run.suite, "revision": run.candidate.revision, "candidate": run.candidate.digest}
        return self._append("run", run.id, body, columns)

    def record_decision(self, decision: GateDecision) -> str:
        """Append a gate's decision; return the entry's digest."""
        body = canonical(DECISION.dump_python(decision, mode="json"))
        columns = {"revision": decision.candidate.revision, "candidate": decision.candidate.digest}
        return self._append("decision", f"{decision.gate}-{sha256(body)[7:]}", body, columns)

    def runs(self, suite: str | None = None) -> Sequence[Run]:
        """Return this project's runs, or those of one suite, oldest first."""
        return [run for entry in self.entries("run") if (run := _run_of(entry, suite, self.url))]

    def decisions(self) -> Sequence[GateDecision]:
        """Return this project's decisions, oldest first."""
        return [DECISION.validate_json(entry.body) for entry in self.entries("decision")]

    def entries(self, kind: Kind | None = None) -> Sequence[Entry]:
        """Return this project's entries, oldest first, after checking that none was changed or taken out."""
        chosen = sa.select(ENTRIES).where(ENTRIES.c.project == self.project).order_by(ENTRIES.c.seq)
        with self._reading() as connection:
            rows = connection.execute(chosen).mappings().all()
        found = [Entry(**{name: row[name] for name in Entry.__dataclass_fields__}) for row in rows]
        _unbroken(found, self.url)
        return [entry for entry in found if kind is None or entry.kind == kind]

    def _append(self, kind: Kind, key: str, body: str, columns: dict[str, Any]) -> str:
        for _ in range(ATTEMPTS):
            try:
                return self._append_entry(kind, key, body, columns)
            except IntegrityError as error:  # another writer took the end of the chain; look again
                if "prev_digest" not in _error_text(error) and "one_chain" not in _error_text(error):
                    raise HarnessError(f"ledger {self.url}: entry {key!r} is already recorded") from error
            except SQLAlchemyError as error:
                raise HarnessError(f"ledger {self.url} cannot be written: {_error_text(error)}") from error
        raise HarnessError(f"ledger {self.url}: {ATTEMPTS} other writers came first; try again")

    def _append_entry(self, kind: Kind, key: str, body: str, columns: dict[str, Any]) -> str:
        last = (
            sa.select(ENTRIES.c.entry_digest)
            .where(ENTRIES.c.project == self.project)
            .order_by(ENTRIES.c.seq.desc())
            .limit(1)
        )
        with self._ready_engine().begin() as connection:
            previous = connection.execute(last).scalar() or GENESIS
            digest = _entry_digest(self.project, kind, key, body, previous)
            connection.execute(
                ENTRIES.insert().values(
                    project=self.project,
                    kind=kind,
                    id=key,
                    at=datetime.now(UTC).isoformat(),
                    body=body,
                    prev_digest=previous,
                    entry_digest=digest,
                    **columns,
                )
            )
        return digest

    def _ready_engine(self) -> sa.Engine:
        """Return the engine, the tables created when they are first needed: who reads no ledger makes none."""
        if not self._ready:
            _migrate(self._engine, self.url)
            self._ready = True
        return self._engine

    def _reading(self) -> sa.Connection:
        try:
            return self._ready_engine().connect()
        except SQLAlchemyError as error:
            raise HarnessError(f"ledger {self.url} cannot be read: {_error_text(error)}") from error


def _run_of(entry: Entry, suite: str | None, url: str) -> Run | None:
    """Return the run of an entry if it is of the suite; a column that says otherwise than the chained text is refused.

    Suite names have no character that JSON would escape, so a run of another suite need not be parsed.
    """
    if suite is not None and suite != entry.suite and f'"suite":"{suite}"' not in entry.body:
        return None
    run = from_json(entry.body)
    if run.suite != entry.suite:
        message = f"entry {entry.id!r} is of {run.suite!r}, its column says {entry.suite!r}"
        raise HarnessError(f"ledger {url}: {message}; it was tampered with")
    return run if suite in (None, run.suite) else None


def _entry_digest(project: str, kind: str, key: str, body: str, previous: str) -> str:
    return sha256(canonical([project, kind, key, body, previous]))


def _unbroken(entries: Sequence[Entry], url: str) -> None:
    previous = GENESIS
    for entry in entries:
        digest = _entry_digest(entry.project, entry.kind, entry.id, entry.body, entry.prev_digest)
        if entry.prev_digest != previous or entry.entry_digest != digest:
            raise HarnessError(
                f"ledger {url}: entry {entry.id!r} does not follow from the one before; it was tampered with"
            )
        previous = entry.entry_digest


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url)
    except SQLAlchemyError as error:
        raise UsageError(f"ledger {url!r} cannot be opened: {_error_text(error)}; give a SQLAlchemy URL") from error


def _migrate(engine: sa.Engine, url: str) -> None:
    try:
        if engine.dialect.name == "sqlite" and engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        version = _create_tables(engine)
    except (SQLAlchemyError, OSError) as error:
        raise UsageError(f"ledger {url!r} cannot be opened: {_error_text(error)}; give a SQLAlchemy URL") from error
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"ledger {url!r} has schema {version}, this version knows {SCHEMA_VERSION}; upgrade the harness"
        )


def _create_tables(engine: sa.Engine) -> int:
    """Create what is missing and return the schema's version.

    Every statement can be repeated, so a process killed half-way does no harm.
    """
    METADATA.create_all(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                connection.execute(sa.text(NO_CHANGE.format(verb=verb)))
        version = connection.execute(sa.select(sa.func.max(VERSIONS.c.version))).scalar()
        if version is None:
            connection.execute(VERSIONS.insert().values(version=SCHEMA_VERSION))
    return SCHEMA_VERSION if version is None else int(version)


def _error_text(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
