"""Holds a table to a schema and counts, rule by rule, the rows that break it."""

from collections.abc import Iterator, Mapping

from harness import Check, Dataset, Measurement, UsageError, check, hookimpl
from harness_data.declared import ColumnRules


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


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `data.schema`."""
    return {found.name: found for found in (schema,)}
