"""Counts of numbers in bins that are the same however the rows were divided, so that counts merge.

A number's key orders as the number does; a bin is a key without its last `shift` bits. `shift` is the least at which
there are at most `MOST` bins: no part needs a greater one than the whole, so merging parts ends where one pass ends.
Few distinct values give shift 0: each value has a bin of its own and the counts are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 16_384
SOME = 8
Keys = NDArray[np.int64]
Numbers = NDArray[np.float64]
SIGN = np.int64(2**63 - 1)


def keys_of(numbers: Numbers) -> Keys:
    """Return integers that order as finite numbers do; -0.0 is 0.0."""
    bits: Keys = (numbers + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & SIGN)


def keys_of_sorted(numbers: Numbers) -> Keys:
    """Turn sorted finite numbers into their keys, in place."""
    first, after = np.searchsorted(numbers, 0.0), np.searchsorted(numbers, 0.0, "right")
    keys: Keys = numbers.view(np.int64)
    keys[:first] ^= SIGN
    keys[first:after] = 0
    return keys


def numbers_of(keys: Keys) -> Numbers:
    """Return the numbers that have these keys."""
    bits: Keys = keys ^ ((keys >> 63) & SIGN)
    return bits.view(np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bins:
    """How many values fell into each occupied bin, and the least and greatest key seen in it, in order.

    Where both are the same, the bin holds a single value, however wide it is.
    """

    shift: int
    bin: Keys
    count: Keys
    low: Keys
    high: Keys

    @property
    def total(self) -> int:
        """Return the number of values."""
        return int(self.count.sum())

    @property
    def single(self) -> NDArray[np.bool_]:
        """Tell for each bin whether it holds one value only."""
        alone: NDArray[np.bool_] = self.low == self.high
        return alone

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same counts in the same bins."""
        if not isinstance(other, Bins) or self.shift != other.shift:
            return False
        pairs = zip(_columns(self), _columns(other), strict=True)
        return all(np.array_equal(one, another) for one, another in pairs)

    def __hash__(self) -> int:
        """Return a hash of the counts."""
        return hash((self.shift, self.bin.tobytes(), self.count.tobytes()))

    def coarsen(self, shift: int) -> "Bins":
        """Return the same counts in bins as wide as `shift`, or wider ones if they already are."""
        if shift <= self.shift or not self.bin.size:
            return self
        return _group_by_code(shift, self.bin >> (shift - self.shift), self.count, self.low, self.high)

    def limit_bins(self, most: int = MOST) -> "Bins":
        """Return the same counts in at most so many bins, as narrow as can be."""
        return self.coarsen(self.shift + _surplus(self.bin, most))


EMPTY = Bins(shift=0, **{name: np.zeros(0, np.int64) for name in ("bin", "count", "low", "high")})


def bin_keys(keys: Keys, shift: int = 0) -> Bins:
    """Return the counts of sorted keys, in bins no narrower than `shift`."""
    if not keys.size:
        return EMPTY
    if not shift and keys.size > SOME * MOST:  # some keys need no wider bins than all, and tell sooner
        shift = bin_keys(keys[::SOME]).shift
    differences = (keys[1:] ^ keys[:-1]).view(np.uint64)
    last = np.flatnonzero(differences >= 1 << shift)
    if last.size >= MOST:
        apart = differences[last]
        shift = _wide(apart, MOST)
        last = last[apart >= 1 << shift]
    starts, ends = np.append(0, last + 1), np.append(last, keys.size - 1)
    low, count = keys[starts], ends - starts + 1
    if not shift:
        return from_counts(low, count)
    return Bins(shift=shift, bin=low >> shift, count=count, low=low, high=keys[ends]).limit_bins()


def from_counts(keys: Keys, counts: Keys) -> Bins:
    """Return the counts of sorted, distinct keys that were counted before."""
    return Bins(shift=0, bin=keys, count=counts, low=keys, high=keys).limit_bins()


def merge(parts: Sequence[Bins]) -> Bins:
    """Return the counts of all parts together."""
    filled = [part for part in parts if part.bin.size]
    if len(filled) < 2:
        return filled[0] if filled else EMPTY
    shift = max(part.shift for part in filled)
    columns = [np.concatenate(each) for each in zip(*(_columns(part.coarsen(shift)) for part in filled), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return _group_by_code(shift, *(column[order] for column in columns)).limit_bins()


def _columns(bins: Bins) -> tuple[Keys, Keys, Keys, Keys]:
    return bins.bin, bins.count, bins.low, bins.high


def _group_by_code(shift: int, codes: Keys, count: Keys, low: Keys, high: Keys) -> Bins:
    """Return bins of which neighbours with the same code are one."""
    starts = _starts(codes)
    return Bins(
        shift=shift,
        bin=codes[starts],
        count=np.add.reduceat(count, starts),
        low=np.minimum.reduceat(low, starts),
        high=np.maximum.reduceat(high, starts),
    )


def _starts(codes: Keys) -> Keys:
    return np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])


def _surplus(codes: Keys, most: int) -> int:
    """Return by how many bits to widen bins so that at most `most` remain: neighbours join above their difference."""
    if codes.size <= most:
        return 0
    return _wide((codes[1:] ^ codes[:-1]).view(np.uint64), most)


def _wide(differences: NDArray[np.uint64], most: int) -> int:
    """Return the bits above which fewer than so many neighbours differ: np.partition is slow on some processors."""
    rounded = (differences & ~(differences >> np.uint64(1))).astype(np.float64)  # never up to the next power of two
    lengths = np.maximum((rounded.view(np.int64) >> 52) - 1022, 0)
    return int(np.flatnonzero(np.cumsum(np.bincount(lengths)[::-1])[::-1] >= most)[-1])
