"""Keeps others out while something is promoted: a lock of the ledger's Postgres, else a file beside the ledger."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import HarnessError
from harness.records.database import error_text, shown_url
from harness.text import hide_secrets

PATIENCE = 600  # seconds that other promotions are waited for
PAUSE = 0.1
NAME = "hashtext('harness promotion')"
StillLocked = Callable[[], None]


@contextmanager
def lock_promotions(url: str, folder: Path, patience: float = PATIENCE) -> Iterator[StillLocked]:
    """Keep out all who promote by the same ledger; give a function that raises HarnessError if the lock was lost.

    A ledger in Postgres locks for all machines; one in a file for those that share its folder, one on a branch or in a
    store for this one. HarnessError if others did not let go in time.
    """
    if url.startswith("postgresql"):
        with _lock_database(url, patience) as still_locked:
            yield still_locked
    else:
        with _lock_file(_file_beside(url, folder), patience):
            yield lambda: None


@contextmanager
def _lock_database(url: str, patience: float) -> Iterator[StillLocked]:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
        connection.exec_driver_sql(f"SET lock_timeout = '{int(patience * 1000)}ms'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({NAME})")
    except SQLAlchemyError as error:
        message = f"ledger {shown_url(url)} gave no lock: {hide_secrets(error_text(error), url)}"
        raise HarnessError(f"{message}; nothing was moved, try again when no other promotion runs") from error

    def still_locked() -> None:
        try:
            connection.exec_driver_sql("SELECT 1")
        except SQLAlchemyError as error:
            message = f"the lock on ledger {shown_url(url)} was lost: {hide_secrets(error_text(error), url)}"
            raise HarnessError(f"{message}; nothing was moved, try again") from error

    try:
        yield still_locked
    finally:
        connection.close()  # the lock ends with its connection


@contextmanager
def _lock_file(path: Path, patience: float) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise HarnessError(f"{path} cannot be locked: {error}; nothing was moved, give it room and rights") from error
    with file:
        until = time.monotonic() + patience
        while not _is_locked(file.fileno()):
            if time.monotonic() > until:
                raise HarnessError(f"another promotion holds {path}; nothing was moved, try again when it is done")
            time.sleep(PAUSE)
        yield


def _is_locked(descriptor: int) -> bool:
    """Lock a file unless somebody else has; the lock ends with the process, however that ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _file_beside(url: str, folder: Path) -> Path:
    path = url.removeprefix("sqlite:///")
    is_file = path != url and path and not path.startswith((":memory:", "file:"))
    return Path(f"{path.partition('?')[0]}.promoting") if is_file else folder / "promoting"
