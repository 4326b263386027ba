"""Turns a schema into rules that count their own violations inside the database."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import and_, or_
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir

from harness import HarnessError
from harness_data.aggregates import aggregate, count_absent
from harness_data.declared import nearest
from harness_data.predicates import Predicate, is_missing, passes
from harness_data.schemas import Aggregate, ColumnSchema, Condition, RowSet, Schema

OPEN = ("scale", "precision", "length", "nullable")  # where a declared type leaves these out, any will do


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of one column: how to count the rows that break it, or the `failure` that says why nothing can.

    A rule about the table (present, type, unique, what values come to) is no property of single rows, so a sample of
    rows does not estimate it. `breaking` tells of each row whether it breaks the rule, `known` counts what it is held
    to where that is not every row: a missing value is the business of `nullable`. Of a rule that reads `others` of the
    row, `own` counts the values of its column. `inside` are the rows that are meant, as `where` says it. `seen` is a
    value to show as evidence, called `seen_as`: what a rule of all values is held to.
    """

    column: str
    name: str
    broken: ir.IntegerValue | None = None
    of_rows: bool = False
    known: ir.IntegerValue | None = None
    others: Sequence[str] = ()
    own: ir.IntegerValue | None = None
    breaking: ir.BooleanValue | None = None
    inside: ir.BooleanValue | None = None
    seen: ir.Value | None = None
    seen_as: str = "found"
    where: str = ""
    unit: str = "rows"
    evidence: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The rows that rules are held to: of a table those `inside`, without it all."""

    table: ir.Table
    inside: ir.BooleanValue | None = None

    @property
    def rows(self) -> ir.IntegerValue:
        """Return how many there are."""
        return self.table.count() if self.inside is None else self.inside.sum()

    def among(self, whether: ir.BooleanValue) -> ir.BooleanValue:
        """Return of each row whether it is meant and something is true of it."""
        return whether if self.inside is None else whether & self.inside


def compile_rules(schema: Schema, table: ir.Table) -> Sequence[Rule]:
    """Return every rule in force, in the order declared; of an absent column only that it is absent."""
    return number_repeated(list(_once_present(rule for each in schema.row_sets for rule in _rules_of(each, table))))


def _once_present(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield rules without those that say again that a column is there: by its name, a pattern, and for some rows."""
    seen: set[str] = set()
    for rule in rules:
        if rule.name != "present" or rule.column not in seen:
            yield replace(rule, where="", inside=None) if rule.name == "present" else rule
        if rule.name == "present":
            seen.add(rule.column)


def number_repeated(rules: Sequence[Rule]) -> Sequence[Rule]:
    """Return rules of which the second of a kind is told from the first: `isin`, `isin 2`."""
    called = [(rule.column, rule.name, rule.where) for rule in rules]
    before = [called[:at].count(call) for at, call in enumerate(called)]
    return [
        replace(rule, name=f"{rule.name} {count + 1}") if count else rule
        for rule, count in zip(rules, before, strict=True)
    ]


def matching_columns(pattern: str, columns: Sequence[str]) -> Sequence[str]:
    """Return the columns whose whole name matches."""
    return [name for name in columns if re.fullmatch(pattern, name)]


def _rules_of(row_set: RowSet, table: ir.Table) -> Iterator[Rule]:
    try:
        inside = _inside(row_set.where, table)
    except Exception as error:  # noqa: BLE001 - Ibis raises its own errors and Python's alike
        yield Rule(column=row_set.where[0].column, name="where", where=row_set.label, failure=str(error))
        return
    for rule in _rules_of_columns(row_set, Held(table=table, inside=inside)):
        yield replace(rule, where=row_set.label, inside=inside)


def _inside(where: Sequence[Condition], table: ir.Table) -> ir.BooleanValue | None:
    """Return of each row whether it is meant; None if all are."""
    for condition in where:
        _refuse_absent([condition.column, *(name for each in condition.predicates for name in each.columns)], table)
    return reduce(and_, (_meets(table, each) for each in where)) if where else None


def _refuse_absent(columns: Sequence[str], table: ir.Table) -> None:
    for name in columns:
        if name not in table.columns:
            raise HarnessError(f"the table has no column {name!r}{nearest(name, table.columns)}")


def _meets(table: ir.Table, condition: Condition) -> ir.BooleanValue:
    """Return of each row whether it is meant: a missing value meets nothing but that it is missing."""
    value = table[condition.column]
    if condition.missing:
        return is_missing(value)
    kept = (passes(value, each, table).fill_null(False) for each in condition.predicates)
    return reduce(and_, kept, ~_lacking(table, condition.column, condition.predicates))


def _lacking(table: ir.Table, column: str, predicates: Sequence[Predicate]) -> ir.BooleanValue:
    """Return of each row whether it lacks a value that is compared."""
    names = dict.fromkeys([column, *(name for each in predicates for name in each.columns)])
    return reduce(or_, (is_missing(table[name]) for name in names))


def _rules_of_columns(row_set: RowSet, held: Held) -> Iterator[Rule]:
    known = held.table.columns
    for column in row_set.columns:
        if column.name in known or column.required:
            yield from _rules_of_column(column.name, column, held)
    for pattern, column in row_set.patterns.items():
        matching = matching_columns(pattern, known)
        if not matching and column.required:
            yield Rule(column=column.name, name="present", broken=held.table.count())
        for name in matching:
            yield from _rules_of_column(name, column, held)
    for columns in row_set.unique:
        yield _attempt(", ".join(columns), "unique", partial(_unique, columns, held))


def _rules_of_column(name: str, column: ColumnSchema, held: Held) -> Iterator[Rule]:
    if name not in held.table.columns:
        yield Rule(column=name, name="present", broken=held.table.count())
        return
    yield Rule(column=name, name="present", broken=ibis.literal(0))
    if column.type is not None:
        yield _type_rule(name, held.table, column.type)
    for rule, build in _builders(name, column, held):
        yield _attempt(name, rule, build)


def _builders(name: str, column: ColumnSchema, held: Held) -> Iterator[tuple[str, Callable[[], Rule]]]:
    """Yield each rule about values by its name, with what makes it."""
    missing = is_missing(held.table[name])
    if not column.nullable:
        yield "nullable", partial(_row_rule, name, "nullable", missing, held)
    if column.missing:
        yield "missing", partial(_row_rule, name, "missing", ~missing, held)
    yield from ((each.name, partial(_value_rule, name, each, held)) for each in column.predicates)
    if column.includes is not None:
        yield "includes", partial(_includes_rule, name, column.includes, held)
    yield from ((each.name, partial(_aggregate_rule, name, each, held)) for each in column.aggregates)
    if column.unique:
        yield "unique", partial(_unique, [name], held)


def _attempt(column: str, name: str, build: Callable[[], Rule]) -> Rule:
    """Return a rule, or its failure: what cannot be asked of one column leaves the others to be measured."""
    try:
        return build()
    except HarnessError as error:
        return Rule(column=column, name=name, failure=f"column {column!r}, rule {name!r}: {error}")
    except Exception as error:  # noqa: BLE001 - Ibis raises its own errors and Python's alike
        return Rule(column=column, name=name, failure=failure_text(column, name, error))


def failure_text(column: str, name: str, error: Exception) -> str:
    """Return in one line that a rule cannot be asked of a column."""
    said = str(error).strip().splitlines()
    of = f"column {column!r}, " if column else ""
    return f"{of}rule {name!r} cannot be asked: {said[0][:300] if said else type(error).__name__}"


def _type_rule(name: str, table: ir.Table, asked: dt.DataType) -> Rule:
    found = table[name].type()
    evidence = {"asked": str(asked), "found": str(found)}
    if is_same_type(asked, found):
        return Rule(column=name, name="type", broken=ibis.literal(0), evidence=evidence)
    note = f"the column is {found}, and {asked} is asked, so every row is in breach"
    return Rule(column=name, name="type", broken=table.count(), evidence={**evidence, "note": note})


def _row_rule(
    column: str, name: str, breaking: ir.BooleanValue, held: Held, known: ir.IntegerValue | None = None
) -> Rule:
    broken = held.among(breaking)
    counted = held.rows if known is None and held.inside is not None else known
    return Rule(column=column, name=name, broken=broken.sum(), of_rows=True, breaking=broken, known=counted)


def _value_rule(column: str, predicate: Predicate, held: Held) -> Rule:
    table = held.table
    _refuse_absent(predicate.columns, table)
    passing = passes(table[column], predicate, table)
    failing, missing = ~passing.fill_null(False), _lacking(table, column, [predicate])
    if not predicate.missing_passes:
        return _row_rule(column, predicate.name, failing | missing, held)
    known = held.among(~missing).sum()
    return replace(
        _row_rule(column, predicate.name, failing & ~missing, held, known),
        evidence=_kind_evidence(table[column], passing),
        others=predicate.columns,
        own=held.among(~is_missing(table[column])).sum() if predicate.columns else None,
    )


def _kind_evidence(value: ir.Value, passing: ir.BooleanValue) -> Mapping[str, str]:
    """Return why no row passes a rule, where that is for the kind of the column alone."""
    if not isinstance(passing.op(), ops.Literal):
        return {}
    kind = value.type()
    said = str(kind).lstrip("!")
    return {
        "note": f"the column is {said} and the rule is not of that kind, so no row passes; "
        f"write its values as {_spelling(kind)}"
    }


def _spelling(kind: dt.DataType) -> str:
    """Return how values of a type are written in a suite."""
    if kind.is_numeric():
        return "numbers, without quotes"
    if kind.is_boolean():
        return "true or false"
    return "text, in quotes" if kind.is_string() else str(kind).lstrip("!")


def _includes_rule(column: str, asked: Sequence[Any], held: Held) -> Rule:
    value = held.table[column]
    absent, values = count_absent(value, asked, held.among(~is_missing(value)))
    return Rule(column=column, name="includes", broken=absent, known=ibis.literal(values), unit="values")


def _aggregate_rule(column: str, asked: Aggregate, held: Held) -> Rule:
    value = held.table[column]
    seen = aggregate(value, held.among(~is_missing(value)), asked)
    evidence = {"asked": ", ".join(f"{each.name} {next(iter(each.given.values()))}" for each in asked.within)}
    if seen is None:
        message = {**evidence, "found": f"values of type {value.type()}, which have no {asked.of}"}
        return Rule(column=column, name=asked.name, broken=held.rows, evidence=message)
    kept = reduce(and_, (passes(seen, each, held.table).fill_null(False) for each in asked.within))
    return Rule(column=column, name=asked.name, broken=ibis.ifelse(kept, 0, held.rows), seen=seen, evidence=evidence)


def _unique(columns: Sequence[str], held: Held) -> Rule:
    """Count, in a subquery, every row that shares its values with another; one with a missing value is `nullable`'s."""
    table, name = held.table, ", ".join(columns)
    if any(each not in table.columns for each in columns):
        return Rule(column=name, name="unique", broken=table.count())
    own = table if held.inside is None else table.filter(held.inside)
    groups = own.filter([~is_missing(own[each]) for each in columns]).group_by(list(columns)).agg(rows=ibis._.count())
    shared = groups.filter(groups.rows > 1)
    return Rule(column=name, name="unique", broken=shared.rows.sum().as_scalar())


def is_same_type(asked: dt.DataType, found: dt.DataType) -> bool:
    """Tell whether a column has the type asked for, where left open (`decimal`, `timestamp`) of any size."""
    named = zip(asked.argnames, asked.args, strict=True)
    fixed = {name: value for name, value in named if name != "nullable" and not (value is None and name in OPEN)}
    return type(asked) is type(found) and all(getattr(found, name) == value for name, value in fixed.items())
