"""The one DuckDB of this process, whose moments are UTC whatever the machine's zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb

from harness.errors import HarnessError

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_file_cache": False,  # a table that is read once must not stay in memory
    "python_enable_replacements": False,  # else a name that is no table is looked up among the callers' variables
}


@cache
def database() -> duckdb.DuckDBPyConnection:
    """Return the database; a setting that is not global holds for this connection alone, and not for its cursors."""
    connection = duckdb.connect(config=SETTINGS)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def cursor() -> duckdb.DuckDBPyConnection:
    """Return a connection of its own to the database, as threads need one each."""
    return database().cursor()


@contextmanager
def reading() -> Iterator[None]:
    """Name a query's trouble in one line instead of a stack trace."""
    try:
        yield
    except duckdb.Error as error:
        raise HarnessError(" ".join(str(error).split())) from error
