"""Counts what a schema finds wrong: one aggregate query, and a measurement for every rule in force."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness import Dataset, HarnessError, Measurement, Sample
from harness_data.rules import Rule, compiled
from harness_data.schemas import Declared

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

EXAMPLES = 20


def of(data: Dataset, declared: Declared, sample: bool) -> Iterator[Measurement]:
    """Yield a measurement for each rule in force, also where no row breaks it."""
    if sample:
        _rows_are_independent(data)
    table = data.ibis()
    rules = list(compiled(declared, table))
    rows, broken = _counted(table, rules)
    if not rows:
        raise HarnessError(f"dataset {data.name!r} has no rows; a schema that nothing was held to is not kept")
    for rule, count in zip(rules, broken, strict=True):
        examples = _examples(table, rule, data) if count and not sample else None
        yield _measurement(rule, count, rows, declared, sample, examples)
    if declared.frame.strict:
        yield _undeclared(table, declared)


def _rows_are_independent(data: Dataset) -> None:
    roles = data.roles
    found = "cluster" if roles.cluster else "weight" if roles.weight else None
    if found:
        raise HarnessError(
            f"`sample: true` takes every row for an independent one, but dataset {data.name!r} declares a {found}; "
            f"leave out `sample`, or declare the same source without {found} and name it as this step's `data`"
        )


def _counted(table: "ir.Table", rules: Sequence[Rule]) -> tuple[int, Sequence[int]]:
    """Return the number of rows and of violations: row rules in one scan, uniqueness in a query each."""
    together = {f"rule{index}": rule.broken for index, rule in enumerate(rules) if not rule.alone}
    found = table.aggregate(rows=table.count(), **together).to_pyarrow().to_pylist()[0]
    alone = {f"rule{i}": rule.broken.to_pyarrow().as_py() for i, rule in enumerate(rules) if rule.alone}
    counts = {**found, **alone}
    return found["rows"], [int(counts[f"rule{index}"] or 0) for index in range(len(rules))]


def _examples(table: "ir.Table", rule: Rule, data: Dataset) -> "pa.Table | None":
    """Return the ids of the first rows that break a rule, for who looks for the cause; nothing else of them."""
    if data.roles.id is None or rule.breaking is None:
        return None
    found = table.filter(rule.breaking).select(example=data.roles.id).order_by("example").limit(EXAMPLES)
    return found.to_pyarrow()


def _measurement(
    rule: Rule, broken: int, rows: int, declared: Declared, sample: bool, examples: "pa.Table | None"
) -> Measurement:
    if sample and rule.of_rows:
        found = Sample(statistic="proportion", counts={"k": broken, "n": rows})
    else:
        counts = {"value": broken / rows if sample else broken, "n": rows}
        found = Sample(statistic="exact", counts=counts, rows=examples)
    file = {"schema": declared.digest} if declared.digest else {}
    return Measurement(
        metric="violations",
        sample=found,
        better="lower",
        event="in breach",
        labels={"column": rule.column, "rule": rule.name},
        evidence={**rule.evidence, **file},
    )


def _undeclared(table: "ir.Table", declared: Declared) -> Measurement:
    """Return how many columns nobody declared; they belong to no declared column, so they carry only the rule."""
    extra = [name for name in table.columns if name not in declared.frame.columns]
    return Measurement(
        metric="violations",
        sample=Sample(statistic="exact", counts={"value": len(extra), "n": len(table.columns)}),
        better="lower",
        unit="columns",
        labels={"rule": "strict"},
        evidence={"undeclared": ", ".join(extra)},
    )
