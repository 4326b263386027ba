import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from harness.errors import HarnessError, UsageError
from harness.records.database import LOCK, shown_url
from harness.records.ledger import Ledger
from tests.support.databases import change
from tests.support.decisions import run, verdict


@pytest.mark.parametrize("table", ["entries", "bodies"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = 7", "DELETE FROM {}"])
def test_the_ledger_is_append_only(url: str, table: str, statement: str) -> None:
    Ledger(url, "demo").record_run(run(verdict("pass")))

    with pytest.raises(DatabaseError, match="append-only"):
        change(url, statement.format(table), guarded=True)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/nope/ledger.db", "sqlite:////proc"])
def test_a_ledger_that_cannot_be_opened_says_so(url: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be opened: .*; give a SQLAlchemy URL"):
        Ledger(url, "demo").record_run(run(verdict("pass")))


def test_a_file_that_is_no_database_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("not a database, but long enough to look like something " * 20)

    with pytest.raises(HarnessError, match=r"ledger sqlite:.*ledger\.db cannot be read: .*not a database"):
        Ledger(f"sqlite:///{tmp_path}/ledger.db", "demo").entries()


@pytest.mark.parametrize(
    ("version", "advice"),
    [(99, "upgrade the harness"), (1, "move it away, let a new one be created, and run the suites again")],
)
def test_a_ledger_of_another_version_is_refused(url: str, version: int, advice: str) -> None:
    ledger = Ledger(url, "demo")
    ledger.record_run(run(verdict("pass")))
    change(url, f"UPDATE schema_version SET version = {version}")

    for use in (ledger.runs, lambda: Ledger(url, "demo").record_run(run(verdict("pass")))):
        with pytest.raises(UsageError, match=f"has schema {version}, this version knows 2; {advice}"):
            use()


@pytest.mark.parametrize("is_reading", [True, False])
def test_a_locked_ledger_is_waited_for_then_said(tmp_path: Path, is_reading: bool) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db?timeout=0.2", "demo")
    ledger.record_run(run(verdict("pass")))
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(HarnessError, match=r"is locked by another process, which did not let go in time; try again"):
        ledger.entries() if is_reading else ledger.record_run(run(verdict("pass"), id="r2"))

    holder.execute("ROLLBACK")
    assert ["r1"] == [entry.id for entry in ledger.entries()]


@pytest.mark.heavy
def test_a_locked_ledger_in_postgresql_is_said_too(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, lock = LOCK["postgresql"]
    monkeypatch.setitem(LOCK, "postgresql", ["SET LOCAL lock_timeout = '200ms'", lock])

    with sa.create_engine(postgres).begin() as connection:
        connection.execute(sa.text(lock))
        with pytest.raises(HarnessError, match="is locked by another process"):
            Ledger(postgres, "demo").record_run(run(verdict("pass")))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////a/ledger.db", "sqlite:////a/ledger.db"),
        ("postgresql+psycopg://ci:s3cret@db:5432/x", "postgresql+psycopg://ci:***@db:5432/x"),
        ("postgresql+psycopg://db/x?user=ci&password=s3cret", "postgresql+psycopg://db/x"),
        ("postgresql+psycopg://ci:one@s3cret@db/x", "postgresql+psycopg://ci:***@db/x"),
        ("postgresql+psycopg://ci:s3/cret@db:port/x", "db:port/x"),
        ("postgresql/ci:s3cret@db", "db"),
    ],
)
def test_a_ledger_is_named_without_its_password(url: str, shown: str) -> None:
    assert shown == shown_url(url)


def test_no_message_holds_a_password(tmp_path: Path) -> None:
    ledger = Ledger(f"postgresql+psycopg://ci:s3cret@/x?host={tmp_path}&password=s3cret", "demo")

    with pytest.raises(UsageError, match="cannot be opened") as raised:
        ledger.entries()

    assert "s3cret" not in str(raised.value)


def test_a_driver_that_is_not_installed_is_said() -> None:
    with pytest.raises(UsageError, match=r"cannot be opened: No module named .*; give a SQLAlchemy URL"):
        Ledger("mysql+pymysql://db/x", "demo")
