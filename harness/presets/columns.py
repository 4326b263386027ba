"""Looks at a table's columns: what each holds, as far as a role can be told from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables import scan
from harness.tables.queries import Query
from harness.tables.sql import Sql, column, literal, sql

FLOATS = ("FLOAT", "DOUBLE")
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its SQL type, how many values are unusable, how many differ, and their range."""

    name: str
    type: str
    missing: int
    distinct: int
    low: object
    high: object

    @property
    def number(self) -> bool:
        """Tell whether its values can be ordered as numbers."""
        return self.type in INTEGERS or self.fraction

    @property
    def fraction(self) -> bool:
        """Tell whether its numbers may have decimals."""
        return self.type in FLOATS or (self.type.startswith("DECIMAL") and self.type.endswith(")"))

    @property
    def binary(self) -> bool:
        """Tell whether every row that holds anything holds 0 or 1 (false or true), and both occur."""
        boolean = self.type == "BOOLEAN" or (self.number and (self.low, self.high) == (0, 1))
        return boolean and self.distinct == 2

    @property
    def two_words(self) -> bool:
        """Tell whether it holds two different texts, as fraud and legit, besides missing values."""
        return self.type == "VARCHAR" and self.distinct == 2

    @property
    def share(self) -> bool:
        """Tell whether it could be a score: fractions between 0 and 1, and more than two."""
        return self.fraction and self.distinct > 2 and self.is_within(0, 1)

    @property
    def key(self) -> bool:
        """Tell whether its type suits an identifier."""
        return self.type in (*INTEGERS, "VARCHAR", "UUID")

    @property
    def moment(self) -> bool:
        """Tell whether it says when a row happened."""
        return self.type.startswith(("TIMESTAMP", "DATE")) and not self.type.endswith("]") and not self.missing

    @property
    def never_negative(self) -> bool:
        """Tell whether its numbers, if it has any, are 0 or more."""
        return self.number and self.low is not None and float(str(self.low)) >= 0

    def is_within(self, low: float, high: float) -> bool:
        """Tell whether every value is a number in a range."""
        found = (self.low, self.high)
        return not self.missing and all(low <= float(str(value)) <= high for value in found)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: how many rows, and its columns by name."""

    uri: str
    rows: int
    columns: Mapping[str, Column]

    def find_column(self, name: str, option: str) -> Column:
        """Return the column that an option names."""
        if name not in self.columns:
            raise UsageError(f"{self.uri} has no column {name!r} for {option}{did_you_mean(name, self.columns)}")
        return self.columns[name]

    def unique(self, column: Column) -> bool:
        """Tell whether each row has a value of its own there."""
        return column.key and column.distinct == self.rows

    def columns_text(self) -> str:
        """Return the columns with their types, to end an error with."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns.values())


def read_table(uri: str) -> Table:
    """Return what one scan of a file tells of its columns."""
    rows = scan.rows_of(uri)
    types = scan.columns(rows)
    aggregates = [_aggregates(index, name, types[name]) for index, name in enumerate(types)]
    found = Query(sql=sql("SELECT count(*) AS n, {aggregates} FROM ({rows})", aggregates=aggregates, rows=rows)).one()
    if found["n"] == 0:
        raise HarnessError(f"{uri} has no rows, so nothing can be told from it; name a table with rows")
    columns = [_column(index, name, types[name], found) for index, name in enumerate(types)]
    return Table(uri=uri, rows=int(found["n"]), columns={column.name: column for column in columns})


def positives(table: Table, label: Column, positive: str | None) -> int:
    """Return how many rows carry label 1, or the text that means it."""
    condition = "CAST({label} AS INT) = 1" if positive is None else "{label} = {positive}"
    counting = f"SELECT count(*) FILTER ({condition}) AS n FROM ({{rows}})"
    named = {"label": column(label.name), "positive": literal(positive), "rows": scan.rows_of(table.uri)}
    return int(Query(sql=sql(counting, **named)).one()["n"])


def _aggregates(index: int, name: str, kind: str) -> Sql:
    usable = sql("{c} IS NOT NULL" + (" AND isfinite({c})" if kind in FLOATS else ""), c=column(name))
    return sql(
        f"count(*) FILTER (NOT ({{usable}})) AS missing_{index}, count(DISTINCT {{c}}) AS distinct_{index}, "
        f"min({{c}}) FILTER ({{usable}}) AS low_{index}, max({{c}}) FILTER ({{usable}}) AS high_{index}",
        c=column(name),
        usable=usable,
    )


def _column(index: int, name: str, kind: str, found: Mapping[str, Any]) -> Column:
    return Column(
        name=name,
        type=kind,
        missing=int(str(found[f"missing_{index}"])),
        distinct=int(str(found[f"distinct_{index}"])),
        low=found[f"low_{index}"],
        high=found[f"high_{index}"],
    )
