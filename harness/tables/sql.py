"""SQL as a value: text that the code wrote, names and values quoted in one place, and the tables it reads in between.

What a query reads is never found by searching its text, so no name and no value can look like a table.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from math import isfinite
from string import Formatter
from typing import Protocol, TypeAlias, runtime_checkable

from harness.errors import HarnessError

ALL_ROWS = "SELECT * FROM "


@runtime_checkable
class Source(Protocol):
    """A table that a query reads."""

    @property
    def text(self) -> str:
        """Return what DuckDB reads it by."""


Value: TypeAlias = str | int | float | Decimal | date | None
Piece: TypeAlias = str | Source


@dataclass(frozen=True, kw_only=True)
class Sql:
    """A query or a piece of one in DuckDB's words: text with names and values already quoted, and sources."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """Return the text that DuckDB is asked."""
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)

    @property
    def sources(self) -> Sequence[Source]:
        """Return the tables it reads, in order of appearance."""
        return [piece for piece in self.pieces if not isinstance(piece, str)]

    @property
    def whole(self) -> Source | None:
        """Return the table of which it reads all rows and columns and does nothing more; None for any other query."""
        return self.sources[0] if len(self.pieces) == 2 and self.pieces[0] == ALL_ROWS else None

    def join(self, parts: Iterable["Sql"]) -> "Sql":
        """Return the parts with this between them, as `str.join` does."""
        between = [piece for part in parts for piece in (*self.pieces, *part.pieces)]
        return _merge(between[len(self.pieces) :])


@runtime_checkable
class Rows(Protocol):
    """What has rows that a query may read, as a dataset has."""

    @property
    def sql(self) -> Sql:
        """Return the query that reads them."""


Filling: TypeAlias = str | Sql | Rows | Sequence[str | Sql]


def sql(template: str, /, **parts: Filling) -> Sql:
    """Return SQL with its `{name}` placeholders filled; a list is filled in with commas, rows in parentheses.

    Write `{{` and `}}` for braces. A name or a value is given as `column(...)` or `literal(...)`.
    """
    pieces: list[Piece] = []
    for text, name in _segments(template):
        pieces += [text, *(_filling(template, name, parts).pieces if name else ())]
    return _merge(pieces)


def placeholders(template: str) -> Sequence[str]:
    """Return the names in a template that are to be filled."""
    return [name for _, name in _segments(template) if name]


def column(name: str) -> Sql:
    """Return the name of a column, or of anything else that has a name, quoted."""
    return Sql(pieces=('"' + _speakable(name).replace('"', '""') + '"',))


def literal(value: Value) -> Sql:
    """Return text, a number, a truth value, a date, a moment (with its zone in UTC) or None as SQL."""
    return Sql(pieces=(_literal_text(value),))


def all_rows(source: Source) -> Sql:
    """Return the query that reads every row of a table."""
    return Sql(pieces=(ALL_ROWS, source))


def quote_text(text: str) -> str:
    """Return text between the quotes of SQL."""
    return "'" + _speakable(text).replace("'", "''") + "'"


def _speakable(text: str) -> str:
    if "\0" in text:
        raise HarnessError(f"{text[:80]!r} holds a NUL, which no query can say; rename or repair it")
    return text


def _literal_text(value: Value) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            return quote_text(value)
        case int() | float() | Decimal():
            return _number_text(value)
        case datetime() if value.tzinfo:
            return f"TIMESTAMPTZ '{value.astimezone(UTC).isoformat(sep=' ')}'"
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
    raise HarnessError(f"{value!r} is a {type(value).__name__}, which has no literal; give text, a number or a date")


def _number_text(value: float | Decimal) -> str:
    if not isfinite(value):
        return f"CAST('{float(value)}' AS DOUBLE)"
    text = repr(float(value)) if isinstance(value, float) else str(value)
    return f"({text})" if text.startswith("-") else text  # two minus signs begin a comment


@lru_cache(maxsize=1024)
def _segments(template: str) -> tuple[tuple[str, str | None], ...]:
    """Return a template's texts, each with the name of the placeholder after it."""
    try:
        found = tuple(Formatter().parse(template))
    except ValueError as error:
        raise HarnessError(f"{template!r}: {error}; write {{{{ and }}}} for braces") from error
    for _, name, spec, conversion in found:
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise HarnessError(f"{template!r}: {name!r} is no placeholder's name; write {{{{ and }}}} for braces")
    return tuple((text, name) for text, name, _, _ in found)


def _filling(template: str, name: str, parts: Mapping[str, Filling]) -> Sql:
    if name not in parts:
        raise HarnessError(f"{template!r}: nothing is given for {{{name}}}; give {name}=column(...) or literal(...)")
    part = parts[name]
    if isinstance(part, Sql):
        return part
    if isinstance(part, Rows):
        return _merge(["(", *part.sql.pieces, ")"])
    listed = part if isinstance(part, Sequence) and not isinstance(part, str) else ()
    found = [each for each in listed if isinstance(each, Sql)]
    if not found or len(found) < len(listed):
        raise HarnessError(
            f"{template!r}: {name}={part!r} is no SQL; write column(...) for a name, literal(...) for a value"
        )
    return Sql(pieces=(", ",)).join(found)


def _merge(pieces: Iterable[Piece]) -> Sql:
    """Return the pieces with neighbouring texts as one, so that equal queries are equal values."""
    return Sql(pieces=tuple(_runs(pieces)))


def _runs(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for is_text, run in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if is_text:
            yield "".join(str(piece) for piece in run)
        else:
            yield from run
