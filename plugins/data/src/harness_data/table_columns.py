"""Rules about which columns a table has: how many, in which order, and none that nobody declared."""

from collections.abc import Iterator, Sequence

from harness import Measurement, samples
from harness_data.rules import matching_columns
from harness_data.schemas import RowSet, Schema


def measure_columns(columns: Sequence[str], schema: Schema) -> Iterator[Measurement]:
    """Yield a measurement for each rule in force; they belong to no column, so they carry only the rule."""
    if schema.strict:
        extra = [name for name in columns if name not in _declared(columns, schema)]
        yield _count_columns("strict", len(extra), columns, undeclared=", ".join(extra))
    if schema.ordered:
        yield _measure_order(columns, schema)
    if schema.column_count is not None:
        least, most = schema.column_count.least, schema.column_count.most
        beyond = max(least - len(columns), len(columns) - (len(columns) if most is None else most), 0)
        yield _count_columns("column_count", beyond, columns, found=str(len(columns)))


def _declared(columns: Sequence[str], schema: Schema) -> Sequence[str]:
    """Return every column that has a rule, in the order declared."""
    named = [name for row_set in schema.row_sets for name in _named(columns, row_set)]
    return list(dict.fromkeys(named))


def _named(columns: Sequence[str], row_set: RowSet) -> Iterator[str]:
    yield from (column.name for column in row_set.columns)
    for pattern in row_set.patterns:
        yield from matching_columns(pattern, columns)


def _measure_order(columns: Sequence[str], schema: Schema) -> Measurement:
    """Count the declared columns that stand elsewhere than declared; those that are absent take no place."""
    asked = [name for name in _declared(columns, schema) if name in columns]
    found = [name for name in columns if name in asked]
    misplaced = sum(one != other for one, other in zip(asked, found, strict=True))
    return _count_columns("ordered", misplaced, columns, asked=", ".join(asked), found=", ".join(found))


def _count_columns(rule: str, count: int, columns: Sequence[str], **evidence: str) -> Measurement:
    return Measurement(
        metric="violations",
        sample=samples.exact(value=count, n=len(columns)),
        better="lower",
        unit="columns",
        labels={"rule": rule},
        evidence=evidence,
    )
