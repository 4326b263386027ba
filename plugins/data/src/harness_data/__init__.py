"""Holds a table to a schema and counts, rule by rule, the rows that break it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from harness import Check, Dataset, Measurement, Sample, UsageError, check, hookimpl
from harness_data.declared import ColumnRules

Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Names = Annotated[Sequence[str], Field(min_length=1)]


@check("data.schema", metrics={"violations": "exact"})
def schema(
    data: Dataset,
    *,
    columns: Mapping[str, ColumnRules] | None = None,
    strict: bool = False,
    file: str | None = None,
    sample: bool = False,
) -> Iterator[Measurement]:
    """Count the rows that break each rule of a schema, given as `columns` or as a Pandera YAML file."""
    from harness_data import schemas, violations  # noqa: PLC0415 - Pandera and Ibis cost more than a second

    if (file is None) == (not columns):
        found = "neither" if file is None else "both"
        raise UsageError(
            f"data.schema takes `columns: {{NAME: RULES}}` or `file: SCHEMA.yaml`; found {found}; give one"
        )
    if file is not None and strict:
        raise UsageError(f"data.schema reads strictness from the schema file; put `strict: true` into {file!r}")
    declared = schemas.from_file(file) if file is not None else schemas.from_rules(columns or {}, strict)
    yield from violations.of(data, declared, sample)


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


@check("data.overlap", metrics={"overlap": "exact"})
def overlap(data: Dataset, *, reference: Dataset, columns: Names) -> Iterator[Measurement]:
    """Count the rows that another table holds too, by the named columns: test rows that a model has learned from."""
    from harness_data import tables  # noqa: PLC0415

    yield tables.overlap(data, reference, columns)


@check("data.volume", metrics={"rows": "exact"})
def volume(data: Dataset) -> Iterator[Measurement]:
    """Count the rows."""
    rows = data.size
    yield Measurement(metric="rows", sample=Sample(statistic="exact", counts={"value": rows, "n": rows}))


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `data.schema` and the counts of whole tables."""
    return {found.name: found for found in (schema, parity, duplicates, overlap, volume)}
