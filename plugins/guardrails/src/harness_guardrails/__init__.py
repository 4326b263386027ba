"""Measures detectors of personal data, toxicity, injection and refusals, and what they find in answers."""

from collections.abc import Iterator, Mapping, Sequence
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
Canaries = Annotated[Sequence[str], Field(min_length=1)]


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


@check("guardrails.toxicity", metrics={"toxic": "judge_correction"})
def toxic_answers(
    data: Dataset,
    *,
    text: str,
    labels: str | None = None,
    detector: str = "toxicity",
    threshold: Threshold | None = None,
) -> Iterator[Measurement]:
    """Measure the share of toxic answers, as people would say by `labels` of some; without, it proves nothing."""
    from harness_guardrails.answers import detected_share  # noqa: PLC0415

    yield detected_share(data, detector, "toxic", text, labels, threshold)


@check("guardrails.refusals", metrics={"refused": "judge_correction"})
def refusals(
    data: Dataset,
    *,
    text: str,
    labels: str | None = None,
    detector: str = "refusal",
    threshold: Threshold | None = None,
) -> Iterator[Measurement]:
    """Measure the share of answers that refuse, best to harmless questions, as people would by `labels` of some."""
    from harness_guardrails.answers import detected_share  # noqa: PLC0415

    yield detected_share(data, detector, "refused", text, labels, threshold)


@check("guardrails.leakage", metrics={"leaked": "proportion"})
def leakage(data: Dataset, *, text: str, canaries: Canaries) -> Iterator[Measurement]:
    """Measure the share of answers in which a planted canary stands, however it is written."""
    from harness_guardrails.answers import leaked_share  # noqa: PLC0415

    yield leaked_share(data, text, canaries)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `guardrails.detector`, and what is asked of answers."""
    return {each.name: each for each in (detector, toxic_answers, refusals, leakage)}
