"""Measures answers: in what share a detector or a rule finds something, corrected by people's labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from harness import Dataset, HarnessError, Measurement, UsageError
from harness_guardrails.calibrating import Calibration, Known, calibrate, measure_share
from harness_guardrails.canaries import detector as canary_detector
from harness_guardrails.detectors import Detector, open_detector
from harness_guardrails.measuring import finite
from harness_guardrails.texts import keyed_rows, labels_of, texts_of


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What is looked for in texts: by a detector, from some score up, or by a rule that says what it is."""

    name: str
    detector: Detector
    threshold: float
    is_rule: bool = False

    def flags(self, texts: Sequence[str]) -> Sequence[float]:
        """Return 1 for each text that is detected, else 0."""
        return [float(score >= self.threshold) for score in finite(self.detector.scores(texts), self.name)]


def seek(name: str, threshold: float | None) -> Sought:
    """Return what a detector finds, from its own threshold up or another."""
    detector = open_detector(name)
    least = detector.threshold if threshold is None else threshold
    return Sought(name=f"detector {name!r}", detector=detector, threshold=least)


def seek_leaks(canaries: Sequence[str] | None, name: str | None, threshold: float | None) -> Sought:
    """Return what is a leak: planted canaries, or what a detector finds; UsageError if neither or both are named."""
    if (canaries is None) == (name is None):
        raise UsageError(
            f"a leak is a planted canary or what a detector finds; found {'neither' if name is None else 'both'}; "
            f"name `canaries: [...]` or `detector: pii`"
        )
    if name is not None:
        return seek(name, threshold)
    found = canary_detector(canaries or ())
    return Sought(name="canaries", detector=found, threshold=found.threshold, is_rule=True)


def found_share(
    data: Dataset,
    text: str,
    sought: Sought,
    labels: str | None,
    calibration: Dataset | None,
    *,
    metric: str,
    event: str,
) -> Measurement:
    """Return the share of answers in which something is found, as far as labels of these or of other answers say.

    Where nobody measured how often a detector misses, its share decides no must.
    """
    one_of(labels, calibration)
    keys, rows = keyed_rows(data, *[each for each in (text, labels) if each])
    known = Known(
        labels=read_people(data, rows, labels) if labels else None,
        calibration=_calibrate(calibration, text, sought) if calibration else None,
        is_rule=sought.is_rule,
    )
    return measure_share(keys, metric, sought.flags(texts_of(data, rows, text)), known, "answers", event)


def one_of(labels: str | None, calibration: Dataset | None) -> None:
    """Hold a check to one source of labels; UsageError if there are two."""
    if labels and calibration:
        raise UsageError(
            "a detector is corrected by `labels` of these rows or by a `calibration`, not by both; name one"
        )


def read_people(data: Dataset, rows: pa.Table, column: str) -> Sequence[float | None]:
    """Return what people said, 0 or 1, or None of an answer that nobody has read."""
    values = rows[column].to_pylist()
    other = sorted({repr(value) for value in values if value is not None and value not in (0, 1)})
    if other:
        raise HarnessError(
            f"dataset {data.name!r}: labels {column!r} hold 0, 1 or nothing where nobody has read an answer; found "
            f"{', '.join(other[:5])}"
        )
    return [None if value is None else float(value) for value in values]


def _calibrate(data: Dataset, text: str, sought: Sought) -> Calibration:
    label = data.column("label")
    keys, rows = keyed_rows(data, text, label)
    return calibrate(keys, labels_of(data, rows, label), sought.flags(texts_of(data, rows, text)))
