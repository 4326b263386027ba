"""Checks that deepchecks makes: its numbers on datasets and predictions, in an environment of their own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from harness import Check, Dataset, Measurement, check, hookimpl
from harness_deepchecks.numbers import EVALUATION, INTEGRITY, TRAIN_TEST, WITH_TRAIN, Reading
from harness_deepchecks.running import Given, run_checks

Labels = Literal["binary", "multiclass", "regression"]


def _statistics(readings: Mapping[str, Reading]) -> dict[str, str]:
    return {name: reading.statistic for name, reading in readings.items()}


@check("deepchecks.data_integrity", metrics=_statistics(INTEGRITY))
def data_integrity(
    data: Dataset,
    *,
    columns: list[str] | None = None,
    categorical: list[str] | None = None,
    labels: Labels = "binary",
    without: Sequence[str] = (),
    report: bool = False,
) -> Iterator[Measurement]:
    """Measure what deepchecks' data integrity suite finds in the rows: duplicates, mixed types, correlations."""
    given = Given(columns=columns, categorical=categorical, labels=labels, without=without, report=report)
    yield from run_checks(INTEGRITY, given, data)


@check("deepchecks.train_test", metrics=_statistics(TRAIN_TEST))
def train_test(
    data: Dataset,
    train: Dataset,
    *,
    columns: list[str] | None = None,
    categorical: list[str] | None = None,
    labels: Labels = "binary",
    without: Sequence[str] = (),
    report: bool = False,
) -> Iterator[Measurement]:
    """Measure what deepchecks' train-test validation suite finds: rows, labels and drift against the training rows."""
    given = Given(columns=columns, categorical=categorical, labels=labels, without=without, report=report)
    yield from run_checks(TRAIN_TEST, given, data, train)


@check("deepchecks.model_evaluation", metrics=_statistics({**EVALUATION, **WITH_TRAIN}))
def model_evaluation(
    data: Dataset,
    train: Dataset | None = None,
    *,
    columns: list[str] | None = None,
    categorical: list[str] | None = None,
    without: Sequence[str] = (),
    report: bool = False,
) -> Iterator[Measurement]:
    """Measure what deepchecks' model evaluation suite finds of a score between 0 and 1 for a label of two classes."""
    given = Given(columns=columns, categorical=categorical, scored=True, without=without, report=report)
    yield from run_checks({**EVALUATION, **WITH_TRAIN} if train else EVALUATION, given, data, train)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer three checks, named as the suites of deepchecks that they run."""
    return {each.name: each for each in (data_integrity, train_test, model_evaluation)}
