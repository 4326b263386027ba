"""A copy of a ledger for those who may read it and must not write it."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa

from harness.errors import HarnessError, UsageError
from harness.records.store_urls import is_store_url
from harness.records.stored_file import StoredFile


def copy_ledger(url: str, to: Path) -> None:
    """Write a copy of a ledger in a file, a bucket or a container, whole, as of one moment; none where there is none.

    UsageError for one in a server or on a branch, HarnessError where it cannot be read.
    """
    if is_store_url(url):
        StoredFile(url).fetch(to)
        return
    if not url.startswith("sqlite"):
        remedy = "name one as sqlite:///FILE, s3://BUCKET/PATH or abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"
        raise UsageError(f"only a ledger in a file, a bucket or a container can be copied for candidates; {remedy}")
    _copy_file(Path(str(sa.make_url(url).database)), to)


def _copy_file(source: Path, to: Path) -> None:
    unfinished = to.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    if not source.exists():
        return
    try:
        with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as book, sqlite3.connect(unfinished) as copy:
            book.backup(copy)
    except sqlite3.Error as error:
        raise HarnessError(f"ledger {source} cannot be copied: {error}") from error
    unfinished.replace(to)
