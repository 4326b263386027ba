"""Metrics of quality by group, and of each the worst over all groups."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness import HarnessError, Measurement, Sample, UsageError, samples
from harness_bias.grouping import Grouping
from harness_bias.rows import having, inside, sample_rows

Values = Callable[[pa.Table], pa.ChunkedArray | pa.Array]
BUILD: Mapping[str, Callable[[pa.Table], Sample]] = {
    "proportion": samples.rows.proportion,
    "mean": samples.rows.mean,
    "auc": samples.rows.auc,
    "average_precision": samples.rows.average_precision,
    "f1": samples.rows.f1,
    "balanced_accuracy": samples.rows.balanced_accuracy,
    "brier": samples.rows.brier,
    "calibration": samples.rows.calibration,
}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is measured of each group: a statistic of `y` and `score`, of the rows with one outcome or of all."""

    statistic: str
    needs: tuple[str, ...]
    y: Values
    score: str = ""
    of: tuple[str, int] | None = None
    better: Literal["higher", "lower"] = "higher"


def _was(role: str, value: int) -> Values:
    return lambda rows: having(rows, (role, value)).cast(pa.float64())


def _right(rows: pa.Table) -> pa.ChunkedArray:
    return pc.equal(rows["own label"], rows["own decision"]).cast(pa.float64())


def _lost(rows: pa.Table) -> pa.Array:
    label, score = (np.asarray(rows[f"own {role}"].to_numpy(), dtype=np.float64) for role in ("label", "score"))
    given = np.where(label == 1, score, 1 - score)
    if not (given > 0).all():
        raise HarnessError("a row has the label that its score holds impossible, so the log loss is infinite")
    return pa.array(-np.log(given))


DECIDED, SCORED = ("decision", "label"), ("label", "score")
METRICS: Mapping[str, Metric] = {
    "selection_rate": Metric(statistic="proportion", needs=("decision",), y=_was("decision", 1)),
    "tpr": Metric(statistic="proportion", needs=DECIDED, y=_was("decision", 1), of=("label", 1)),
    "fpr": Metric(statistic="proportion", needs=DECIDED, y=_was("decision", 1), of=("label", 0), better="lower"),
    "fnr": Metric(statistic="proportion", needs=DECIDED, y=_was("decision", 0), of=("label", 1), better="lower"),
    "precision": Metric(statistic="proportion", needs=DECIDED, y=_was("label", 1), of=("decision", 1)),
    "specificity": Metric(statistic="proportion", needs=DECIDED, y=_was("decision", 0), of=("label", 0)),
    "accuracy": Metric(statistic="proportion", needs=DECIDED, y=_right),
    "f1": Metric(statistic="f1", needs=DECIDED, y=_was("label", 1), score="decision"),
    "balanced_accuracy": Metric(statistic="balanced_accuracy", needs=DECIDED, y=_was("label", 1), score="decision"),
    "roc_auc": Metric(statistic="auc", needs=SCORED, y=_was("label", 1), score="score"),
    "average_precision": Metric(statistic="average_precision", needs=SCORED, y=_was("label", 1), score="score"),
    "brier": Metric(statistic="brier", needs=SCORED, y=_was("label", 1), score="score", better="lower"),
    "calibration": Metric(statistic="calibration", needs=SCORED, y=_was("label", 1), score="score", better="lower"),
    "log_loss": Metric(statistic="mean", needs=SCORED, y=_lost, better="lower"),
}


def measurable(names: Sequence[str], outcomes: Sequence[str]) -> Sequence[str]:
    """Return those named that have a worst group, less those of a label where there is none."""
    return [name for name, each in METRICS.items() if name in names and set(each.needs) <= {*outcomes, "score"}]


def measure_groups(grouping: Grouping, rows: pa.Table, names: Sequence[str]) -> Iterator[Measurement]:
    """Yield the named metrics of each group."""
    for name in names:
        metric = METRICS[name]
        _refuse_unknown(name, metric, rows)
        for group in (grouping.reference, *grouping.groups):
            labels = grouping.labels(group)
            own = _rows(metric, rows, inside(rows, labels))
            yield Measurement(
                metric=name,
                sample=BUILD[metric.statistic](own),
                better=metric.better,
                labels=labels,
                unit=f"rows of {'/'.join(group)}",
            )


def measure_worst(grouping: Grouping, rows: pa.Table, names: Sequence[str]) -> Iterator[Measurement]:
    """Yield, of each named metric, the worst over all groups of the columns."""
    words = _group_words(grouping, rows)
    codes = {word: _code(word) for word in pc.unique(words).to_pylist()}
    numbers = pa.array([codes[word] for word in words.to_pylist()], pa.int64())
    for name in names:
        metric = METRICS[name]
        _refuse_unknown(name, metric, rows)
        own = _rows(metric, rows.append_column("code", numbers), None)
        yield Measurement(
            metric=f"{name}_worst",
            sample=samples.rows.worst(own, of=metric.statistic, better=metric.better),
            better=metric.better,
            labels={"groups": " and ".join(grouping.columns)},
            evidence={"groups": ", ".join(f"{word} ({codes[word]})" for word in sorted(codes))},
        )


def _code(word: str) -> int:
    """Return the number that stands for a group in stored rows, which hold no words: in every look the same 56 bits."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:7], "big")


def _group_words(grouping: Grouping, rows: pa.Table) -> pa.ChunkedArray:
    """Return each row's group in words."""
    parts = [rows[f"group {name}"] for name in grouping.columns]
    return reduce(lambda one, other: pc.binary_join_element_wise(one, other, "/"), parts)


def _refuse_unknown(name: str, metric: Metric, rows: pa.Table) -> None:
    for role in metric.needs:
        if f"own {role}" not in rows.column_names:
            raise UsageError(f"{name!r} by group needs a {role}; add `{role}: COLUMN` to the target or the dataset")


def _rows(metric: Metric, rows: pa.Table, wanted: pa.ChunkedArray | None) -> pa.Table:
    """Return the rows that a metric is of, as its statistic reads them; `code` becomes the group."""
    whole = pa.chunked_array([pa.array(np.ones(rows.num_rows, dtype=bool))]) if wanted is None else wanted
    among = pc.and_(whole, having(rows, metric.of)) if metric.of else whole
    values = {"y": metric.y(rows)}
    if metric.score or "code" in rows.column_names:
        values["score"] = rows[f"own {metric.score}"] if metric.score else values["y"]
    if "code" in rows.column_names:
        values["group"] = rows["code"]
        rows = rows.drop_columns(["code"])
    return sample_rows(rows, among, **values)
