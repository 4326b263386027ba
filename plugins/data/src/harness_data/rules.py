"""Turns a Pandera schema into rules that count their own violations inside the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from harness_data.predicates import passes
from harness_data.schemas import Declared

OPEN = ("scale", "precision", "length", "nullable")  # where a declared type leaves these out, any will do


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of one column: how to count the rows that break it.

    A rule about the table (present, type, unique) is no property of single rows, so a sample of rows does not
    estimate it. `breaking` tells of each row whether it breaks the rule, `known` counts the rows that it is held to
    where these are not all: a missing value is the business of `nullable`.
    """

    column: str
    name: str
    broken: ir.IntegerValue
    of_rows: bool = False
    known: ir.IntegerValue | None = None
    breaking: ir.BooleanValue | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


def compile_rules(declared: Declared, table: ir.Table) -> Iterator[Rule]:
    """Yield every rule in force, in the order declared; of an absent column only that it is absent."""
    for name, column in declared.frame.columns.items():
        if name in table.columns:
            yield Rule(column=name, name="present", broken=ibis.literal(0))
            yield from _type_rules(name, table, declared.types.get(name))
            yield from _value_rules(name, table, column, declared.names)
        elif column.required:
            yield Rule(column=name, name="present", broken=table.count())
    yield from _jointly_unique(declared.frame.unique, table)


def _type_rules(name: str, table: ir.Table, asked: dt.DataType | None) -> Iterator[Rule]:
    if asked is not None:
        found = table[name].type()
        message = {"asked": str(asked), "found": str(found)}
        broken = ibis.literal(0) if is_same_type(asked, found) else table.count()
        yield Rule(column=name, name="type", broken=broken, evidence=message)


def _value_rules(name: str, table: ir.Table, column: Any, names: Mapping[str, str]) -> Iterator[Rule]:
    missing = _missing(table[name])
    if not column.nullable:
        yield Rule(column=name, name="nullable", broken=missing.sum(), of_rows=True, breaking=missing)
    called = _number_repeated([names.get(check.name, check.name) for check in column.checks])
    for check, rule in zip(column.checks, called, strict=True):
        failing = ~passes(table[name], check.name, check.statistics).fill_null(False)
        broken = failing & ~missing if check.ignore_na else failing | missing
        known = (~missing).sum() if check.ignore_na else None
        yield Rule(column=name, name=rule, broken=broken.sum(), of_rows=True, breaking=broken, known=known)
    if column.unique:
        yield _unique([name], table)


def _number_repeated(names: Sequence[str]) -> Sequence[str]:
    """Return names of which the second of a kind is told from the first: `isin`, `isin 2`."""
    before = [names[:at].count(name) for at, name in enumerate(names)]
    return [f"{name} {count + 1}" if count else name for name, count in zip(names, before, strict=True)]


def _jointly_unique(asked: Any, table: ir.Table) -> Iterator[Rule]:
    """Yield Pandera's table-wide `unique`: one list of columns, or several."""
    lists = [asked] if asked and all(isinstance(each, str) for each in asked) else asked or []
    for columns in lists:
        absent = [name for name in columns if name not in table.columns]
        if absent:
            yield Rule(column=", ".join(columns), name="unique", broken=table.count())
        else:
            yield _unique(columns, table)


def _unique(columns: list[str], table: ir.Table) -> Rule:
    """Count, in a subquery, every row that shares its values with another; one with a missing value is `nullable`'s."""
    groups = table.filter([~_missing(table[name]) for name in columns]).group_by(columns).agg(rows=ibis._.count())
    shared = groups.filter(groups.rows > 1)
    return Rule(column=", ".join(columns), name="unique", broken=shared.rows.sum().as_scalar())


def _missing(column: ir.Value) -> ir.BooleanValue:
    return column.isnull() | column.isnan() if column.type().is_floating() else column.isnull()


def is_same_type(asked: dt.DataType, found: dt.DataType) -> bool:
    """Tell whether a column has the type asked for, where left open (`decimal`, `timestamp`) of any size."""
    named = zip(asked.argnames, asked.args, strict=True)
    fixed = {name: value for name, value in named if name != "nullable" and not (value is None and name in OPEN)}
    return type(asked) is type(found) and all(getattr(found, name) == value for name, value in fixed.items())
