"""Names tables that DuckDB cannot open by itself, so that a query stays text whatever engine holds its rows.

A query reads such a table as `harness_table('sql:public.payments', '3f2a...')`: its URI, and a digest of how its engine
is reached. How that is, credentials included, stays in this process: it is in no query, record or message.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError, UsageError

ENGINES = ("sql", "spark", "bigquery", "delta")
IN_DUCKDB = ("delta",)
MARKER = re.compile(r"harness_table\('([a-z]+):([^']*)', '([0-9a-f]*)'\)")
FILES = re.compile(r"\bread_(parquet|csv)\(")
_ADDRESSES: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table of another engine: which engine, what it calls the table, and where the engine is."""

    engine: str
    name: str
    place: str = ""

    @property
    def uri(self) -> str:
        """Return the URI that a suite writes."""
        return f"{self.engine}:{self.name}"

    @property
    def sql(self) -> str:
        """Return the query that reads every row."""
        return f"SELECT * FROM harness_table('{self.uri}', '{self.place}')"

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


def relation(uri: str, address: str | None) -> Relation:
    """Return the table a URI names, and remember how to reach it."""
    engine, _, name = uri.partition(":")
    if not name or "'" in name:
        raise UsageError(f"source {uri!r} names no table; write {engine}:TABLE, without quotes")
    place = hashlib.sha256(address.encode()).hexdigest()[:12] if address else ""
    if address:
        _ADDRESSES[place] = address
    return Relation(engine=engine, name=name, place=place)


def read_by(sql: str) -> Sequence[Relation]:
    """Return the tables of other engines that a query reads, in order of appearance."""
    return [Relation(engine=engine, name=name, place=place) for engine, name, place in MARKER.findall(sql)]


def with_names(sql: str, name: Callable[[Relation], str]) -> str:
    """Return a query with a name instead of each table of another engine."""
    return MARKER.sub(lambda found: name(Relation(engine=found[1], name=found[2], place=found[3])), sql)


def answering(sql: str) -> Relation | None:
    """Return a table of the one engine that can answer a query by itself; None if DuckDB has to."""
    found = read_by(sql)
    places = {(each.engine, each.place) for each in found}
    here = FILES.search(sql) is not None or any(each.engine in IN_DUCKDB for each in found)
    return found[0] if len(places) == 1 and not here else None
