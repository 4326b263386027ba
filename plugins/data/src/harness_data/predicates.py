"""Whether a value passes a rule, as an expression that the database evaluates.

Pandera's own executor joins each check's outcome to the rows by position and fetches it to name the failing ones; this
one only counts, in any row order, and a value of another kind than the rule's passes no rule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from harness import HarnessError

Given = Mapping[str, Any]
FLAGS = ("include_min", "include_max")
NEGATIVE = ("not_equal_to", "notin")


@dataclass(frozen=True, kw_only=True)
class OfRow:
    """What other columns of the row hold in sum, of one the value itself; an equal value may be `within` of it."""

    columns: tuple[str, ...]
    within: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """What a value must satisfy: the rule's name, the test and what it is given, by Pandera's names.

    Where `missing_passes`, it is held to the values that are present.
    """

    name: str
    test: str
    given: Given
    missing_passes: bool = True

    @property
    def columns(self) -> Sequence[str]:
        """Return the other columns of the row that it reads."""
        return [name for value in self.given.values() if isinstance(value, OfRow) for name in value.columns]


def passes(value: ir.Value, predicate: Predicate, table: ir.Table) -> ir.BooleanValue:
    """Return whether each value passes; a value of another kind than the rule's passes none, a negative one neither."""
    kind, test = value.type(), PASSES[predicate.test]
    if predicate.test.startswith("str_"):
        return test(value, predicate.given) if kind.is_string() else ibis.literal(False)
    if predicate.test == "finite":
        return test(value, {}) if is_number(kind) else ibis.literal(False)
    given = {key: asked if key in FLAGS else _fitting(kind, asked, table) for key, asked in predicate.given.items()}
    negative = predicate.test in NEGATIVE
    lost = negative and any(_count(given[key]) < _count(asked) for key, asked in predicate.given.items())
    if lost or any(fit is None for fit in given.values()):
        return ibis.literal(False)
    return test(value, given)


def is_missing(value: ir.Value) -> ir.BooleanValue:
    """Return whether there is no value; NaN is none."""
    return value.isnull() | value.isnan() if value.type().is_floating() else value.isnull()


def is_number(kind: dt.DataType) -> bool:
    """Tell whether values of a kind are numbers, which booleans are not."""
    return bool(kind.is_numeric() and not kind.is_boolean())


def fitting_values(kind: dt.DataType, values: Sequence[Any]) -> Sequence[Any]:
    """Return which of a rule's values a column of a kind can hold, each once."""
    found = [fit for each in values if (fit := _fitting(kind, each, None)) is not None]
    return list({fit if isinstance(fit, ir.Value) else (type(fit) is bool, fit): fit for fit in found}.values())


def _count(value: object) -> int:
    """Return how many values a rule names."""
    return len(value) if isinstance(value, list | tuple | set | frozenset) else int(value is not None)


def _fitting(kind: dt.DataType, value: object, table: ir.Table | None) -> object:
    """Return a rule's value as the column's kind, of a list those that have it; None if none has."""
    if isinstance(value, list | tuple | set | frozenset):
        return [fit for each in value if (fit := _fitting(kind, each, table)) is not None] or None
    if isinstance(value, OfRow):
        return None if table is None else _sum(kind, value, table)
    if isinstance(value, bool):
        return value if kind.is_boolean() else None
    if isinstance(value, int | float):
        return _number(value) if is_number(kind) else None
    if kind.is_timestamp() or kind.is_date():
        return _moment(kind, value)
    return value if isinstance(value, str) and kind.is_string() else None


def _sum(kind: dt.DataType, asked: OfRow, table: ir.Table) -> object:
    """Return what other columns hold, with how far off an equal value may be; None if they are of another kind."""
    others = [table[name] for name in asked.columns]
    if any(_family(other.type()) != _family(kind) for other in others):
        return None
    if len(others) == 1 and not asked.within:
        return others[0]
    if not is_number(kind):
        return None
    whole = [other.cast("int64") if other.type().is_integer() else other for other in others]
    total = reduce(add, whole)
    return Near(value=total, within=asked.within) if asked.within else total


@dataclass(frozen=True, kw_only=True)
class Near:
    """A number that an equal one may be off by so much."""

    value: ir.NumericValue
    within: float


def _family(kind: dt.DataType) -> str:
    """Return what values can be compared with, in a word."""
    if is_number(kind):
        return "number"
    if kind.is_date() or kind.is_timestamp():
        return "moment with zone" if getattr(kind, "timezone", None) else "moment"
    return str(kind).lstrip("!")


def _number(value: float) -> object:
    """Return a number as Ibis takes it: of whole ones it knows 64 bits, and of larger ones only what is a decimal."""
    if not isinstance(value, int) or abs(value) < 2**63:
        return value
    return ibis.literal(Decimal(value), dt.Decimal(38, 0)) if abs(value) < 10**38 else float(value)


def _moment(kind: dt.DataType, value: object) -> object:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(found, date):
        return None
    if not isinstance(found, datetime) or found.tzinfo is None:
        return found
    if not getattr(kind, "timezone", None):
        raise HarnessError(f"{value} has a time zone and the column, a {kind}, has none; write the time without")
    return found.astimezone(UTC)  # engines do not read every name of a zone


def _equal(value: ir.Value, given: Given) -> ir.BooleanValue:
    asked = given["value"]
    if not isinstance(asked, Near):
        return value == asked
    own = value.cast("int64") if value.type().is_integer() else value
    return (own - asked.value).abs() <= asked.within


def _between(value: ir.Value, given: Given) -> ir.BooleanValue:
    low, high = given["min_value"], given["max_value"]
    above = value >= low if given.get("include_min", True) else value > low
    return above & (value <= high if given.get("include_max", True) else value < high)


def is_among(value: ir.Value, values: Sequence[Any]) -> ir.BooleanValue:
    """Return whether each value is one of those given: unknown where there is none.

    DuckDB works through IN fifteen times slower than it looks a text up in a list; elsewhere a list knows no unknown.
    """
    if value.type().is_string() and value.get_backend().name == "duckdb":
        return ibis.array(list(values)).contains(value)
    return value.isin(values)


def _length_between(value: ir.Value, given: Given) -> ir.BooleanValue:
    size, exact = value.length(), given.get("exact_value")
    low, high = (exact, exact) if exact is not None else (given.get("min_value"), given.get("max_value"))
    return (size >= (low or 0)) & (size <= high if high is not None else ibis.literal(True))


def _finite(value: ir.NumericValue, given: Given) -> ir.BooleanValue:
    return ~value.isinf() if value.type().is_floating() else ibis.literal(True)


PASSES: Mapping[str, Callable[[Any, Given], ir.BooleanValue]] = {
    "equal_to": _equal,
    "not_equal_to": lambda value, given: value != given["value"],
    "greater_than": lambda value, given: value > given["min_value"],
    "greater_than_or_equal_to": lambda value, given: value >= given["min_value"],
    "less_than": lambda value, given: value < given["max_value"],
    "less_than_or_equal_to": lambda value, given: value <= given["max_value"],
    "in_range": _between,
    "isin": lambda value, given: is_among(value, given["allowed_values"]),
    "notin": lambda value, given: ~is_among(value, given["forbidden_values"]),
    "str_matches": lambda value, given: value.re_search(f"^(?:{given['pattern']})"),
    "str_contains": lambda value, given: value.re_search(given["pattern"]),
    "str_startswith": lambda value, given: value.startswith(given["string"]),
    "str_endswith": lambda value, given: value.endswith(given["string"]),
    "str_length": _length_between,
    "str_not_contains": lambda value, given: ~value.re_search(given["pattern"]),
    "finite": _finite,
}
PANDERA = tuple(name for name in PASSES if name not in ("str_not_contains", "finite"))
