"""The `table` target: scores or decisions that were computed elsewhere, judged where they lie."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.plugins.hooks import hookimpl
from harness.plugins.targets import Connect, Datasets, OperatingPoint, add_decisions, pick
from harness.values.identity import Identity


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with the target's own columns added to its roles."""

    datasets: Datasets
    own: Dataset
    who: Identity
    url: str | None = None

    def identity(self) -> Identity:
        """Return the model named by the configuration, proven where the rows say who scored them."""
        return self.who

    def dataset(self, name: str) -> Dataset:
        """Return the target's own rows with their score and decision, other datasets as they are."""
        return self.own if name == self.own.name else pick(self.datasets, name)


@contextmanager
def table(
    datasets: Datasets,
    *,
    data: Annotated[str, Field(description="the dataset that is judged")],
    score: Annotated[str | None, Field(description="column with the model's score")] = None,
    decision: Annotated[str | None, Field(description="column with its decision, 0 or 1")] = None,
    model: Annotated[str | None, Field(description="what a gate calls the candidate")] = None,
    made_by: Annotated[str | None, Field(description="column that proves it: NAME@sha256:... in each row")] = None,
    operating_point: Annotated[
        OperatingPoint | None, Field(description="where a score becomes a decision: at a threshold, or an alert rate")
    ] = None,
) -> Iterator[Table]:
    """Open rows that hold scores, decisions, or just columns to judge."""
    rows = pick(datasets, data)
    own = _with_roles(rows, score, decision)
    if operating_point is not None:
        reference = _reference(datasets, operating_point, score)
        own = add_decisions(own, operating_point, reference)
    yield Table(datasets=datasets, own=own, who=_identity(rows, model, made_by))


def _with_roles(rows: Dataset, score: str | None, decision: str | None) -> Dataset:
    roles = {role: column for role, column in (("score", score), ("decision", decision)) if column}
    return rows.with_roles(**roles)


def _reference(datasets: Datasets, point: OperatingPoint, score: str | None) -> Dataset | None:
    return None if point.rows is None else pick(datasets, point.rows).with_roles(score=score)


def _identity(rows: Dataset, model: str | None, made_by: str | None) -> Identity:
    """Return who scored the rows: proven by a column, or only declared (no digest)."""
    if made_by is None:
        return Identity(revision=model or rows.digest, parts={"proof": "declared"})
    found = _single_value(rows.with_roles(), made_by)
    revision, proof, digest = found.partition("@sha256:")
    named = model or revision
    if named not in (found, revision, f"sha256:{digest}"):
        raise HarnessError(
            f"dataset {rows.name!r} was scored by {found!r} (column {made_by!r}), the candidate is {named!r}; "
            f"score the rows with the candidate, or name the model that scored them"
        )
    try:
        proven = f"sha256:{digest}" if proof else None
        return Identity(revision=revision, digest=proven, parts={"proof": f"made_by {made_by}"})
    except HarnessError as error:
        raise HarnessError(f"dataset {rows.name!r}, column {made_by!r}: {error}") from None


def _single_value(rows: Dataset, column: str) -> str:
    values = rows.query("SELECT DISTINCT {column} AS v FROM {rows}", column=column).table()["v"].to_pylist()
    if len(values) != 1 or values[0] is None:
        shown = ", ".join(map(repr, values[:3]))
        raise HarnessError(
            f"dataset {rows.name!r}: column {column!r} names {len(values)} models ({shown}); one is needed"
        )
    return str(values[0])


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: table}`."""
    return {"table": table}
