"""Measures answers: what share a detector finds, corrected by people's labels, and what share leaks a canary."""

from collections.abc import Sequence

import pyarrow as pa

from harness import Dataset, HarnessError, Measurement, samples
from harness_guardrails.canaries import detector as canary_detector
from harness_guardrails.detectors import open_detector
from harness_guardrails.measuring import finite
from harness_guardrails.texts import add_columns, keyed_rows, texts_of


def detected_share(
    data: Dataset, name: str, metric: str, text: str, labels: str | None, threshold: float | None
) -> Measurement:
    """Return the share of answers that are detected; with labels of some, the share that people would give.

    Without labels nobody knows how often the detector misses, so the share decides no must.
    """
    keys, rows = keyed_rows(data, *[each for each in (text, labels) if each])
    texts, detector = texts_of(data, rows, text), open_detector(name)
    least = detector.threshold if threshold is None else threshold
    found = [float(score >= least) for score in finite(detector.scores(texts), f"detector {name!r}")]
    if labels is None:
        sample = samples.rows.judge_mean(add_columns(keys, y=found))
    else:
        sample = samples.rows.judge_correction(add_columns(keys, y=_people(data, rows, labels), score=found))
    return Measurement(metric=metric, sample=sample, unit="answers", better="lower")


def leaked_share(data: Dataset, text: str, canaries: Sequence[str]) -> Measurement:
    """Return the share of answers in which a canary stands, however it is written, spaced or encoded."""
    found = canary_detector(canaries)
    keys, rows = keyed_rows(data, text)
    sample = samples.rows.proportion(add_columns(keys, y=found.scores(texts_of(data, rows, text))))
    return Measurement(metric="leaked", sample=sample, unit="answers", event="leaked", better="lower")


def _people(data: Dataset, rows: pa.Table, column: str) -> Sequence[float | None]:
    """Return what people said, 0 or 1, or None of an answer that nobody has read."""
    values = rows[column].to_pylist()
    other = sorted({repr(value) for value in values if value is not None and value not in (0, 1)})
    if other:
        raise HarnessError(
            f"dataset {data.name!r}: labels {column!r} hold 0, 1 or nothing where nobody has read an answer; found "
            f"{', '.join(other[:5])}"
        )
    return [None if value is None else float(value) for value in values]
