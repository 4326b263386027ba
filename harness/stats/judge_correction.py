"""What a judge's scores say about the truth, once people have checked some of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.stats import columns, judged_elsewhere
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import Influence, mean_part, spread
from harness.stats.effective import korn_graubard, student
from harness.stats.inference import Inference
from harness.stats.mover import Mover, moves_each_way
from harness.stats.searched import Nearer, Wider
from harness.values.samples import Sample

FEWEST = 30  # labels


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A judge's scores of all rows, and what people said about some: `human` is 0 where they did not look."""

    score: Numbers
    human: Numbers
    looked: Numbers


def infer(sample: Sample) -> Inference:
    """Return the true mean, 0 to 1, of rows with `score` by the judge and `y` by a person or missing.

    PPI++ (Angelopoulos, Duchi, Zrnic 2023): the judge's mean on unchecked rows plus its mean error on checked ones,
    with the weight of least variance; what leaves 0 to 1 is cut. Bounds Korn-Graubard 1998, as Wald's err up to 9.5 %
    at 5 %, and no nearer than errors of the judge that no label has shown yet may take them (`Mover`). The checked rows
    must be a random sample of these rows, 30 or more. Counts come from labels elsewhere: `judged_elsewhere`.
    """
    if sample.rows is None or "positives" in sample.counts:
        return judged_elsewhere.infer(sample)
    rows = columns.table(sample)
    checked, codes = _read_judgements(rows), columns.clusters(rows)
    value, parts = ppi(checked)
    design = spread(parts, codes)
    edge = 0.5 / design.groups if design.variance > 0 else 0.0
    seen = korn_graubard(min(max(value, edge), 1 - edge), rows.num_rows, design)
    return replace(
        seen,
        value=min(max(value, 0.0), 1.0),
        method="PPI++",
        interval=Wider(one=seen.interval, other=_judge_errors([checked], codes, value, design.variance), units=0),
    )


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's true mean less the baseline's on the same ids, by t bent for skew.

    The judge's weight of each side is fitted to the labels, which costs each side a degree of freedom. Bounds are no
    nearer than errors that no label has shown yet may take them.
    """
    if "positives" in {**candidate.counts, **baseline.counts}:
        raise HarnessError(
            "what a judge says of two candidates is compared by labels on these answers; found labels from elsewhere, "
            "so have people label some of both sides' answers"
        )
    left, right = columns.pair_rows(candidate, baseline)
    sides, codes = [_read_judgements(rows) for rows in (left, right)], columns.clusters(left)
    (new, plus), (old, minus) = (ppi(side) for side in sides)
    labels = min(float(side.looked.sum()) for side in sides)
    fitted = math.sqrt((labels - 1) / (labels - 3))
    parts = [*(part.times(fitted) for part in plus), *(part.times(-fitted) for part in minus)]
    design = spread(parts, codes)
    if not design.variance > 0:
        raise HarnessError("neither judge nor people tell the rows apart, so their spread cannot be told; check more")
    seen = student(new - old, left.num_rows, design, method="paired PPI++, t", limits=(-1.0, 1.0))
    unseen = Nearer(one=_judge_errors(sides, codes, seen.value, design.variance), other=_labels_alone(sides, codes))
    return replace(seen, interval=Wider(one=seen.interval, other=unseen))


def _judge_errors(sides: Sequence[Checked], codes: Mapping[str, Codes], value: float, variance: float) -> Mover:
    """Return bounds of a PPI++ value that count errors of the judge which no label has shown yet."""
    shares, looked = _shares_of_labels(sides)
    errors = [share * (side.human - side.score) for share, side in zip(shares, sides, strict=True)]
    most = float(np.abs(shares).sum(axis=0).max())
    rises, falls = moves_each_way(np.sum(errors, axis=0), looked, most, codes)
    return Mover(value=value, rises=rises, falls=falls, variance=variance, low=1.0 - len(sides), high=1.0)


def _labels_alone(sides: Sequence[Checked], codes: Mapping[str, Codes]) -> Mover:
    """Return bounds of the difference of what people said: one row moves it half as far as two judgements' errors."""
    shares, looked = _shares_of_labels(sides)
    values = np.sum([share * side.human for share, side in zip(shares, sides, strict=True)], axis=0)
    value, part = mean_part(values, looked)
    rises, falls = moves_each_way(values, looked, float(np.abs(shares).max()), codes)
    return Mover(value=value, rises=rises, falls=falls, variance=spread([part], codes).variance, low=-1.0, high=1.0)


def _shares_of_labels(sides: Sequence[Checked]) -> tuple[list[Numbers], Numbers]:
    """Return what each label counts in the mean, and which rows count.

    Sides may have labels on different rows.
    """
    looked: Numbers = np.max([side.looked for side in sides], axis=0)
    total = looked.sum()
    return [sign * total * side.looked / side.looked.sum() for sign, side in zip((1, -1), sides, strict=False)], looked


def weigh_judge(rows: Checked) -> float:
    """Return the weight of the judge, 0 to 1, that leaves the least variance; 0 where every row was checked."""
    human, judge = rows.human[rows.looked == 1], rows.score[rows.looked == 1]
    unchecked = len(rows.score) - len(human)
    spread_of_judge = float(np.var(rows.score, ddof=1)) * (1 + len(human) / unchecked) if unchecked else 0.0
    shared = float(np.cov(human, judge, ddof=0)[0, 1])
    return min(max(shared / spread_of_judge, 0.0), 1.0) if spread_of_judge > 0 else 0.0


def ppi(rows: Checked, weight: float | None = None) -> tuple[float, list[Influence]]:
    """Return the PPI++ mean and what each row moves it by; `weight` of the judge is chosen between 0 and 1."""
    if rows.looked.all():
        value, part = mean_part(rows.human, rows.looked)
        return value, [part]
    weight = weigh_judge(rows) if weight is None else weight
    error, checked = mean_part(rows.human - weight * rows.score, rows.looked)
    judged, others = mean_part(weight * rows.score, 1 - rows.looked)
    return error + judged, [checked, others]


def _read_judgements(rows: pa.Table) -> Checked:
    if "weight" in rows.column_names:
        raise HarnessError("statistic 'judge_correction' cannot take weights; found column 'weight'; leave it out")
    score = columns.numbers(rows, "score")
    looked = ~pc.is_null(rows["y"], nan_is_null=True).to_numpy()
    human = np.zeros(len(score))
    if looked.sum() < FEWEST:
        raise HarnessError(
            f"statistic 'judge_correction' needs {FEWEST} rows or more with 'y' by a person; found "
            f"{int(looked.sum())} of {len(score)}; check more, chosen at random"
        )
    human[looked] = columns.numbers(rows.filter(pa.array(looked)), "y")
    for name, values in (("score", score), ("y", human)):
        if values.min() < 0 or values.max() > 1:
            raise HarnessError(f"column {name!r} must lie between 0 and 1; found {values.min():g} to {values.max():g}")
    return Checked(score=score, human=human, looked=looked.astype(np.float64))
