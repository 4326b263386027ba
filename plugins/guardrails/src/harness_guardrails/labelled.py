"""Runs a detector over labelled text and measures it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness import Dataset, Measurement, UsageError
from harness_guardrails.detectors import Detector, open_detector
from harness_guardrails.measuring import finite, measure_scores, measure_spans
from harness_guardrails.texts import keyed_rows, labels_of, spans_of, texts_of

if TYPE_CHECKING:
    from harness_guardrails import Scored


def measure_detector(
    data: Dataset, detector: "str | Scored", text: str | None, spans: str | None, threshold: float | None
) -> Iterator[Measurement]:
    """Yield what the labels, and the spans where there are any, say of a detector."""
    if not isinstance(detector, str):
        yield from _measure_column(data, detector.score, detector.threshold if threshold is None else threshold)
        return
    if text is None:
        raise UsageError(f"guardrails.detector was given no text for {detector!r} to read; add `text: COLUMN`")
    opened = open_detector(detector)
    if spans is not None and not hasattr(opened, "spans"):
        raise UsageError(f"detector {detector!r} finds no spans, so `spans: {spans}` cannot be compared; leave it out")
    label = None if spans is not None and data.roles.label is None else data.column("label")
    keys, rows = keyed_rows(data, *[each for each in (text, spans, label) if each])
    texts = texts_of(data, rows, text)
    wanted = None if spans is None else spans_of(data, rows, spans, texts)
    labels = labels_of(data, rows, label) if label else [float(bool(each)) for each in wanted or ()]
    scores = finite(opened.scores(texts), f"detector {detector!r}")
    yield from measure_scores(keys, labels, scores, opened.threshold if threshold is None else threshold)
    if wanted is not None:
        yield from measure_spans(keys, data.roles.id, texts, wanted, _find(opened, texts))


def _measure_column(data: Dataset, score: str, threshold: float) -> Iterator[Measurement]:
    label = data.column("label")
    keys, rows = keyed_rows(data, score, label)
    scores = finite([each if each is None else float(each) for each in rows[score].to_pylist()], f"column {score!r}")
    yield from measure_scores(keys, labels_of(data, rows, label), scores, threshold)


def _find(opened: Detector, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
    return [opened.spans(text) for text in texts]  # type: ignore[attr-defined]
