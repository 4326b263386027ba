"""Counts what a schema finds wrong: an aggregate query for hundreds of rules, a measurement for every one in force."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, HarnessError, Measurement, samples
from harness_data.rules import Rule, compile_rules
from harness_data.schemas import Declared

EXAMPLES = 20
AT_ONCE = 500  # rules of one query: what a query costs to plan grows faster than its rules


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many rows break a rule, of how many that it is held to."""

    broken: int
    rows: int


def measure(data: Dataset, declared: Declared, sample: bool) -> Iterator[Measurement]:
    """Yield a measurement for each rule in force, also where no row breaks it."""
    if sample:
        _rows_are_independent(data)
    table = data.ibis()
    rules = list(compile_rules(declared, table))
    rows, tallies = _count_violations(table, rules)
    if not rows:
        raise HarnessError(f"dataset {data.name!r} has no rows; a schema that nothing was held to is not kept")
    examples = {} if sample else _examples(table, rules, tallies, data.roles.id)
    for at, (rule, tally) in enumerate(zip(rules, tallies, strict=True)):
        yield _measurement(rule, tally if sample else replace(tally, rows=rows), declared, sample, examples.get(at))
    if declared.frame.strict:
        yield _measure_extra_columns(table, declared)


def _rows_are_independent(data: Dataset) -> None:
    roles = data.roles
    found = "cluster" if roles.cluster else "weight" if roles.weight else None
    if found:
        raise HarnessError(
            f"`sample: true` takes every row for an independent one, but dataset {data.name!r} declares a {found}; "
            f"leave out `sample`, or declare the same source without {found} and name it as this step's `data`"
        )


def _count_violations(table: ir.Table, rules: Sequence[Rule]) -> tuple[int, Sequence[Tally]]:
    """Return the number of rows, and what each rule counts: one query, or one for each 500 rules."""
    parts = [rules[start : start + AT_ONCE] for start in range(0, max(len(rules), 1), AT_ONCE)]
    rows, tallies = zip(*(_count_part(table, part) for part in parts), strict=True)
    return rows[0], list(chain.from_iterable(tallies))


def _count_part(table: ir.Table, rules: Sequence[Rule]) -> tuple[int, Sequence[Tally]]:
    counts = {f"broken{at}": rule.broken for at, rule in enumerate(rules)}
    counts |= {f"known{at}": rule.known for at, rule in enumerate(rules) if rule.known is not None}
    found = table.aggregate(rows=table.count(), **counts).to_pyarrow().to_pylist()[0]
    tallies = [
        Tally(broken=int(found[f"broken{at}"] or 0), rows=int(found.get(f"known{at}", found["rows"]) or 0))
        for at in range(len(rules))
    ]
    return found["rows"], tallies


def _examples(
    table: ir.Table, rules: Sequence[Rule], tallies: Sequence[Tally], id: str | None
) -> Mapping[int, pa.Table]:
    """Return, for each broken rule of rows, the ids of the first that break it and nothing else of them: one query."""
    wanted = [at for at, rule in enumerate(rules) if id and tallies[at].broken and rule.breaking is not None]
    if not wanted:
        return {}
    firsts = [
        table.filter(rules[at].breaking).select(rule=ibis.literal(at), id=id).order_by("id").limit(EXAMPLES)
        for at in wanted
    ]
    found = ibis.union(*firsts).order_by("rule", "id").to_pyarrow()
    return {at: found.filter(pc.field("rule") == at).select(["id"]) for at in wanted}


def _measurement(rule: Rule, tally: Tally, declared: Declared, sample: bool, examples: pa.Table | None) -> Measurement:
    if sample and rule.of_rows:
        found = samples.proportion(k=tally.broken, n=tally.rows)
    else:
        value = tally.broken / tally.rows if sample else tally.broken
        found = samples.exact(value=value, n=tally.rows, examples=examples)
    file = {"schema": declared.digest} if declared.digest else {}
    return Measurement(
        metric="violations",
        sample=found,
        better="lower",
        event="in breach",
        labels={"column": rule.column, "rule": rule.name},
        evidence={**rule.evidence, **file},
    )


def _measure_extra_columns(table: ir.Table, declared: Declared) -> Measurement:
    """Return how many columns nobody declared; they belong to no declared column, so they carry only the rule."""
    extra = [name for name in table.columns if name not in declared.frame.columns]
    return Measurement(
        metric="violations",
        sample=samples.exact(value=len(extra), n=len(table.columns)),
        better="lower",
        unit="columns",
        labels={"rule": "strict"},
        evidence={"undeclared": ", ".join(extra)},
    )
