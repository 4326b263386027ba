"""The mean of the shares of positives and of negatives that were decided right."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import mean_part, spread
from harness.stats.discordant import Discordant, Moved
from harness.stats.effective import share_bounds
from harness.stats.groups import infer_gap
from harness.stats.inference import Inference
from harness.stats.searched import Grouped, Mapped
from harness.values.samples import Sample

HALVES = (0.5, 0.5)


def infer(sample: Sample) -> Inference:
    """Return the balanced accuracy, 0 to 1, of rows with `y` 0 or 1 and `score` the decision, 0 or 1.

    It is (1 + TPR - FPR)/2, and the gap of both rates has the bounds of `gap`: square-and-add (Newcombe 1998) on exact
    bounds of each.
    """
    y, decision, rows = _read_decisions(columns.table(sample))
    others = [name for name in rows.column_names if name not in ("y", "score", "reference")]
    both = rows.select(others).append_column("y", pa.array(decision)).append_column("reference", pa.array(1 - y))
    gap, positives = infer_gap(Sample(statistic="gap", rows=both)), float(y.sum())
    inner = Grouped(at=gap.interval.bounds, least=min(positives, len(y) - positives))
    return Inference(
        value=(1 + gap.value) / 2,
        n=gap.n,
        n_eff=gap.n_eff,
        method="Newcombe, halved",
        interval=Mapped(inner=inner, forth=lambda value: (1 + value) / 2, back=lambda value: 2 * value - 1),
        clusters=gap.clusters,
        notes=gap.notes,
    )


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's balanced accuracy less the baseline's on the same ids and labels, -1 to 1.

    Square-and-add on exact bounds of what is gained and lost among positives and among negatives, as of `f1`.
    """
    left, right = columns.pair_rows(candidate, baseline)
    columns.refuse_other("y", columns.outcomes(left), columns.outcomes(right))
    (y, new, rows), (_, old, _) = _read_decisions(left), _read_decisions(right)
    weight, codes = columns.weights(rows), columns.clusters(rows)
    moved = np.where(y == 1, new - old, old - new)
    gained, lost = (_moved_rows(moved == sign, y, weight, codes) for sign in (1, -1))
    interval = Discordant(gained=gained, lost=lost)
    parts = [mean_part(moved, weight * (y == label))[1] for label in (1, 0)]
    design = spread(parts, codes)
    return Inference(
        value=interval.value,
        n=rows.num_rows,
        n_eff=rows.num_rows * (design.independent / design.variance if design.variance > 0 else 1.0),
        method="paired balanced accuracy, MOVER",
        interval=interval,
        clusters=design.clusters,
        notes=design.notes,
    )


def _moved_rows(moved: Numbers, y: Numbers, weight: Numbers, codes: Mapping[str, Codes]) -> Moved:
    """Return the shares of the positives and of the negatives that moved."""
    shares = []
    for label in (1, 0):
        own = y == label
        shares.append(share_bounds(moved[own] * 1.0, weight[own], {name: each[own] for name, each in codes.items()}))
    return Moved(shares=tuple(shares), weights=HALVES)


def _read_decisions(rows: pa.Table) -> tuple[Numbers, Numbers, pa.Table]:
    """Return labels and decisions, both of 0 and 1; refuse labels of one class, of which there is no balance."""
    y, decision = columns.outcomes(rows), columns.numbers(rows, "score")
    other = decision[(decision != 0) & (decision != 1)]
    if other.size:
        raise HarnessError(f"balanced accuracy takes decisions of 0 and 1 as 'score'; found {other[0]:g}")
    if y.min() == y.max():
        found = "positives" if y[0] else "negatives"
        raise HarnessError(f"balanced accuracy needs both classes; found {len(y)} {found} alone; widen the rows")
    return y, decision, rows
