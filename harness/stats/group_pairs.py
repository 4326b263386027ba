"""Compares two candidates by how far the rate of one group lies from that of a fixed reference group."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
from scipy import special

from harness.errors import HarnessError
from harness.stats import columns, proportion
from harness.stats.columns import Codes, Numbers
from harness.stats.design_variance import Influence, correlate, has_shared_cluster, mean_part, spread
from harness.stats.groups import Bounds, Sides, gap_bounds, read_reference
from harness.stats.inference import Inference
from harness.stats.searched import Grouped
from harness.values.samples import Sample


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Rows of the same ids: what both sides found, which are of the reference group, and what each row weighs."""

    new: Numbers
    old: Numbers
    inside: Numbers
    weight: Numbers
    codes: Mapping[str, Codes]
    sides: Sides

    def rates(self, found: Numbers) -> tuple[tuple[float, Influence], tuple[float, Influence]]:
        """Return the mean of the group's rows and that of the reference's, with what each row moves it by."""
        return mean_part(found, self.weight * (1 - self.inside)), mean_part(found, self.weight * self.inside)


def difference_gap(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's gap less the baseline's on the same ids, -2 to 2.

    Square-and-add (Newcombe 1998) on the bounds of what `proportion` gained or lost in either group.
    """
    pairs = _read_pairs(candidate, baseline, "gap")
    return _compare(pairs, (1.0, 1.0), 0.0, "paired gap, MOVER")


def difference_ratio(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's ratio less the baseline's on the same ids.

    It is what the group gained over the reference's rate, less what the reference gained times the ratio over it, both
    taken at the middle of the two sides. Square-and-add as for `gap`; the noise of these factors is added as it is
    linearised (Deville 1999).
    """
    pairs = _read_pairs(candidate, baseline, "ratio")
    (rate, own), (reference, other) = pairs.rates(pairs.new)
    (before, old_own), (base, old_other) = pairs.rates(pairs.old)
    if not (reference > 0 and base > 0):
        raise HarnessError("a ratio needs a hit in the reference group; found none; use 'gap'")
    factors = (1 / reference + 1 / base) / 2, (rate + before) / (2 * reference * base)
    linear = [
        Influence(values=own.values / reference - old_own.values / base, leverage=own.leverage),
        Influence(
            values=before / base**2 * old_other.values - rate / reference**2 * other.values, leverage=other.leverage
        ),
    ]
    (_, gained), (_, lost) = pairs.rates(pairs.new - pairs.old)
    jumps = [gained.times(factors[0]), lost.times(-factors[1])]
    rest = spread(linear, pairs.codes).variance - spread(jumps, pairs.codes).variance
    return _compare(pairs, factors, max(0.0, rest), "paired ratio, MOVER")


def _compare(pairs: Pairs, factors: tuple[float, float], rest: float, method: str) -> Inference:
    """Return what the group moved, times a factor, less what the reference did, times another; rest: more variance."""
    (by, other_by), sides = factors, pairs.sides
    value = by * sides.group.value - other_by * sides.reference.value

    def combine(moved: float, own: Bounds, others_moved: float, others: Bounds, together: float) -> Bounds:
        ours, theirs = [by * bound for bound in own], [other_by * bound for bound in others]
        return gap_bounds(by * moved, (ours[0], ours[1]), other_by * others_moved, (theirs[0], theirs[1]), together)

    found = sides.compare(value, combine, method)

    def bounds_at(alpha: float) -> Bounds:
        lower, upper = found.interval.bounds(alpha)
        noise = abs(float(special.ndtri(alpha))) * math.sqrt(rest)
        return value - math.hypot(value - lower, noise), value + math.hypot(upper - value, noise)

    return replace(found, interval=Grouped(at=bounds_at, least=min(sides.group.n, sides.reference.n)))


def _read_pairs(candidate: Sample, baseline: Sample, name: str) -> Pairs:
    left, right = columns.pair_rows(candidate, baseline)
    inside = read_reference(left)
    if (inside != read_reference(right)).any():
        raise HarnessError(f"a {name} compares one reference group; found other rows in it in the baseline")
    return Pairs(
        new=columns.outcomes(left),
        old=columns.outcomes(right),
        inside=inside,
        weight=columns.weights(left),
        codes=columns.clusters(left),
        sides=_compare_groups(left, right, inside),
    )


def _compare_groups(left: pa.Table, right: pa.Table, inside: Numbers) -> Sides:
    """Return what the share of hits moved by in the group and in its reference, and how both move together."""
    moved, weight = columns.outcomes(left) - columns.outcomes(right), columns.weights(left)
    own, other = (mean_part(moved, weight * among)[1] for among in (1 - inside, inside))
    group, reference = (
        proportion.compare_rows(*(rows.filter(pa.array(inside == side)) for rows in (left, right))) for side in (0, 1)
    )
    codes = columns.clusters(left)
    together = correlate(own, other, codes) if has_shared_cluster(codes) else 0.0
    return Sides(group=group, reference=reference, together=together)
