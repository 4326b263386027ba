"""Puts a query written for DuckDB into the words of the engine that holds its tables."""

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp

NUMBERS = exp.DataType.NUMERIC_TYPES
NOT_FINITE = ("NaN", "Infinity", "-Infinity", "infinity", "-infinity")
MICROSECONDS: Mapping[str, str] = {
    "postgres": "CAST(EXTRACT(EPOCH FROM {0}) * 1000000 AS BIGINT)",
    "spark": "UNIX_MICROS(CAST({0} AS TIMESTAMP))",
    "bigquery": "UNIX_MICROS(CAST({0} AS TIMESTAMP))",
}


Names = frozenset[tuple[str, tuple[str, ...]]]


@lru_cache(maxsize=256)
def translate(text: str, dialect: str, flags: frozenset[str], names: Names) -> str:
    """Return a DuckDB query in another dialect.

    `flags` are the columns that hold booleans, `names` the tables: as the query calls them, and their names' parts.
    """
    tree = sqlglot.parse_one(text, read="duckdb")
    tables = dict(names)
    for table in tree.find_all(exp.Table):
        if table.name in tables:
            table.set("this", _dotted(tables[table.name]))
    for place, node in enumerate(reversed(list(tree.walk()))):
        if isinstance(node, exp.Subquery) and isinstance(node.parent, exp.From | exp.Join) and not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(f"part{place}")))
        elif isinstance(node, exp.Cast) and node.to.this in NUMBERS and _is_flag(node.this, flags):
            node.set("this", _as_number(node.this.unnest()))
        elif isinstance(node, exp.Anonymous):
            _replace_call(node, dialect)
    return tree.sql(dialect=dialect)


def table_name(parts: tuple[str, ...], dialect: str) -> str:
    """Return the name of a table in a dialect."""
    return _dotted(parts).sql(dialect=dialect)


def _dotted(parts: tuple[str, ...]) -> exp.Expression:
    found = [exp.to_identifier(part, quoted=True) for part in parts]
    return exp.Dot.build(found) if len(found) > 1 else found[0]


def _is_flag(value: exp.Expression, flags: frozenset[str]) -> bool:
    inner = value.unnest()
    named = isinstance(inner, exp.Column) and inner.name in flags
    return named or isinstance(inner, exp.Predicate | exp.Connector | exp.Not)


def _as_number(asked: exp.Expression) -> exp.Expression:
    """Return 1 or 0 for a condition, as not every engine casts booleans to every number."""
    whether, not_ = exp.paren(asked.copy()), exp.not_(exp.paren(asked.copy()))
    return exp.Case().when(whether, exp.Literal.number(1)).when(not_, exp.Literal.number(0))


def _replace_call(call: exp.Anonymous, dialect: str) -> None:
    """Replace a call by what the dialect knows; text tells in every engine whether a number or a moment is finite."""
    value = call.expressions[0] if call.expressions else exp.null()
    if call.name.lower() == "isfinite":
        words = [exp.Literal.string(word) for word in NOT_FINITE]
        call.replace(exp.paren(exp.not_(exp.In(this=exp.cast(value.copy(), "TEXT"), expressions=words))))
    if call.name.lower() == "epoch_us":
        call.replace(sqlglot.parse_one(MICROSECONDS[dialect].format(value.sql(dialect=dialect)), read=dialect))
