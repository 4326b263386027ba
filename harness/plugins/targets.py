"""What is judged: the target's protocol, and how a score becomes a decision."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from harness.data.datasets import Dataset
from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables.sql import literal
from harness.values.identity import Identity

Datasets = Mapping[str, Dataset]


@runtime_checkable
class Target(Protocol):
    """A model, table or service: who it is, and its rows with its own scores and decisions."""

    @property
    def url(self) -> str | None:
        """Return where the target listens, if it is a service."""

    def identity(self) -> Identity:
        """Return who is being judged, asked before and after each step."""

    def dataset(self, name: str) -> Dataset:
        """Return a dataset of the suite with the target's roles (score, decision) added."""


# A context manager opened once per run; its keyword-only arguments are the target's `config`.
Connect = Callable[..., AbstractContextManager[Target]]


class OperatingPoint(BaseModel):
    """Where a score becomes a decision: a fixed threshold, or an alert rate on rows other than the judged ones."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    threshold: float | None = Field(default=None, allow_inf_nan=False)
    alert_rate: float | None = Field(default=None, gt=0, lt=1)
    rows: str | None = Field(default=None, alias="from")


def pick(datasets: Datasets, name: str) -> Dataset:
    """Return the dataset of that name; an unknown name is a UsageError."""
    if name not in datasets:
        raise UsageError(f"no dataset {name!r} in this suite{did_you_mean(name, datasets)}")
    return datasets[name]


def add_decisions(data: Dataset, point: OperatingPoint, reference: Dataset | None) -> Dataset:
    """Return the scored rows with a 0/1 `decision`: score >= threshold.

    An alert rate is turned into a threshold on `reference`, which must be scored and share no id with `data`.
    """
    threshold = point.threshold if point.threshold is not None else _threshold(data, point, reference)
    name = data.new_name("decision", "decision at operating point")
    alert = "CAST({score} >= {threshold} AS TINYINT)"
    return data.with_column(name, alert, threshold=literal(threshold)).with_roles(decision=name)


def _threshold(data: Dataset, point: OperatingPoint, reference: Dataset | None) -> float:
    if point.alert_rate is None or reference is None:
        raise UsageError("operating_point is `threshold: NUMBER`, or `alert_rate: SHARE` with `from: DATASET`")
    both = "SELECT count(*) AS n FROM (SELECT {id} FROM {rows} INTERSECT {others})"
    shared = data.query(both, others=reference.query("SELECT {id} FROM {rows}")).one()["n"]
    if shared:
        raise HarnessError(
            f"operating point: {shared} ids are both in {data.name!r} and in {reference.name!r}; "
            f"a threshold tuned on the rows it is judged by voids the interval, so use other rows"
        )
    quantile = "SELECT quantile_disc({score}, {share}) AS t FROM {rows}"
    found = reference.query(quantile, share=literal(1 - point.alert_rate)).one()["t"]
    if not isinstance(found, float | int):
        raise HarnessError(f"operating point: dataset {reference.name!r} has no rows to take an alert rate from")
    return float(found)
