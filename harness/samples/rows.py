"""Build the sample that a statistic is computed from, of rows: one an observation, as `Dataset.observations` returns.

All may have an `id`, by which rows are paired with a baseline's and joined with those judged before, a `weight`, and
any number of `cluster.<column>` and `slice.<column>`. Columns are checked here, values where they are read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import HarnessError, did_you_mean
from harness.values.requirements import Better
from harness.values.samples import Sample

if TYPE_CHECKING:
    import pyarrow as pa


def proportion(table: "pa.Table") -> Sample:
    """Return rows with `y`, 1 for a hit and 0 for none, for the share of hits."""
    return _build_sample("proportion", table, "y")


def mean(table: "pa.Table", *, limits: Sequence[float] | None = None) -> Sample:
    """Return rows with `y`, a number, for its mean; `limits` are the least and the greatest that one can be."""
    sample = _build_sample("mean", table, "y")
    if limits is None:
        return sample
    if len(limits) != 2 or not -math.inf < limits[0] < limits[1] < math.inf:
        found = ", ".join(f"{each:g}" for each in limits)
        raise HarnessError(f"limits are two numbers, the least and the greatest that a value can be; found {found}")
    return replace(sample, counts={"low": float(limits[0]), "high": float(limits[1])})


def auc(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, for the area under the ROC curve."""
    return _build_sample("auc", table, "y", "score")


def average_precision(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, for the mean precision over all recalls."""
    return _build_sample("average_precision", table, "y", "score")


def f1(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, the decision 0 or 1, for the harmonic mean of precision and recall."""
    return _build_sample("f1", table, "y", "score")


def balanced_accuracy(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, the decision 0 or 1, for the mean of both classes' shares of right."""
    return _build_sample("balanced_accuracy", table, "y", "score")


def brier(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, a probability, for the mean square of their distance."""
    return _build_sample("brier", table, "y", "score")


def calibration(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, a probability, for the expected calibration error."""
    return _build_sample("calibration", table, "y", "score")


def value_rate(table: "pa.Table", *, most: float | None = None) -> Sample:
    """Return rows with `y`, 0 or 1, and `score`, what each is worth (at most `most`), for the share of value hit."""
    sample = _build_sample("value_rate", table, "y", "score")
    return sample if most is None else replace(sample, counts={"high": float(most)})


def gap(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `reference`, 1 in the reference group, for a rate less the reference's."""
    return _build_sample("gap", table, "y", "reference")


def ratio(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 or 1, and `reference`, 1 in the reference group, for a rate over the reference's."""
    return _build_sample("ratio", table, "y", "reference")


def odds(table: "pa.Table") -> Sample:
    """Return rows with `y` the decision, `score` the label and `reference` as for `gap`, for equalised odds."""
    return _build_sample("odds", table, "y", "score", "reference")


def worst(table: "pa.Table", *, of: str = "proportion", better: Better = "higher") -> Sample:
    """Return rows with `group`, and `y` and `score` as the statistic `of` reads them, for the worst of the groups."""
    sample = _build_sample("worst", table, "y", "score", "group")
    sign = 1.0 if better == "higher" else -1.0
    return sample if (of, sign) == ("proportion", 1.0) else replace(sample, counts={of: sign})


def judge_correction(table: "pa.Table", *, elsewhere: Mapping[str, float] | None = None) -> Sample:
    """Return rows with `score` by a judge and `y` by a person or missing, 0 to 1, for the mean people would give.

    With labels `elsewhere`, counts {tp, positives, tn, negatives}, only `score` is read: 1 passed, 0 not.
    """
    if elsewhere is None:
        return _build_sample("judge_correction", table, "y", "score")
    counts = {name: float(count) for name, count in elsewhere.items()}
    return replace(_build_sample("judge_correction", table, "score"), counts=counts)


def judge_mean(table: "pa.Table") -> Sample:
    """Return rows with `y`, 0 to 1 by a judge whose errors nobody measured, for the mean of what it says."""
    return _build_sample("judge_mean", table, "y")


def exceedance(table: "pa.Table", *, stall: float | None = None) -> Sample:
    """Return requests with `y`, 1 beyond the limit, `score`, the latency, and `time` unless they stand in its order.

    `stall` is how many requests the longest stall to reckon with may hold up, whether or not one came.
    """
    sample = _build_sample("exceedance", table, "y", "score")
    return sample if stall is None else replace(sample, counts={"stall": float(stall)})


def _build_sample(statistic: str, table: "pa.Table", *needed: str) -> Sample:
    import pyarrow as pa  # noqa: PLC0415 - whoever made the table has it already

    if not isinstance(table, pa.Table):
        message = f"found {type(table).__name__}"
        raise HarnessError(f"samples.rows takes a pyarrow.Table, as data.observations(...) returns; {message}")
    for name in needed:
        if name not in table.column_names:
            message = f"statistic {statistic!r} reads columns {' and '.join(needed)} of its rows; found no {name!r}"
            found = f"they have {', '.join(table.column_names) or 'none'}"
            raise HarnessError(f"{message}{did_you_mean(name, table.column_names)} ({found})")
    return Sample(statistic=statistic, rows=table)
