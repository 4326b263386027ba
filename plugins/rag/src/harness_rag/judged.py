"""Makes a measurement of what a judge said: corrected by labels, or marked as not proven."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from harness import Measurement, Sample, samples
from harness_rag.calibrating import Calibration, calibrate
from harness_rag.judges import Answer, Instrument
from harness_rag.rows import FATES, Fate, Rows

UNCALIBRATED = "no calibration is named; `calibration:` takes a file of at least 50 answers that people labelled"
LOST: tuple[Fate, ...] = ("unparseable", "timed_out", "errored")


@dataclass(frozen=True, kw_only=True)
class Denominator:
    """All rows that a metric is of, by what became of each: none of them ever leaves it; `why`, of the first lost."""

    fates: Sequence[Fate]
    refused_at_most: float
    lost_at_most: float
    why: str = ""

    def __str__(self) -> str:
        counts = Counter(self.fates)
        parts = " + ".join(f"{counts[fate]} {fate.replace('_', ' ')}" for fate in FATES)
        return f"{len(self.fates)} answers = {parts}"

    def failure(self) -> str:
        """Return why too many rows have no score for the rest to be judged, or nothing."""
        total, refused = len(self.fates), sum(fate == "refused" for fate in self.fates)
        lost = sum(fate in LOST for fate in self.fates)
        for what, count, most in (("refused", refused, self.refused_at_most), ("lost", lost, self.lost_at_most)):
            if count > most * total:
                first = f"; the first: {self.why}" if self.why else "; find out why"
                return f"{count} of {total} answers were {what}, and at most {most:.0%} may be ({self}){first}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A sample of what people would say, the labels that it rests on, and why it proves nothing where it does not."""

    sample: Sample
    labels: str
    unproven: str = ""


def measure_fates(rows: Rows, total: Denominator) -> Sequence[Measurement]:
    """Return the share of answers that were refused, unparseable, timed out and errored, of all there are."""
    return [
        Measurement(
            metric=fate,
            sample=samples.rows.proportion(with_y(rows, [float(each == fate) for each in total.fates])),
            better="lower",
            unit="answers",
            event=fate.replace("_", " "),
        )
        for fate in FATES[1:]
    ]


def measure_judged(
    metric: str, rows: Rows, given: Sequence[Answer], scores: Sequence[float], judge: Instrument, total: Denominator,
    labels: Path | None,
) -> Measurement:  # fmt: skip
    """Return what people would call good of the answers: by their own labels, by a calibration, or not proven."""
    if "human" in rows.values and metric == "faithfulness":
        people = [None if flag is None else float(flag) for flag in rows.flags("human")]
        table = with_y(rows, people).append_column("score", pa.array(scores, pa.float64()))
        found = Corrected(sample=samples.rows.judge_correction(table), labels="of these answers")
    else:
        scored = [each if fate == "scored" else None for each, fate in zip(given, total.fates, strict=True)]
        found = _correct_by_labels(rows, scored, scores, calibrate(judge, labels) if labels else None)
    return Measurement(
        metric=metric,
        sample=found.sample,
        unit="answers",
        evidence={
            "denominator": str(total),
            "judge": f"{judge.name} {judge.digest}",
            "labels": found.labels,
            "note": _note(found.unproven, total),
        },
        failure=total.failure(),
    )


def measure_opinion(metric: str, rows: Rows, scores: Sequence[float], total: Denominator) -> Measurement:
    """Return the mean of scores that no labels correct: a rule of thumb, which decides no must."""
    note = _note(f"{metric} is a rule of thumb, and nobody measured how often it errs", total)
    sample = samples.rows.judge_mean(with_y(rows, scores))
    return Measurement(metric=metric, sample=sample, unit="answers", evidence={"note": note}, failure=total.failure())


def with_y(rows: Rows, values: Sequence[float | None]) -> pa.Table:
    """Return the rows of a sample with `y`."""
    y = pa.array(values, pa.float64())
    return rows.base.append_column("y", y) if rows.base.num_columns else pa.table({"y": y})


def _correct_by_labels(
    rows: Rows, scored: Sequence[Answer | None], scores: Sequence[float], found: Calibration | None
) -> Corrected:
    """Return what was called good, with the judge's errors; an answer without a score is not called good."""
    if found is None or found.unfit:
        sample = samples.rows.judge_mean(with_y(rows, scores))
        return Corrected(sample=sample, labels=_labels_text(found), unproven=found.unfit if found else UNCALIBRATED)
    good = [each is not None and found.calls_good(each, score) for each, score in zip(scored, scores, strict=True)]
    called_good = pa.array(good, pa.bool_()).cast(pa.float64())
    table = rows.base.append_column("score", called_good) if rows.base.num_columns else pa.table({"score": called_good})
    sample = samples.rows.judge_correction(table, elsewhere=found.errors())
    return Corrected(sample=sample, labels=_labels_text(found))


def _labels_text(found: Calibration | None) -> str:
    if found is None:
        return "none"
    figures = ", ".join(f"{name} {each}" for name, each in found.figures.items())
    thresholds = ", ".join(f"{each:.3f}" for each in found.thresholds)
    return f"{found.labels}, thresholds {thresholds}: {figures}"


def _note(unproven: str, total: Denominator) -> str:
    return f"not proven: {unproven}; {total}" if unproven else str(total)
