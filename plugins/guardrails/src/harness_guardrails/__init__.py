"""Measures detectors of personal data, toxicity, injection and refusals, and what they find in answers."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from harness import Check, Dataset, Measurement, check, hookimpl

METRICS = {
    "precision": "proportion",
    "recall": "proportion",
    "specificity": "proportion",
    "f1": "f1",
    "roc_auc": "auc",
    "token_precision": "proportion",
    "token_recall": "proportion",
    "token_specificity": "proportion",
    "token_f1": "f1",
}
Threshold = Annotated[float, Field(allow_inf_nan=False)]


class Scored(BaseModel):
    """A detector that has scored the rows already: the column of its scores."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    score: str
    threshold: Threshold = 0.5


@check("guardrails.detector", metrics=METRICS)
def detector(
    data: Dataset,
    *,
    detector: str | Scored,
    text: str | None = None,
    spans: str | None = None,
    threshold: Threshold | None = None,
) -> Iterator[Measurement]:
    """Measure a detector alone on labelled text: ours by name, an installed package's, or a column of scores."""
    from harness_guardrails.labelled import measure_detector  # noqa: PLC0415 - models load when something is measured

    yield from measure_detector(data, detector, text, spans, threshold)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `guardrails.detector`."""
    return {each.name: each for each in (detector,)}
