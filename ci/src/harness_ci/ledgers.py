"""A copy of the ledger for those who may read it and must not write it."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa

from harness import HarnessError, UsageError


def copy_ledger(url: str, to: Path) -> None:
    """Write a copy of a ledger that is a file, whole, as of one moment; none where there is no ledger yet."""
    found = sa.make_url(url)
    if not found.drivername.startswith("sqlite"):
        raise UsageError("only a ledger in a file can be copied for candidates; name one as sqlite:///FILE")
    source, unfinished = Path(str(found.database)), to.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    if not source.exists():
        return
    try:
        with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as book, sqlite3.connect(unfinished) as copy:
            book.backup(copy)
    except sqlite3.Error as error:
        raise HarnessError(f"ledger {source} cannot be copied: {error}") from error
    unfinished.replace(to)
