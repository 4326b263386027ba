"""Measures how well a classifier finds and ranks the positives, so that a suite can ask for it."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import pyarrow as pa
from pydantic import Field

from harness import Check, Dataset, HarnessError, Measurement, Sample, UsageError, check, hookimpl
from harness_quality import cards, values
from harness_quality.columns import binary, quote_column

Count = Annotated[int, Field(ge=1)]
METRICS = {
    "recall": "proportion",
    "precision": "proportion",
    "roc_auc": "auc",
    "f1": "f1",
    "value_recall": "value_rate",
    "average_precision": "average_precision",
    "brier": "brier",
    "calibration": "calibration",
    "card_precision": "point",
}


@check("quality.classifier", metrics=METRICS)
def classifier(
    data: Dataset,
    *,
    unit: str = "positives",
    amount: str | None = None,
    card: str | None = None,
    k: Count = 100,
) -> Iterator[Measurement]:
    """Measure decisions and scores against 0/1 labels: whatever the declared columns allow."""
    roles = data.roles.single_columns()
    if "score" not in roles and "decision" not in roles:
        raise UsageError(
            f"quality.classifier found neither a decision nor a score for dataset {data.name!r}; "
            f"add `decision: COLUMN`, or `score: COLUMN` with an `operating_point`, to the target's config"
        )
    _positives_exist(data)
    if "decision" in roles:
        yield from _measure_decisions(data, unit)
    if amount is not None:
        yield values.value_recall(_caught(data, score=quote_column(data, amount)), amount, unit)
    if "score" in roles:
        yield from _measure_scores(data)
    if card is not None:
        yield cards.card_precision(data, card, k)


def _positives_exist(data: Dataset) -> None:
    if 1 not in binary(data, "label"):
        raise HarnessError(
            f"dataset {data.name!r}: no row has label 1 in {data.column('label')!r}, so there is nothing to find; "
            f"widen the window or check how the labels were joined"
        )


def _measure_decisions(data: Dataset, unit: str) -> Iterator[Measurement]:
    """Yield recall and precision; without any alert precision has no rows, which the judge calls an error."""
    binary(data, "decision")
    caught = _caught(data)
    alerts = data.observations(y=_as_number(data, "label"), where=f"{_as_number(data, 'decision')} = 1")
    recall, precision = (Sample(statistic="proportion", rows=rows) for rows in (caught, alerts))
    yield Measurement(metric="recall", sample=recall, unit=unit, event="caught")
    yield Measurement(metric="precision", sample=precision, unit="alerts", event="right")
    decided = data.observations(y=_as_number(data, "label"), score=_as_number(data, "decision"))
    yield Measurement(metric="f1", sample=Sample(statistic="f1", rows=decided))


def _caught(data: Dataset, *, score: str | None = None) -> pa.Table:
    decision = _as_number(data, "decision")
    return data.observations(y=decision, score=score, where=f"{_as_number(data, 'label')} = 1")


def _measure_scores(data: Dataset) -> Iterator[Measurement]:
    rows = data.observations(y=_as_number(data, "label"), score=_as_number(data, "score"))
    yield Measurement(metric="roc_auc", sample=Sample(statistic="auc", rows=rows))
    yield Measurement(metric="average_precision", sample=Sample(statistic="average_precision", rows=rows))
    if values.are_probabilities(rows):
        for metric in ("brier", "calibration"):
            yield Measurement(metric=metric, better="lower", sample=Sample(statistic=metric, rows=rows))


def _as_number(data: Dataset, role: str) -> str:
    return f"CAST({quote_column(data, data.column(role))} AS DOUBLE)"


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `quality.classifier`."""
    return {classifier.name: classifier}
