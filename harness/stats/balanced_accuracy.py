"""The mean of the shares of positives and of negatives that were decided right."""

from dataclasses import replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.columns import Numbers
from harness.stats.group_pairs import difference_gap
from harness.stats.groups import infer_gap
from harness.stats.inference import Inference
from harness.stats.searched import Grouped, Mapped
from harness.values.samples import Sample


def infer(sample: Sample) -> Inference:
    """Return the balanced accuracy, 0 to 1, of rows with `y` 0 or 1 and `score` the decision, 0 or 1.

    It is (1 + TPR - FPR)/2, and the gap of both rates has the bounds of `gap`: square-and-add (Newcombe 1998) on exact
    bounds of each.
    """
    y, decision, rows = _read_decisions(columns.table(sample))
    gap, positives = infer_gap(_as_rates(y, decision, rows)), float(y.sum())
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

    It is half of the difference of two gaps, of true and false positive rates, and has its bounds.
    """
    (y, new, rows), (labels, old, others) = (_read_decisions(rows) for rows in columns.pair_rows(candidate, baseline))
    columns.refuse_other("y", y, labels)
    gap = difference_gap(_as_rates(y, new, rows), _as_rates(y, old, others))

    def bounds_at(alpha: float) -> tuple[float, float]:
        lower, upper = gap.bounds(alpha)
        return lower / 2, upper / 2

    halved = Grouped(at=bounds_at, least=min(float(y.sum()), float((1 - y).sum())))
    return replace(gap, value=gap.value / 2, method="paired balanced accuracy, MOVER", interval=halved)


def _as_rates(y: Numbers, decision: Numbers, rows: pa.Table) -> Sample:
    """Return the decisions as the rates of two groups: positives, and negatives as their reference."""
    others = [name for name in rows.column_names if name not in ("y", "score", "reference")]
    both = rows.select(others).append_column("y", pa.array(decision)).append_column("reference", pa.array(1 - y))
    return Sample(statistic="gap", rows=both)


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
