"""Distances of two distributions from their bins, each with how far the bins may hide it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness import Bins, ColumnProfile

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Distance:
    """A distance; the values' own lies no further than `within` from it."""

    value: float
    within: float


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side's counts, least and greatest keys, bin by bin of the bins that either side occupies.

    `frequent` counts each value of `Pair.frequent`; 0 where it is as rare as others.
    """

    count: Codes
    low: Codes
    high: Codes
    frequent: Codes

    @cached_property
    def total(self) -> int:
        """Return the number of values."""
        return int(self.count.sum())

    @cached_property
    def ends(self) -> Numbers:
        """Return the share of values up to the end of each bin."""
        share: Numbers = np.cumsum(self.count) / self.total
        return share

    @cached_property
    def starts(self) -> Numbers:
        """Return the share of values before each bin."""
        share: Numbers = (np.cumsum(self.count) - self.count) / self.total
        return share


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Reference and current in the same bins, in order; `frequent` is in which bin each frequent value of either is."""

    reference: Side
    current: Side
    frequent: Codes

    def hidden(self) -> Flags:
        """Tell in which bins the order of both sides' values is unknown, or the distance not at the bin's end."""
        one, other = self.reference, self.current
        both = (one.count > 0) & (other.count > 0)
        same: Flags = (one.low == one.high) & (other.low == other.high) & (one.low == other.low)
        return both & ~same


def common_bins(reference: ColumnProfile, current: ColumnProfile) -> Pair:
    """Return both profiles of a column in common bins."""
    shift = max(reference.bins.shift, current.bins.shift)
    sides = [column.bins.coarsen(shift) for column in (reference, current)]
    both = np.sort(np.concatenate([sides[0].bin, sides[1].bin]), kind="stable")
    codes = both[np.concatenate([[True], both[1:] != both[:-1]])] if both.size else both
    known = reference.frequent, current.frequent
    keys = np.array(sorted({*known[0], *known[1]}), np.int64)
    one, other = (_side(bins, codes, keys, counts) for bins, counts in zip(sides, known, strict=True))
    return Pair(reference=one, current=other, frequent=np.searchsorted(codes, keys >> shift))


def _side(bins: Bins, codes: Codes, keys: Codes, known: Mapping[int, int]) -> Side:
    frequent = np.array([known.get(key, 0) for key in keys.tolist()], np.int64)
    at = np.searchsorted(codes, bins.bin)
    count, low, high = np.zeros(codes.size, np.int64), np.full(codes.size, MOST), np.full(codes.size, LEAST)
    count[at], low[at], high[at] = bins.count, bins.low, bins.high
    return Side(count=count, low=low, high=high, frequent=frequent)


def kolmogorov_smirnov(pair: Pair) -> tuple[Distance, int]:
    """Return the greatest distance of the distribution functions, and at the end of which bin it is seen."""
    one, other = pair.reference, pair.current
    seen = np.abs(one.ends - other.ends)
    most, place = float(seen.max()), int(seen.argmax())
    hidden, (least, least_other) = pair.hidden(), (_least_shares(side, pair.frequent) for side in (one, other))
    rest, rest_other = (_rest_shares(side, pair.frequent) for side in (one, other))
    furthest = np.maximum(least + rest - least_other, least_other + rest_other - least)
    within = max(float(furthest[np.concatenate([hidden, hidden[pair.frequent]])].max(initial=0.0)) - most, 0.0)
    return Distance(value=most, within=within), place if most else (seen.size - 1) // 2


def _least_shares(side: Side, frequent: Codes) -> Numbers:
    """Return the least share of values up to the start of each bin, then up to each frequent value."""
    known = np.cumsum(side.frequent)
    first = np.searchsorted(frequent, frequent)
    inside = known - (known - side.frequent)[first]
    return np.concatenate([side.starts, side.starts[frequent] + inside / side.total])


def _rest_shares(side: Side, frequent: Codes) -> Numbers:
    """Return the share of values whose place in its bin is unknown, for each bin and then each frequent value."""
    rest = (side.count - np.bincount(frequent, side.frequent, side.count.size)) / side.total
    return np.concatenate([rest, rest[frequent]])


def wasserstein(pair: Pair, column: ColumnProfile) -> Distance:
    """Return the area between the distribution functions: exact between bins, within them by the trapezoid rule."""
    one, other = pair.reference, pair.current
    low, high = column.values(np.minimum(one.low, other.low)), column.values(np.maximum(one.high, other.high))
    gap = np.abs(one.ends - other.ends)
    between = float((gap[:-1] * (low[1:] - high[:-1])).sum())
    width = high - low
    inside = float((width * (np.abs(one.starts - other.starts) + gap)).sum()) / 2
    moved = (one.count / one.total + other.count / other.total) / 2
    return Distance(value=between + inside, within=float((width * moved).sum()))


def quantile_bins(pair: Pair, bins: int) -> tuple[Codes, Codes]:
    """Return both sides' counts between the quantiles of the reference."""
    one, other = pair.reference, pair.current
    starts = between_quantiles(one.count, bins)
    counts = [np.add.reduceat(side.count, starts) for side in (one, other)]
    return counts[0], counts[1]


def between_quantiles(counts: Codes, bins: int) -> Codes:
    """Return where to start so many bins of equal counts; a value that spans two of them stands alone."""
    ends, last = np.cumsum(counts) / counts.sum(), counts.size - 1
    levels = np.arange(1, bins) / bins
    cuts, times = np.unique(np.minimum(np.searchsorted(ends, levels - 1e-12), last), return_counts=True)
    both = np.unique(np.concatenate([cuts, cuts[times > 1] - 1]))
    starts: Codes = np.concatenate([[0], both[(both >= 0) & (both < last)] + 1])
    return starts
