"""Tables that DuckDB cannot open by itself, as values: a query that reads one can go to whatever engine holds its rows.

Such a table carries a digest of how its engine is reached. How that is, credentials included, stays in this process: it
is in no query, record or message.
"""

import hashlib
from dataclasses import dataclass

from harness.errors import HarnessError, UsageError
from harness.tables.sql import Sql, all_rows, column

ENGINES = ("sql", "spark", "bigquery", "delta")
IN_DUCKDB = ("delta",)
_ADDRESSES: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class RemoteTable:
    """A table of another engine: which engine, what it calls the table, and where the engine is."""

    engine: str
    name: str
    place: str = ""

    @property
    def uri(self) -> str:
        """Return the URI that a suite writes."""
        return f"{self.engine}:{self.name}"

    @property
    def alias(self) -> str:
        """Return what it is called in the words of DuckDB, which reads it under this name if it has to."""
        return f"{self.uri} {self.place}"

    @property
    def text(self) -> str:
        """Return what DuckDB reads it by."""
        return column(self.alias).text

    @property
    def sql(self) -> Sql:
        """Return the query that reads every row."""
        return all_rows(self)

    @property
    def address(self) -> str:
        """Return how the engine is reached, as only the process that read the suite knows."""
        if self.place and self.place not in _ADDRESSES:
            raise HarnessError(
                f"how to reach {self.uri!r} is known only to the process that read the suite; "
                f"run it with the executor `threads`"
            )
        return _ADDRESSES.get(self.place, "")


def is_elsewhere(uri: str) -> bool:
    """Tell whether a URI names a table of another engine."""
    return uri.split(":", 1)[0] in ENGINES and ":" in uri


def remote_table(uri: str, address: str | None) -> RemoteTable:
    """Return the table a URI names, and remember how to reach it."""
    engine, _, name = uri.partition(":")
    if not name or "'" in name:
        raise UsageError(f"source {uri!r} names no table; write {engine}:TABLE, without quotes")
    place = hashlib.sha256(address.encode()).hexdigest()[:12] if address else ""
    if address:
        _ADDRESSES[place] = address
    return RemoteTable(engine=engine, name=name, place=place)


def answering(sql: Sql) -> RemoteTable | None:
    """Return a table of the one engine that can answer a query by itself; None if DuckDB has to."""
    tables = [source for source in sql.sources if isinstance(source, RemoteTable) and source.engine not in IN_DUCKDB]
    here = len(tables) < len(sql.sources)
    places = {(table.engine, table.place) for table in tables}
    return tables[0] if len(places) == 1 and not here else None
