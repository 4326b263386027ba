"""What a table is held to, as values, from the rules that a suite writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from harness import UsageError
from harness_data.declared import AGGREGATES, ColumnRules, Other, Range, RowRules, SomeRows, Unique, WholeRange
from harness_data.predicates import OfRow, Predicate

TESTS: Mapping[str, tuple[str, str]] = {
    "min": ("greater_than_or_equal_to", "min_value"),
    "max": ("less_than_or_equal_to", "max_value"),
    "greater_than": ("greater_than", "min_value"),
    "less_than": ("less_than", "max_value"),
    "equal": ("equal_to", "value"),
    "not_equal": ("not_equal_to", "value"),
    "in": ("isin", "allowed_values"),
    "not_in": ("notin", "forbidden_values"),
    "matches": ("str_contains", "pattern"),
    "not_matches": ("str_not_contains", "pattern"),
}


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """What all values of a column come to, and where that must lie; `of` names it, a quantile with its `share`."""

    name: str
    of: str
    within: Sequence[Predicate]
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """What one column must satisfy."""

    name: str
    type: dt.DataType | None = None
    required: bool = True
    nullable: bool = True
    missing: bool = False
    unique: bool = False
    predicates: Sequence[Predicate] = ()
    includes: Sequence[Any] | None = None
    aggregates: Sequence[Aggregate] = ()


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a column must satisfy for a row to be meant."""

    column: str
    predicates: Sequence[Predicate]
    missing: bool


@dataclass(frozen=True, kw_only=True)
class RowSet:
    """What is asked of all rows, or of those that meet conditions and are called by `label`."""

    columns: Sequence[ColumnSchema]
    patterns: Mapping[str, ColumnSchema] = field(default_factory=dict)
    unique: Sequence[Sequence[str]] = ()
    where: Sequence[Condition] = ()
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What a table is held to, and the digest of the file that says so.

    `strict` refuses columns that nobody declared, `ordered` another order than the declared one.
    """

    row_sets: Sequence[RowSet]
    strict: bool = False
    ordered: bool = False
    column_count: WholeRange | None = None
    digest: str | None = None


def schema_of(
    columns: Mapping[str, ColumnRules],
    patterns: Mapping[str, ColumnRules],
    some_rows: Sequence[SomeRows],
    unique: Unique,
    **of_table: Any,
) -> Schema:
    """Return the schema of rules written in a suite."""
    all_rows = RowSet(
        columns=[_column(name, rules) for name, rules in columns.items()],
        patterns={pattern: _column(pattern, rules) for pattern, rules in patterns.items()},
        unique=unique_lists(unique),
    )
    return Schema(row_sets=[all_rows, *map(_row_set, some_rows)], **of_table)


def unique_lists(asked: Any) -> Sequence[Sequence[str]]:
    """Return the lists of columns that are to be unique together: one may stand alone."""
    names = [asked] if isinstance(asked, str) else list(asked or [])
    return [names] if names and all(isinstance(each, str) for each in names) else names


def type_of(what: str, written: str) -> dt.DataType:
    """Return a type by Ibis's name."""
    try:
        return ibis.dtype(written)
    except Exception as error:  # Ibis's parser raises its own library's errors
        raise UsageError(
            f"{what}: type {written!r} is not an Ibis type; write int64, float64, string, boolean, date, timestamp, "
            f"decimal(18, 2), timestamp('UTC') or another of Ibis"
        ) from error


def _row_set(asked: SomeRows) -> RowSet:
    conditions = {name: _predicates(rules) for name, rules in asked.where.items()}
    return RowSet(
        columns=[_column(name, rules, nullable=True) for name, rules in asked.columns.items()],
        unique=unique_lists(asked.unique),
        where=[
            Condition(column=name, predicates=predicates, missing=asked.where[name].missing)
            for name, predicates in conditions.items()
        ],
        label=", ".join(_condition_text(name, rules) for name, rules in asked.where.items()),
    )


def _column(name: str, rules: ColumnRules, nullable: bool = False) -> ColumnSchema:
    """Return a column's schema; whether it may be missing is its own rule or, of rules for some rows, left open."""
    asked = nullable if rules.nullable is None else rules.nullable
    return ColumnSchema(
        name=name,
        type=None if rules.type is None else type_of(name, rules.type),
        nullable=asked or rules.missing,
        missing=rules.missing,
        unique=rules.unique,
        predicates=_predicates(rules),
        includes=rules.includes,
        aggregates=list(_aggregates(rules)),
    )


def _predicates(rules: RowRules | Range) -> Sequence[Predicate]:
    return [
        Predicate(name=name, test=test, given={argument: _given(value)})
        for name, (test, argument) in TESTS.items()
        if (value := _asked(rules, name)) is not None
    ] + list(_predicates_of_kind(rules))


def _predicates_of_kind(rules: RowRules | Range) -> Iterator[Predicate]:
    if isinstance(rules, RowRules) and rules.length is not None:
        ends = {"min_value": rules.length.least, "max_value": rules.length.most}
        yield Predicate(name="length", test="str_length", given=ends)
    if isinstance(rules, RowRules) and rules.finite:
        yield Predicate(name="finite", test="finite", given={})


def _asked(rules: RowRules | Range, name: str) -> object:
    return getattr(rules, "allowed" if name == "in" else name, None)


def _given(value: object) -> object:
    if isinstance(value, Other):
        return OfRow(columns=tuple(value.names), within=float(value.within))
    return list(value) if isinstance(value, list | tuple) else value


def _aggregates(rules: ColumnRules) -> Iterator[Aggregate]:
    for name in AGGREGATES:
        if (asked := getattr(rules, name)) is not None:
            yield Aggregate(name=name, of=name, within=_predicates(asked))
    for share, asked in (rules.quantiles or {}).items():
        yield Aggregate(name=f"quantile {share:g}", of="quantile", within=_predicates(asked), share=float(share))


def _condition_text(column: str, rules: RowRules) -> str:
    """Return a condition as a label: `channel=web`, `amount min 5`."""
    if rules.equal is not None and not isinstance(rules.equal, Other) and rules.model_fields_set == {"equal"}:
        return f"{column}={_value_text(rules.equal)}"
    asked = rules.model_dump(by_alias=True, exclude_unset=True)
    return f"{column} {', '.join(f'{name} {_value_text(value)}' for name, value in asked.items())}"


def _value_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "|".join(map(_value_text, value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_value_text(part)}" for name, part in value.items() if part not in (None, 0))
    return str(value).lower() if isinstance(value, bool) else str(value)
