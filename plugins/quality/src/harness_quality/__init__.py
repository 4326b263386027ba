"""Measures how well a classifier finds and ranks the positives, so that a suite can ask for it."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from harness import Check, Dataset, Measurement, UsageError, check, hookimpl, samples
from harness_quality import cards, decisions, reasons, values
from harness_quality.columns import binary

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Chance = Annotated[float, Field(gt=0, lt=0.5)]
POSITIVE = "CAST({label} AS DOUBLE) = 1"
METRICS = {
    "recall": "proportion",
    "precision": "proportion",
    "roc_auc": "auc",
    "f1": "f1",
    "accuracy": "proportion",
    "balanced_accuracy": "balanced_accuracy",
    "specificity": "proportion",
    "true_positives": "exact",
    "false_positives": "exact",
    "true_negatives": "exact",
    "false_negatives": "exact",
    "value_recall": "value_rate",
    "average_precision": "average_precision",
    "brier": "brier",
    "calibration": "calibration",
    "log_loss": "mean",
    "card_precision": "point",
}


@check("quality.classifier", metrics=METRICS)
def classifier(
    data: Dataset,
    *,
    unit: str = "positives",
    amount: str | None = None,
    most: Amount | None = None,
    card: str | None = None,
    k: Count = 100,
    clip: Chance | None = None,
) -> Iterator[Measurement]:
    """Measure decisions and scores against 0/1 labels: whatever the declared columns allow."""
    roles = data.roles.single_columns()
    if "score" not in roles and "decision" not in roles:
        raise UsageError(
            f"quality.classifier found neither a decision nor a score for dataset {data.name!r}; "
            f"add `decision: COLUMN`, or `score: COLUMN` with an `operating_point`, to the target's config"
        )
    classes = {*binary(data, "label")}
    metrics: set[str] = set()
    if most is not None and amount is None:
        raise UsageError(f"`most: {most:g}` says what an amount can be, and no `amount` is named; add `amount: COLUMN`")
    amounts = values.Amounts(amount, most) if amount is not None and 1 in classes else None
    for found in _measure(data, unit, amounts, card, k, clip):
        metrics.add(found.metric)
        yield reasons.hold_to_classes(found, data, classes)
    yield from reasons.unmeasured(data, [metric for metric in METRICS if metric not in metrics])


def _measure(
    data: Dataset, unit: str, amounts: values.Amounts | None, card: str | None, k: int, clip: float | None
) -> Iterator[Measurement]:
    roles = data.roles.single_columns()
    if "decision" in roles:
        yield from _measure_decisions(data, unit)
    if amounts is not None:
        worth = data.observations(y="{decision}", score="{amount}", where=POSITIVE, amount=amounts.column)
        yield values.value_recall(worth, amounts, unit)
    if "score" in roles:
        yield from _measure_scores(data, clip)
    if card is not None:
        yield cards.card_precision(data, card, k)


def _measure_decisions(data: Dataset, unit: str) -> Iterator[Measurement]:
    """Yield recall and precision; without any alert precision has no rows, which the judge calls an error."""
    binary(data, "decision")
    caught = data.observations(y="{decision}", where=POSITIVE)
    alerts = data.observations(y="{label}", where="CAST({decision} AS DOUBLE) = 1")
    yield Measurement(metric="recall", sample=samples.rows.proportion(caught), unit=unit, event="caught")
    yield Measurement(metric="precision", sample=samples.rows.proportion(alerts), unit="alerts", event="right")
    decided = data.observations(y="{label}", score="{decision}")
    yield Measurement(metric="f1", sample=samples.rows.f1(decided))
    yield from decisions.measure_decided(decided)


def _measure_scores(data: Dataset, clip: float | None) -> Iterator[Measurement]:
    rows = data.observations(y="{label}", score="{score}")
    yield Measurement(metric="roc_auc", sample=samples.rows.auc(rows))
    yield Measurement(metric="average_precision", sample=samples.rows.average_precision(rows))
    if values.are_probabilities(rows):
        yield Measurement(metric="brier", better="lower", sample=samples.rows.brier(rows))
        yield Measurement(metric="calibration", better="lower", sample=samples.rows.calibration(rows))
        yield values.log_loss(rows, clip)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `quality.classifier`."""
    return {classifier.name: classifier}
