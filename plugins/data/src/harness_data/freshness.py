"""Counts how old the newest row is, as data that stopped arriving looks as good as ever."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harness import Dataset, HarnessError, Measurement, UsageError, column, literal, samples, sql

MOMENTS = ("DATE", "TIMESTAMP", "VARCHAR")  # text is read as the moment it spells


def measure_age(data: Dataset, named: str | None) -> Iterator[Measurement]:
    """Yield the age of the newest row in hours, and the number of rows from the future, which make no table fresh."""
    if data.as_of is None:
        raise UsageError(f"dataset {data.name!r} was opened without a clock, so nothing has an age")
    name = named or data.column("time")
    found = _moments(data.rows_at_start(), name, data.as_of)
    latest = found["latest"]
    if not isinstance(latest, datetime):
        raise HarnessError(
            f"dataset {data.name!r}: no row of {name!r} is from before {data.as_of:%Y-%m-%d %H:%M} UTC, "
            f"so nothing tells how fresh it is; check the column and --as-of"
        )
    hours = (data.as_of - latest.astimezone(UTC)).total_seconds() / 3600
    moment = latest.astimezone(UTC)
    note = f"the newest row is of {moment:%Y-%m-%d %H:%M} UTC, {hours:.4g} hours before {data.as_of:%Y-%m-%d %H:%M} UTC"
    yield _exact("age", round(hours, 6), found["n"], name, {"latest": moment.isoformat(), "note": note})
    yield _exact("future", found["future"], found["n"], name, {})


def _moments(data: Dataset, name: str, as_of: datetime) -> Mapping[str, Any]:
    data.must_have([name])
    if not data.columns[name].startswith(MOMENTS):
        raise HarnessError(
            f"column {name!r} of dataset {data.name!r} is {data.columns[name]} and no time, so nothing tells how fresh "
            f"it is; name a date or timestamp: `with: {{column: ...}}`"
        )
    return data.query(
        "SELECT count(*) AS n, max(CASE WHEN {when} <= {now} THEN {when} END) AS latest, "
        "count(*) FILTER ({when} > {now}) AS future FROM {rows}",
        when=sql("CAST({name} AS TIMESTAMPTZ)", name=column(name)),
        now=literal(as_of),
    ).one()


def _exact(metric: str, value: object, n: object, column: str, told: dict[str, str]) -> Measurement:
    sample = samples.exact(value=float(str(value)), n=int(str(n)))
    return Measurement(metric=metric, sample=sample, better="lower", labels={"column": column}, evidence=told)
