"""The harmonic mean of precision and recall of decisions."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import DesignVariance, Influence, has_shared_cluster, mean_part, spread
from harness.stats.discordant import Discordant, Moved
from harness.stats.effective import korn_graubard, share_bounds
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.searched import Mapped
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return F1 of rows with `y` 0 or 1 and `score` the decision, 0 or 1.

    F1 = 2J/(1 + J) rises with J = TP/(TP + FP + FN) (Dice 1945, Jaccard 1912), a plain share of the rows that are
    positive or alerted: bounds of J are Clopper-Pearson 1934, exact; in clusters or weighted Korn-Graubard 1998.
    True negatives count in `n` and say nothing.
    """
    rows = columns.table(sample)
    y, decision = _read_decisions(rows)
    either = (y + decision) > 0
    heard = rows.filter(pa.array(either))
    hits, codes = (y * decision)[either], columns.clusters(heard)
    if "weight" not in rows.column_names and not has_shared_cluster(codes):
        seen = int(hits.sum())
        return _infer_from_share(seen / len(hits), len(y), len(hits), Binomial(k=seen, n=len(hits)), None)
    share, part = mean_part(hits, columns.weights(heard))
    known = korn_graubard(share, len(hits), spread([part], codes), most=len(hits), unseen=True)
    found = _infer_from_share(share, len(y), known.n_eff, known.interval, known.clusters)
    return replace(found, notes=known.notes)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's F1 less the baseline's on the same ids and labels.

    Of rows that are positive or alerted by either, it is the mean of 2 - F for each hit gained and F for each false
    alarm less (minus for one lost, or more), over the mean of y + score, F and that mean being those of both sides'
    average. Square-and-add on exact bounds of these four shares (Zou, Donner 2008), in clusters those of `proportion`;
    the noise of the means is added as it is linearised (Deville 1999).
    """
    left, right = columns.pair_rows(candidate, baseline)
    columns.refuse_other("y", columns.outcomes(left), columns.outcomes(right))
    pairs = [_read_decisions(rows) for rows in (left, right)]
    heard = pa.array(sum(y + decision for y, decision in pairs) > 0)
    design, interval = _compare(left.filter(heard), right.filter(heard))
    return Inference(
        value=interval.value,
        n=left.num_rows,
        n_eff=left.num_rows * (design.independent / design.variance if design.variance > 0 else 1.0),
        method="paired F1, MOVER",
        interval=interval,
        clusters=design.clusters,
        notes=design.notes,
    )


def _compare(left: pa.Table, right: pa.Table) -> tuple[DesignVariance, Discordant]:
    weight, codes = columns.weights(left), columns.clusters(left)
    (value, new), (other, old) = _linear(left, weight), _linear(right, weight)
    (y, decision), before = _read_decisions(left), columns.numbers(right, "score")
    middle, moved = (value + other) / 2, np.where(y == 1, decision - before, before - decision)
    scale = float(weight.sum() / (weight @ (y + (decision + before) / 2)))
    part = Influence(values=new.values - old.values, leverage=(new.leverage + old.leverage) / 2)
    design = spread([part], codes)
    jumps = mean_part(scale * np.where(y == 1, 2 - middle, middle) * moved, weight)[1]
    gained, lost = (_moved_rows(moved == sign, y, middle, weight, codes) for sign in (1, -1))
    rest = max(0.0, design.variance - spread([jumps], codes).variance)
    return design, Discordant(gained=gained, lost=lost, scale=scale, rest=rest)


def _moved_rows(moved: NDArray[np.bool_], y: Numbers, f1: float, weight: Numbers, codes: Mapping[str, Codes]) -> Moved:
    """Return the rows that were gained or lost: hits, and false alarms."""
    kinds = [(moved & (y == label)) * 1.0 for label in (1, 0)]
    return Moved(shares=tuple(share_bounds(kind, weight, codes) for kind in kinds), weights=(2 - f1, f1))


def _linear(rows: pa.Table, weight: Numbers) -> tuple[float, Influence]:
    y, decision = _read_decisions(rows)
    total = weight * (y + decision)
    value = float(2 * (weight @ (y * decision)) / total.sum())
    return value, Influence(
        values=(2 * weight * y * decision - value * total) / total.sum(), leverage=total / total.sum()
    )


def _read_decisions(rows: pa.Table) -> tuple[Numbers, Numbers]:
    y, decision = columns.outcomes(rows), columns.numbers(rows, "score")
    other = decision[(decision != 0) & (decision != 1)]
    if other.size:
        raise HarnessError(f"an F1 needs decisions 0 or 1 in 'score'; found {other[0]:g}; decide at a threshold first")
    if not y.any():
        raise HarnessError(f"an F1 needs a positive; found none in {len(y)} rows; widen the window")
    return y, decision


def _infer_from_share(share: float, n: int, n_eff: float, inner: Interval, clusters: int | None) -> Inference:
    interval = Mapped(inner=inner, forth=_f1_of, back=_share_of)
    method = "Clopper-Pearson (Jaccard)" if clusters is None and n_eff == round(n_eff) else "Korn-Graubard (Jaccard)"
    return Inference(value=_f1_of(share), n=n, n_eff=n_eff, method=method, interval=interval, clusters=clusters)


def _f1_of(share: float) -> float:
    return 2 * share / (1 + share)


def _share_of(f1: float) -> float:
    within = min(max(f1, -1.0), 1.5)
    return within / (2 - within)
