"""Measures how far data, predictions and what is to be learned have moved from a reference."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from harness import EVERY, Check, Dataset, Measurement, check, hookimpl

DISTANCES = {
    "psi": "psi",
    "js": "js",
    "ks": "ks",
    "wasserstein": "point",
    "missing": "gap",
    "new_categories": "proportion",
    "total_variation": "point",
    "chi_square": "point",
}
OF_SCORES = ("psi", "js", "ks", "wasserstein", "missing")
Names = Annotated[Sequence[str], Field(min_length=1)]
Most = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Drifted = Annotated[Mapping[Literal["psi", "js", "ks"], Most], Field(min_length=1)]
Days = Annotated[int, Field(ge=1)]
Windows = Annotated[int, Field(ge=19)]


def _columns_or_every(data: Dataset, *, columns: Names | None = None, **_: object) -> Sequence[str]:
    return columns or [EVERY]


def _score_column(data: Dataset, *, score: str | None = None, **_: object) -> Sequence[str]:
    return [score or data.column("score")]


def _file_columns(
    data: Dataset, *, days: int | None = None, columns: Names | None = None, **_: object
) -> Sequence[str]:
    """Return nothing where windows are days of a table: each is a query of its own, that no other step asks."""
    return [] if days else columns or [EVERY]


@check("drift.columns", metrics={**DISTANCES, "drifted_columns": "exact"}, profiles=_columns_or_every)
def columns(
    data: Dataset,
    *,
    reference: Dataset,
    columns: Names | None = None,
    categories: Names | None = None,
    drifted: Drifted | None = None,
) -> Iterator[Measurement]:
    """Measure how far each column lies from the reference (a dataset, a path or a profile); `categories` are codes."""
    from harness_drift import codes, comparing  # noqa: PLC0415 - numpy costs, and a plugin is listed without it

    found = list(comparing.measure(reference, data, columns, categories or ()))
    yield from found
    yield from codes.tell_no_categories(found)
    if drifted is not None:
        from harness_drift.drifted import measure_drifted  # noqa: PLC0415

        yield measure_drifted(found, {str(name): most for name, most in drifted.items()})


@check("drift.prediction", metrics={name: DISTANCES[name] for name in OF_SCORES}, profiles=_score_column)
def prediction(data: Dataset, *, reference: Dataset, score: str | None = None) -> Iterator[Measurement]:
    """Measure how far the scores lie from those of the reference; its column has the same name."""
    from harness_drift import comparing  # noqa: PLC0415

    yield from comparing.measure(reference, data, [score or data.column("score")])


@check("drift.concept", metrics={"recall_change": "gap", "precision_change": "gap", "fpr_change": "gap"})
def concept(data: Dataset, *, days: Days) -> Iterator[Measurement]:
    """Compare quality in the last days of the (matured) rows with that of all days before."""
    from harness_drift import quality  # noqa: PLC0415

    yield from quality.changes(data, days)


@check("drift.estimated", metrics={"recall": "point", "precision": "point"})
def estimate(data: Dataset) -> Iterator[Measurement]:
    """Estimate quality without labels from calibrated scores (CBPE); blind to concept drift, so for information."""
    from harness_drift import quality  # noqa: PLC0415

    yield from quality.estimate(data)


@check(
    "drift.windows",
    metrics={"windows_as_extreme": "exact", "column_windows_as_extreme": "exact"},
    profiles=_file_columns,
)
def windows(
    data: Dataset,
    *,
    days: Days | None = None,
    past: Dataset | None = None,
    last: Windows = 26,
    columns: Names | None = None,
) -> Iterator[Measurement]:
    """Count the past windows that were as unusual as the current one: of so many days, or the files of `past`."""
    from harness_drift import window_rank, windowed  # noqa: PLC0415

    yield from window_rank.measure(windowed.read_windows(data, days, past, last, columns))


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `drift.columns`, `drift.prediction`, `drift.concept`, `drift.estimated` and `drift.windows`."""
    return {found.name: found for found in (columns, prediction, concept, estimate, windows)}
