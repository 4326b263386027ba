"""Holds columns to the kind of value that their role has, or the column they are compared with, and says what is not.

SQL compares 1 with '1' and whole numbers with doubles, which from 2^53 up do not name all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from harness.errors import HarnessError
from harness.tables import delimited, json_lines
from harness.tables.files import CsvFiles, JsonLines
from harness.tables.profiles import kind_of
from harness.tables.queries import Query
from harness.tables.sql import Filling, Sql, column, literal

WANTED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("score", "weight"), ("number", "float64")),
    "time": ("time", "timestamp"),
}
SHOWN = 5  # more than there are values of a label: 0, 1 and a missing one
WIDEST = 60  # characters of a value in a message
EXACT: Mapping[str, int] = {"DOUBLE": 2**53, "FLOAT": 2**24}  # from here on not every whole number has its own


class Table(Protocol):
    """What columns are held in, as a dataset is."""

    @property
    def name(self) -> str:
        """Return what a suite calls it."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Return the columns with their SQL types."""

    def query(self, template: str, /, **parts: Filling) -> Query:
        """Return a question about its rows."""


def comparable_kind(sql_type: str) -> str:
    """Return the kind of value of a type: values of one kind may be compared."""
    if sql_type.startswith("TIMESTAMP"):
        return "moments"
    if sql_type in ("VARCHAR", "JSON") or sql_type.startswith("ENUM("):
        return "text"
    return "numbers" if kind_of(sql_type) == "number" else sql_type


def refuse_unlike(one: Table, other: Table, pairs: Mapping[str, str]) -> None:
    """Refuse to compare columns of two tables that hold values of different kinds."""
    for own, theirs in pairs.items():
        kinds = [comparable_kind(found) for found in (one.columns[own], other.columns[theirs])]
        if kinds[0] != kinds[1]:
            raise HarnessError(
                f"{_described(one, own)} and {_described(other, theirs)} are of different kinds, so none could be "
                f"the same; write both alike, or give the column of a CSV or JSON file its type with `types:`"
            )


def refuse_unlike_keys(one: Table, other: Table, pairs: Mapping[str, str]) -> None:
    """Refuse to join by columns of different kinds, or by doubles that no longer name each whole number."""
    refuse_unlike(one, other, pairs)
    for table, names in ((one, [*pairs]), (other, [*pairs.values()])):
        for name in names:
            _refuse_inexact(table, name)


def _refuse_inexact(table: Table, name: str) -> None:
    limit = EXACT.get(table.columns[name])
    if limit is None:
        return
    counting = f"SELECT count(*) FILTER (isfinite({{c}}) AND abs({{c}}) >= {limit}) AS n FROM {{rows}}"
    if inexact := table.query(counting, c=column(name)).one()["n"]:
        raise HarnessError(
            f"{_described(table, name)} holds {inexact} key{'s' if inexact > 1 else ''} from "
            f"2^{limit.bit_length() - 1} up, where one such number stands for several whole ones; write the keys as "
            f"whole numbers or text (a column with missing values too: Int64 in pandas)"
        )


def _described(table: Table, name: str) -> str:
    return f"column {name!r} of {table.name!r} ({table.columns[name]})"


def refuse_other_kind(data: Table, rows: Sql, role: str, named: str) -> None:
    """Refuse a column of another kind than its role has; of a CSV file, say which value made it text."""
    wanted, declared = WANTED[role]
    sql_type = data.columns[named]
    if kind_of(sql_type) == wanted:
        return
    found = "text" if sql_type == "VARCHAR" else sql_type
    raise HarnessError(
        f"the {role} {named!r} of {data.name!r} is {found} and has to be a {wanted}; "
        f"{_way_out(data, rows, named, declared)}"
    )


def _way_out(data: Table, rows: Sql, named: str, kind: str) -> str:
    where = next((_first_misfit(source, named, kind) for source in rows.sources if _is_text(source, named)), None)
    if where is None:
        held = [repr(value)[:WIDEST] for value in _first_values(data, named) if value is not None]
        return f"it holds {', '.join(held)}; write it as one" if held else "write it as one"
    message = f"{where}; repair that, or declare " if where else "declare "
    form = " or how it is written: '%m/%d/%Y'" if kind == "timestamp" else ""
    return f"{message}`types: {{{named}: {kind}}}`{form}"


def refuse_not_binary(data: Table, role: str, name: str, read: Iterable[object] | None) -> None:
    """Refuse a label or a decision that is anything but 0 and 1, false and true, by naming what it holds.

    `read` are values that were read already; they are asked for if there are none, or of a column that holds words.
    """
    countable = data.columns[name] == "BOOLEAN" or kind_of(data.columns[name]) == "number"
    values = read if read is not None and countable else _first_values(data, name)
    found = sorted({value for value in values if value is not None}, key=repr)
    if any(value not in (0, 1) for value in found):
        meanings = ", or say what its values mean: `label_values: {fraud: 1, legit: 0}`" if role == "label" else ""
        more = " and maybe more" if len(found) >= SHOWN else ""
        raise HarnessError(
            f"dataset {data.name!r}: {role} {name!r} must hold 0 and 1; found {', '.join(map(repr, found[:SHOWN]))}"
            f"{more}; name a 0/1 column as its {role}{meanings}"
        )


def _first_values(data: Table, name: str) -> Sequence[object]:
    asked = data.query(
        "SELECT {c} AS value FROM {rows} GROUP BY 1 ORDER BY 1 LIMIT {most}", c=name, most=literal(SHOWN)
    )
    values: list[object] = asked.table()["value"].to_pylist()
    return values


def _is_text(source: object, named: str) -> bool:
    if isinstance(source, JsonLines):
        return (named, "string") in source.texts
    return isinstance(source, CsvFiles) and (named, "string") in source.columns


def _first_misfit(source: object, named: str, kind: str) -> str:
    if isinstance(source, JsonLines):
        return json_lines.first_misfit(source, named, kind)
    return delimited.first_misfit(source, named, kind) if isinstance(source, CsvFiles) else ""
