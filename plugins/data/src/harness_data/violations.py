"""Counts what a schema finds wrong: an aggregate query for hundreds of rules, a measurement for every one in force."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from harness import Dataset, HarnessError, Measurement, Sample, samples
from harness_data.rules import Rule, compile_rules, failure_text
from harness_data.schemas import Schema
from harness_data.table_columns import measure_columns

EXAMPLES = 20
AT_ONCE = 500  # rules of one query: what a query costs to plan grows faster than its rules


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many rows break a rule, of how many in all and how many of those it is held to.

    `seen` is what their values come to. `failure` says why nothing was counted.
    """

    broken: int = 0
    total: int = 1
    held: int = 1
    seen: object = None
    failure: str = ""


def measure(data: Dataset, schema: Schema, sample: bool) -> Iterator[Measurement]:
    """Yield a measurement for each rule in force, also where no row breaks it."""
    table = data.ibis()
    yield from measure_rules(data, table, compile_rules(schema, table), sample, schema.digest)
    yield from measure_columns(table.columns, schema)


def measure_rules(
    data: Dataset, table: ir.Table, rules: Sequence[Rule], sample: bool, digest: str | None = None
) -> Iterator[Measurement]:
    """Yield a measurement for each rule, in their order."""
    if sample:
        _rows_are_independent(data)
    rows, tallies = _count_violations(table, rules)
    if not rows:
        raise HarnessError(f"dataset {data.name!r} has no rows; a schema that nothing was held to is not kept")
    examples = {} if sample else _examples(table, rules, tallies, data.roles.id)
    for at, (rule, tally) in enumerate(zip(rules, tallies, strict=True)):
        yield _measurement(rule, tally, sample, examples.get(at), digest)


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
    """Return the number of rows and each rule's tally; rules that the engine cannot ask are found by halves."""
    try:
        return _ask(table, rules)
    except Exception as error:
        if not rules:
            raise HarnessError(f"the rows cannot be counted: {error}") from error
        rows, _ = _count_part(table, [])
        if len(rules) == 1:
            return rows, [Tally(failure=failure_text(rules[0].column, rules[0].name, error))]
        halves = [_count_part(table, half)[1] for half in (rules[: len(rules) // 2], rules[len(rules) // 2 :])]
        return rows, list(chain.from_iterable(halves))


def _ask(table: ir.Table, rules: Sequence[Rule]) -> tuple[int, Sequence[Tally]]:
    found = table.aggregate(rows=table.count(), **dict(_counts(rules))).to_pyarrow().to_pylist()[0]
    return found["rows"], [_tally(found, at, rule) for at, rule in enumerate(rules)]


def _counts(rules: Sequence[Rule]) -> Iterator[tuple[str, ir.Value]]:
    """Yield what is counted for each rule, under names; the rows that are meant once for all rules about them."""
    for at, rule in enumerate(rules):
        wanted = {"broken": rule.broken, "known": rule.known, "own": rule.own, "seen": rule.seen}
        yield from ((f"{name}{at}", value) for name, value in wanted.items() if value is not None)
    yield from {f"meant {rule.where}": rule.inside.sum() for rule in rules if rule.inside is not None}.items()


def _tally(found: Mapping[str, Any], at: int, rule: Rule) -> Tally:
    if rule.failure:
        return Tally(failure=rule.failure)
    meant = int((found["rows"] if rule.inside is None else found[f"meant {rule.where}"]) or 0)
    if not meant and found["rows"]:
        return Tally(failure=_nothing_meant(rule))
    known = int(found.get(f"known{at}", meant) or 0)
    if not known and found.get(f"own{at}"):
        return Tally(failure=_nothing_beside(rule))
    broken = int(found[f"broken{at}"] or 0)
    return Tally(broken=broken, total=meant if rule.of_rows else known, held=known, seen=found.get(f"seen{at}"))


def _nothing_meant(rule: Rule) -> str:
    return f"no row is meant by {rule.where!r}, so the rule was held to nothing; correct it, or leave the rule out"


def _nothing_beside(rule: Rule) -> str:
    others = ", ".join(map(repr, rule.others))
    return (
        f"no row with a value of {rule.column!r} has one of {others}, so the rule was held to nothing; repair {others}"
    )


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


def _measurement(rule: Rule, tally: Tally, sample: bool, examples: pa.Table | None, digest: str | None) -> Measurement:
    labels = {"column": rule.column, "rule": rule.name, "where": rule.where}
    file = {"schema": digest} if digest else {}
    return Measurement(
        metric="violations",
        sample=_sample(rule, tally, sample, examples),
        better="lower",
        event="in breach",
        unit=rule.unit,
        labels={name: text for name, text in labels.items() if text},
        evidence={**rule.evidence, **_seen_evidence(rule, tally), **file},
        failure=tally.failure,
    )


def _sample(rule: Rule, tally: Tally, sample: bool, examples: pa.Table | None) -> Sample:
    if tally.failure:
        return samples.unmeasured("exact")
    if sample and rule.of_rows:
        return samples.proportion(k=tally.broken, n=tally.held)
    value = tally.broken / tally.total if sample else tally.broken
    return samples.exact(value=value, n=tally.total, examples=examples)


def _seen_evidence(rule: Rule, tally: Tally) -> Mapping[str, str]:
    if rule.seen is None:
        return {}
    seen = tally.seen or 0 if rule.of_rows else tally.seen
    return {rule.seen_as: "no value" if seen is None else f"{seen:.10g}" if isinstance(seen, float) else str(seen)}
