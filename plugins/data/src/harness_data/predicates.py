"""Whether a value passes a Pandera check, as an expression that the database evaluates.

Pandera's own executor joins each check's outcome to the rows by position and fetches it to name the failing ones; this
one only counts, in any row order, and a value of another kind than the rule's passes no rule.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

Statistics = Mapping[str, Any]
FLAGS = ("include_min", "include_max")
NEGATIVE = ("not_equal_to", "notin")


def passes(column: ir.Value, name: str, statistics: Statistics) -> ir.BooleanValue:
    """Return whether each value passes; a value of another kind than the rule's passes none, a negative one neither."""
    kind = column.type()
    if name.startswith("str_"):
        return PASSES[name](column, statistics) if kind.is_string() else ibis.literal(False)
    given = {key: value if key in FLAGS else _fitting(kind, value) for key, value in statistics.items()}
    lost = name in NEGATIVE and any(_count(given[key]) < _count(value) for key, value in statistics.items())
    if lost or any(value is None for value in given.values()):
        return ibis.literal(False)
    return PASSES[name](column, given)


def _count(value: object) -> int:
    """Return how many values a rule names."""
    return len(value) if isinstance(value, list | tuple | set | frozenset) else int(value is not None)


def _fitting(kind: dt.DataType, value: object) -> object:
    """Return a rule's value as the column's kind, of a list those that have it; None if none has."""
    if isinstance(value, list | tuple | set | frozenset):
        return [fit for each in value if (fit := _fitting(kind, each)) is not None] or None
    if isinstance(value, bool):
        return value if kind.is_boolean() else None
    if isinstance(value, int | float):
        return _number(value) if kind.is_numeric() and not kind.is_boolean() else None
    if kind.is_timestamp() or kind.is_date():
        return _moment(value)
    return value if isinstance(value, str) and kind.is_string() else None


def _number(value: float) -> object:
    """Return a number as Ibis takes it: of whole ones it knows 64 bits, and of larger ones only what is a decimal."""
    if not isinstance(value, int) or abs(value) < 2**63:
        return value
    return ibis.literal(Decimal(value), dt.Decimal(38, 0)) if abs(value) < 10**38 else float(value)


def _moment(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _between(column: ir.Value, given: Statistics) -> ir.BooleanValue:
    low, high = given["min_value"], given["max_value"]
    above = column >= low if given.get("include_min", True) else column > low
    return above & (column <= high if given.get("include_max", True) else column < high)


def _among(column: ir.Value, values: Sequence[Any]) -> ir.BooleanValue:
    """Return whether each value is one of those given: unknown where there is none.

    DuckDB works through IN fifteen times slower than it looks a text up in a list; elsewhere a list knows no unknown.
    """
    if column.type().is_string() and column.get_backend().name == "duckdb":
        return ibis.array(list(values)).contains(column)
    return column.isin(values)


def _length_between(column: ir.Value, given: Statistics) -> ir.BooleanValue:
    size, exact = column.length(), given.get("exact_value")
    low, high = (exact, exact) if exact is not None else (given.get("min_value"), given.get("max_value"))
    return (size >= (low or 0)) & (size <= high if high is not None else ibis.literal(True))


PASSES: Mapping[str, Callable[[ir.Value, Statistics], ir.BooleanValue]] = {
    "equal_to": lambda column, given: column == given["value"],
    "not_equal_to": lambda column, given: column != given["value"],
    "greater_than": lambda column, given: column > given["min_value"],
    "greater_than_or_equal_to": lambda column, given: column >= given["min_value"],
    "less_than": lambda column, given: column < given["max_value"],
    "less_than_or_equal_to": lambda column, given: column <= given["max_value"],
    "in_range": _between,
    "isin": lambda column, given: _among(column, given["allowed_values"]),
    "notin": lambda column, given: ~_among(column, given["forbidden_values"]),
    "str_matches": lambda column, given: column.re_search(f"^(?:{given['pattern']})"),
    "str_contains": lambda column, given: column.re_search(given["pattern"]),
    "str_startswith": lambda column, given: column.startswith(given["string"]),
    "str_endswith": lambda column, given: column.endswith(given["string"]),
    "str_length": _length_between,
}
