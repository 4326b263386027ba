"""Holds a table to a schema and counts, rule by rule, the rows that break it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness import Check, Dataset, Measurement, UsageError, check, hookimpl, samples
from harness_data.declared import ColumnRules, Patterns, SomeRows, Unique, WholeRange

Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
SchemaFile = Annotated[Path, Field(strict=False)]
Rows = Annotated[int, Field(ge=100)]
Keys = Annotated[Mapping[str, str], Field(min_length=1)]
Expressions = Annotated[Mapping[str, str], Field(min_length=1)]
Names = Annotated[Sequence[str], Field(min_length=1)]


@check("data.schema", waivable=False, metrics={"violations": "exact"})
def schema(
    data: Dataset,
    *,
    columns: Mapping[str, ColumnRules] | None = None,
    patterns: Patterns | None = None,
    some_rows: Sequence[SomeRows] = (),
    unique: Unique = (),
    strict: bool = False,
    ordered: bool = False,
    column_count: WholeRange | None = None,
    file: SchemaFile | None = None,
    sample: bool = False,
) -> Iterator[Measurement]:
    """Count the rows that break each rule of a schema, written here or in a Pandera YAML file."""
    from harness_data import schemas, violations  # noqa: PLC0415 - Ibis costs half a second

    rules = (columns, patterns, some_rows, unique, column_count)
    if (file is None) == (not any(rules)):
        found = "neither" if file is None else "both"
        raise UsageError(
            f"data.schema takes rules as `columns: {{NAME: RULES}}` or a `file: SCHEMA.yaml`; found {found}; give one"
        )
    if file is not None and (strict or ordered):
        key = "strict" if strict else "ordered"
        raise UsageError(f"data.schema reads `{key}` from the schema file; put `{key}: true` into {str(file)!r}")
    if file is not None:
        from harness_data import pandera_files  # noqa: PLC0415 - Pandera costs another second

        declared = pandera_files.from_file(str(file))
    else:
        declared = schemas.schema_of(
            columns or {},
            patterns or {},
            some_rows,
            unique,
            strict=strict,
            ordered=ordered,
            column_count=column_count,
        )
    yield from violations.measure(data, declared, sample)


@check("data.sql", metrics={"violations": "exact"})
def bad_rows(data: Dataset, *, bad: Expressions, sample: bool = False) -> Iterator[Measurement]:
    """Count the rows that are bad by an SQL expression each, as `bad: {RULE: "amount < 0 AND state = 'paid'"}`."""
    from harness_data.sql_rules import measure_bad_rows  # noqa: PLC0415

    yield from measure_bad_rows(data, bad, sample)


@check("data.parity", metrics={"mismatches": "exact", "unmatched": "exact"})
def parity(
    data: Dataset, *, reference: Dataset, columns: Mapping[str, Tolerance], id: str | None = None
) -> Iterator[Measurement]:
    """Count the rows whose values differ from those of the same id in another table, by a tolerance per column."""
    from harness_data import tables  # noqa: PLC0415 - only who asks pays for Ibis

    yield from tables.parity(data, reference, id or data.column("id"), columns)


@check("data.duplicates", metrics={"duplicates": "exact"})
def duplicates(data: Dataset, *, columns: Names) -> Iterator[Measurement]:
    """Count the rows that repeat an earlier one in the named columns."""
    from harness_data import tables  # noqa: PLC0415

    yield tables.duplicates(data, columns)


@check("data.overlap", waivable=False, metrics={"overlap": "exact"})
def overlap(data: Dataset, *, reference: Dataset, columns: Names) -> Iterator[Measurement]:
    """Count the rows that another table holds too, by the named columns: test rows that a model has learned from."""
    from harness_data import tables  # noqa: PLC0415

    yield tables.overlap(data, reference, columns)


@check("data.volume", metrics={"rows": "exact"})
def volume(data: Dataset) -> Iterator[Measurement]:
    """Count the rows."""
    from harness_data import tables  # noqa: PLC0415

    if tables.is_profile(data):
        raise UsageError(f"data.volume counts rows, and {data.uri!r} is a saved profile; name the table itself")
    rows = data.size
    yield Measurement(metric="rows", sample=samples.exact(value=rows, n=rows))


@check("data.freshness", metrics={"age": "exact", "future": "exact"})
def freshness_check(data: Dataset, *, column: str | None = None) -> Iterator[Measurement]:
    """Measure how many hours old the newest row is, by a column or the dataset's `time`; count rows from the future."""
    from harness_data.freshness import measure_age  # noqa: PLC0415

    yield from measure_age(data, column)


@check("data.leakage", waivable=False, metrics={"auc": "auc"})
def leakage_check(data: Dataset, *, columns: Names | None = None, rows: Rows = 20_000) -> Iterator[Measurement]:
    """Measure how well each feature alone (default: each column without a role) tells the label, on some rows."""
    from harness_data.leakage import measure_leakage  # noqa: PLC0415 - only who asks pays for numpy

    yield from measure_leakage(data, columns, rows)


@check("data.references", metrics={"orphans": "exact"})
def references(data: Dataset, *, reference: Dataset, keys: Keys) -> Iterator[Measurement]:
    """Count the rows whose keys, all together, another table lacks: `keys: {OWN: THEIRS}`; missing keys are none."""
    from harness_data import tables  # noqa: PLC0415

    yield tables.references(data, reference, keys)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `data.schema`, `data.sql`, the counts of whole tables, freshness, leakage and references."""
    return {
        found.name: found
        for found in (schema, bad_rows, parity, duplicates, overlap, volume, freshness_check, leakage_check, references)
    }
