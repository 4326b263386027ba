"""Rates and means of any column, so that results of other tools are judged by intervals too."""

from collections.abc import Iterator, Mapping
from typing import Literal

from harness import Check, Dataset, Measurement, check, hookimpl, samples

Better = Literal["higher", "lower"]


@check("rows.rate", metrics={"rate": "proportion"})
def rate(
    data: Dataset, *, column: str, better: Better = "higher", unit: str = "rows", event: str = ""
) -> Iterator[Measurement]:
    """Measure the share of rows where a column is true or 1."""
    rows = data.observations(y="{column}", column=column)
    yield Measurement(metric="rate", sample=samples.rows.proportion(rows), better=better, unit=unit, event=event)


@check("rows.mean", metrics={"mean": "mean"})
def mean(
    data: Dataset,
    *,
    column: str,
    limits: list[float] | None = None,
    better: Better = "higher",
    unit: str = "rows",
) -> Iterator[Measurement]:
    """Measure the mean of a column; `limits` are the least and the greatest value there can be."""
    rows = data.observations(y="{column}", column=column)
    yield Measurement(metric="mean", sample=samples.rows.mean(rows, limits=limits), better=better, unit=unit)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `rows.rate` and `rows.mean`."""
    return {found.name: found for found in (rate, mean)}
