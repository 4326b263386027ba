"""Compares the rate of one group with that of a fixed reference group: four-fifths rules, fairness gaps."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa

from harness import samples
from harness.errors import HarnessError
from harness.stats import columns, proportion
from harness.stats.columns import Numbers
from harness.stats.design_variance import Influence, correlate, has_shared_cluster, mean_part
from harness.stats.inference import Inference
from harness.stats.searched import Grouped, Searched
from harness.values.samples import Sample

Bounds = tuple[float, float]
Combined = Callable[[float, Bounds, float, Bounds, float], Bounds]
COUNTS = ("k", "n", "k_ref", "n_ref")


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The rates of a group and of its reference, each with bounds of its own, and how they move together.

    `together` is their correlation where clusters hold rows of both: below 0 the rates move apart, above 0 alike, of
    which one standard error is left out.
    """

    group: Inference
    reference: Inference
    together: float = 0.0

    def compare(self, value: float, combine: Combined, method: str) -> Inference:
        """Return their comparison; both one-sided bounds at alpha combine into one-sided bounds at alpha."""
        one, other = self.group, self.reference

        def bounds_at(alpha: float) -> Bounds:
            own, others = one.interval.bounds(alpha), other.interval.bounds(alpha)
            return combine(one.value, own, other.value, others, self.together)

        clusters = [side.clusters for side in (one, other) if side.clusters is not None]
        n_eff = one.n_eff + other.n_eff
        return Inference(
            value=value,
            n=one.n + other.n,
            n_eff=n_eff,
            method=method,
            interval=Searched(at=bounds_at),
            clusters=min(clusters) if clusters else None,
            notes=one.notes or other.notes,
        )


def infer_gap(sample: Sample) -> Inference:
    """Return the group's rate less the reference's, -1 to 1, of counts {k, n, k_ref, n_ref} or rows.

    Rows: `y` 0 or 1 and `reference`, 1 in the reference group. Square-and-add of Newcombe 1998 on exact bounds
    (Clopper-Pearson 1934; in clusters Korn-Graubard 1998) instead of Wilson's, which err up to 6.6 % at 5 %.
    """
    sides = _sides(sample)
    return sides.compare(sides.group.value - sides.reference.value, gap_bounds, "Newcombe")


def infer_ratio(sample: Sample) -> Inference:
    """Return the group's rate over the reference's, of counts {k, n, k_ref, n_ref} or rows as for `gap`.

    MOVER of Donner, Zou 2012 on exact bounds; Katz's log and Koopman's score err up to 8 % at 5 % on small groups. The
    reference must be named in advance: the best of several groups would look better than it is.
    """
    sides = _sides(sample)
    if not sides.reference.value > 0:
        raise HarnessError(f"a ratio needs a hit in the reference group; found 0 of {sides.reference.n}; use 'gap'")
    found = sides.compare(sides.group.value / sides.reference.value, ratio_bounds, "MOVER")
    least = min(sides.group.n, sides.reference.n)
    return replace(found, interval=Grouped(at=found.interval.bounds, least=least))


def gap_bounds(rate: float, own: Bounds, reference: float, other: Bounds, together: float = 0.0) -> Bounds:
    """Return bounds of rate - reference from one-sided bounds of each (Newcombe 1998, method 10; Zou 2008)."""
    gap = rate - reference
    lower = gap - _add_reaches(rate - own[0], other[1] - reference, together)
    return lower, gap + _add_reaches(own[1] - rate, reference - other[0], together)


def _add_reaches(one: float, other: float, together: float) -> float:
    """Return how far a difference reaches of two that reach so far and are correlated."""
    return math.sqrt(max(0.0, one**2 + other**2 - 2 * together * one * other))


def ratio_bounds(rate: float, own: Bounds, reference: float, other: Bounds, together: float = 0.0) -> Bounds:
    """Return bounds of rate / reference from one-sided bounds of each (Donner, Zou 2012); the upper may be infinite."""
    below = rate * reference - together * (rate - own[0]) * (other[1] - reference)
    above = rate * reference - together * (own[1] - rate) * (reference - other[0])
    least, most = own[0] * (2 * rate - own[0]), own[1] * (2 * rate - own[1])
    wide, narrow = other[1] * (2 * reference - other[1]), other[0] * (2 * reference - other[0])
    lower = least / (below + math.sqrt(max(below**2 - wide * least, 0.0))) if least > 0 else 0.0
    upper = (above + math.sqrt(max(above**2 - narrow * most, 0.0))) / narrow if narrow > 0 else math.inf
    return lower, upper


def _rates(rows: pa.Table) -> tuple[tuple[float, Influence], tuple[float, Influence]]:
    y, inside, weight = columns.outcomes(rows), read_reference(rows), columns.weights(rows)
    return mean_part(y, weight * (1 - inside)), mean_part(y, weight * inside)


def _sides(sample: Sample) -> Sides:
    if sample.rows is None:
        k, n, k_ref, n_ref = (sample.counts.get(name, math.nan) for name in COUNTS)
        pair, together = [samples.proportion(k=k, n=n), samples.proportion(k=k_ref, n=n_ref)], 0.0
    else:
        rows, inside = columns.table(sample), read_reference(sample.rows)
        pair = [samples.rows.proportion(rows.filter(pa.array(inside == side))) for side in (0, 1)]
        together = _correlate_rates(rows)
    return Sides(group=proportion.infer(pair[0]), reference=proportion.infer(pair[1]), together=together)


def _correlate_rates(rows: pa.Table) -> float:
    (_, own), (_, other) = _rates(rows)
    codes = columns.clusters(rows)
    return correlate(own, other, codes) if has_shared_cluster(codes) else 0.0


def read_reference(rows: pa.Table) -> Numbers:
    """Return which rows are of the reference group, 0 or 1; refuse rows of one group alone."""
    inside = columns.numbers(rows, "reference")
    if set(inside.tolist()) != {0.0, 1.0}:
        found = ", ".join(f"{value:g}" for value in sorted(set(inside.tolist()))[:4])
        raise HarnessError(f"column 'reference' must hold 1 in the reference group and 0 in the other; found {found}")
    return inside
