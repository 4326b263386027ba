"""Counts the rows of which an SQL expression is true, with what counts the rows that break a schema."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import ibis

from harness import Dataset, HarnessError, Measurement, Sql, UsageError, column, sql
from harness_data.expressions import read_expression
from harness_data.rules import Rule, failure_text
from harness_data.violations import measure_rules


def measure_bad_rows(data: Dataset, bad: Mapping[str, str], sample: bool) -> Iterator[Measurement]:
    """Yield for each rule how many rows are bad by its expression; a row of which that is unknown is bad too."""
    known = data.columns
    expressions = {rule: _as_sql(read_expression(rule, text, known)) for rule, text in bad.items()}
    failures = {rule: _failure(data, rule, found) for rule, found in expressions.items()}
    asked = {rule: found for rule, found in expressions.items() if not failures[rule]}
    try:
        found = _measure(data, asked, failures, sample)
    except HarnessError:
        if len(asked) < 2:
            raise
        failures |= {rule: _failure_of_rows(data, rule, each, sample) for rule, each in asked.items()}
        found = _measure(data, {rule: each for rule, each in asked.items() if not failures[rule]}, failures, sample)
    yield from found


def _measure(
    data: Dataset, asked: Mapping[str, Sql], failures: Mapping[str, str], sample: bool
) -> Sequence[Measurement]:
    """Return a measurement for each rule: what was counted in one query, or its failure."""
    names = {rule: data.new_name(f"harness_bad{at}") for at, rule in enumerate(asked)}
    table = _with_columns(data, {names[rule]: found for rule, found in asked.items()}).ibis()
    rules = [
        Rule(column="", name=rule, failure=why) if why else _rule(rule, table[names[rule]])
        for rule, why in failures.items()
    ]
    return list(measure_rules(data, table, rules, sample))


def _failure_of_rows(data: Dataset, rule: str, expression: Sql, sample: bool) -> str:
    """Return why the rows cannot be counted by an expression alone, or nothing."""
    try:
        _measure(data, {rule: expression}, {rule: ""}, sample)
    except HarnessError as error:
        return failure_text("", rule, error)
    return ""


def _as_sql(text: str) -> Sql:
    return sql(text.replace("{", "{{").replace("}", "}}"))


def _failure(data: Dataset, rule: str, expression: Sql) -> str:
    """Return why an engine cannot ask an expression, or nothing; one that is neither true nor false is refused."""
    name = data.new_name("harness_bad")
    try:
        kind = _with_columns(data, {name: expression}).columns[name]
    except Exception as error:  # noqa: BLE001 - each engine raises its own
        return failure_text("", rule, error)
    if kind != "BOOLEAN":
        raise UsageError(f"data.sql, rule {rule!r}: the expression is a {kind}; write what is true of a bad row")
    return ""


def _with_columns(data: Dataset, columns: Mapping[str, Sql]) -> Dataset:
    named = [sql("({value}) AS {name}", value=value, name=column(name)) for name, value in columns.items()]
    if not named:
        return data
    return replace(data, sql=data.query("SELECT *, {named} FROM {rows}", named=named).sql)


def _rule(name: str, flag: ibis.Column) -> Rule:
    breaking = flag.fill_null(True)
    unknown = flag.isnull().sum()
    return Rule(
        column="", name=name, broken=breaking.sum(), of_rows=True, breaking=breaking, seen=unknown, seen_as="unknown"
    )
