"""What a table's columns hold, as counts that merge: the one thing drift is computed from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.tables import bins
from harness.tables.bins import EMPTY, Bins, Keys, Numbers

MOST_CATEGORIES = 50_000
FREQUENT = 1_000  # a value is frequent where it is one of so many or more often
Kind = Literal["number", "time", "text"]
KINDS: Mapping[Kind, tuple[str, ...]] = {
    "number": (
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    ),
    "time": ("DATE", "TIMESTAMP"),
    "text": ("VARCHAR", "BOOLEAN", "ENUM", "UUID"),
}


def kind_of(sql_type: str) -> Kind | None:
    """Return how a column of a SQL type is profiled: as numbers, points in time or text; None if it is not."""
    found = [kind for kind, names in KINDS.items() if sql_type.startswith(names) and not sql_type.endswith("]")]
    return found[0] if found else None


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """The counts of one column.

    `bins` are of the finite numbers, of points in time (microseconds), or of the lengths of text. `categories` counts
    each text; of more than 50,000 different ones it holds the most frequent, each of which may occur `uncounted` times
    more than it says, and any other at most so often. NaN is missing; infinities count apart. `spikes` counts, by their
    keys, the values that are 1 of 1,000 or more and have no bin to themselves, where the rows were asked for them.
    """

    name: str
    kind: Kind
    rows: int = 0
    missing: int = 0
    below: int = 0
    above: int = 0
    bins: Bins = EMPTY
    categories: Mapping[str, int] = field(default_factory=dict)
    uncounted: int = 0
    spikes: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse spikes that are more than the values of their bin."""
        if _exceed(self.spikes, self.bins):
            raise HarnessError(
                f"column {self.name!r} has a value more often than its bin has values: rows changed while they were "
                f"counted, or the profile is damaged; profile the data anew, of a table that nobody writes to"
            )

    @property
    def present(self) -> int:
        """Return the number of values that are not missing, infinities included."""
        return self.rows - self.missing

    def values(self, keys: Keys) -> Numbers:
        """Return keys of this column's bins as numbers; points in time are seconds."""
        return keys / 1e6 if self.kind == "time" else bins.numbers_of(keys)

    @property
    def frequent_from(self) -> int:
        """Return how often a finite value must occur to be one of 1,000."""
        return -(-self.bins.total // FREQUENT)

    @property
    def frequent(self) -> Mapping[int, int]:
        """Return how often each value that is known to be 1 of 1,000 or more occurs, by its key."""
        alone = self.bins.single & (self.bins.count >= self.frequent_from)
        return {**dict(zip(self.bins.low[alone].tolist(), self.bins.count[alone].tolist(), strict=True)), **self.spikes}

    @property
    def mean(self) -> float:
        """Return the mean of the finite values, as exact as the bins are narrow."""
        return float(np.average(self._middles(), weights=self.bins.count)) if self.bins.total else float("nan")

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the finite values, as exact as the bins are narrow."""
        if not self.bins.total:
            return float("nan")
        return float(np.sqrt(np.average((self._middles() - self.mean) ** 2, weights=self.bins.count)))

    def _middles(self) -> Numbers:
        middles: Numbers = (self.values(self.bins.low) + self.values(self.bins.high)) / 2
        return middles


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The profiles of a table's columns, by name."""

    columns: Mapping[str, ColumnProfile]

    def __getitem__(self, name: str) -> ColumnProfile:
        """Return one column's profile; an unknown name is a UsageError."""
        if name not in self.columns:
            raise UsageError(f"the profile has no column {name!r}{did_you_mean(name, self.columns)}")
        return self.columns[name]

    def select(self, names: Iterable[str]) -> "Profile":
        """Return the profile of the named columns."""
        return Profile(columns={name: self[name] for name in names})


def profile_batches(batches: Iterable[pa.RecordBatch], kinds: Mapping[str, Kind]) -> Profile:
    """Return the profile of Arrow batches whose columns are doubles, microseconds (int64) or strings by their kind.

    The batches are read once, and what is kept does not grow with them.
    """
    found = Profile(columns={name: ColumnProfile(name=name, kind=kind) for name, kind in kinds.items()})
    for batch in batches:
        parts = {name: _column(batch[name], column) for name, column in found.columns.items()}
        found = merge_profiles([found, Profile(columns=parts)])
    return found


def merge_profiles(parts: Sequence[Profile]) -> Profile:
    """Return the profile of all parts together; the order and number of the parts do not matter."""
    names = {tuple(sorted(part.columns)) for part in parts}
    if len(names) != 1:
        raise HarnessError(f"profiles of one table have the same columns; found {len(names)} different lists of them")
    return Profile(columns={name: _merge_columns([part[name] for part in parts]) for name in parts[0].columns})


def _merge_columns(parts: Sequence[ColumnProfile]) -> ColumnProfile:
    first = parts[0]
    categories, uncounted = _merge_categories(parts)
    kinds = sorted({part.kind for part in parts})
    if len(kinds) > 1:
        raise HarnessError(f"column {first.name!r} is {' in one part and '.join(kinds)} in another; use one type")
    return ColumnProfile(
        name=first.name,
        kind=first.kind,
        rows=sum(part.rows for part in parts),
        missing=sum(part.missing for part in parts),
        below=sum(part.below for part in parts),
        above=sum(part.above for part in parts),
        bins=bins.merge([part.bins for part in parts]),
        categories=categories,
        uncounted=uncounted,
    )


def _merge_categories(parts: Sequence[ColumnProfile]) -> tuple[Mapping[str, int], int]:
    """Return the counts of all parts, and what they leave uncounted: that of each, and what is now cut from all."""
    total = dict(parts[0].categories)
    for part in parts[1:]:
        for name, count in part.categories.items():
            total[name] = total.get(name, 0) + count
    less = _surplus(np.fromiter(total.values(), np.int64, len(total)))
    kept = {name: count - less for name, count in total.items() if count > less} if less else total
    return kept, less + sum(part.uncounted for part in parts)


def _exceed(spikes: Mapping[int, int], bins: Bins) -> bool:
    """Tell whether the spikes of a bin are more than its values."""
    by_bin: Counter[int] = Counter()
    for key, count in spikes.items():
        by_bin[key >> bins.shift] += count
    return any(count > bins.count[bins.bin == code].sum() for code, count in by_bin.items())


def _surplus(counts: Keys) -> int:
    """Return what to cut from every count so that at most 50,000 remain (Misra, Gries 1982).

    All cuts together are at most the rows divided by 50,001, however the rows were divided (Agarwal et al. 2013).
    """
    if counts.size <= MOST_CATEGORIES:
        return 0
    return int(np.partition(counts, -MOST_CATEGORIES - 1)[-MOST_CATEGORIES - 1])


def _column(values: pa.Array, so_far: ColumnProfile) -> ColumnProfile:
    if so_far.kind == "text":
        return _texts(values, so_far.name)
    if so_far.kind == "time":
        keys = np.sort(values.drop_null().to_numpy(zero_copy_only=False))
        found = bins.bin_keys(keys, so_far.bins.shift)
        return ColumnProfile(name=so_far.name, kind="time", rows=len(values), missing=values.null_count, bins=found)
    return _numbers(values, so_far)


def _numbers(values: pa.Array, so_far: ColumnProfile) -> ColumnProfile:
    """Count sorted doubles: infinities are at the ends, what is missing is NaN and last."""
    ordered = values.to_numpy(zero_copy_only=False, writable=True)
    ordered.sort()
    first, last, known = np.searchsorted(ordered, [-np.finfo(float).max, np.inf, np.nan])
    return ColumnProfile(
        name=so_far.name,
        kind="number",
        rows=len(values),
        missing=int(len(values) - known),
        below=int(first),
        above=int(known - last),
        bins=bins.bin_keys(bins.keys_of_sorted(ordered[first:last]), so_far.bins.shift),
    )


def _count_texts(values: pa.Array) -> tuple[pa.Array, Keys]:
    """Return the different texts and how often each occurs; what is missing is no text."""
    if pa.types.is_dictionary(values.type):
        size = len(values.dictionary)
        indices = values.indices.fill_null(size).to_numpy()  # to drop what is missing costs three times as much
        counts = np.bincount(indices, minlength=size + 1)[:-1]
        seen = np.flatnonzero(counts)
        return values.dictionary.take(pa.array(seen)), counts[seen]
    found = pc.value_counts(values.drop_null())
    return found.field("values"), found.field("counts").to_numpy(zero_copy_only=False)


def _texts(values: pa.Array, name: str) -> ColumnProfile:
    texts, counts = _count_texts(values)
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    size = np.bincount(lengths, weights=counts).astype(np.int64) if len(lengths) else np.zeros(0, np.int64)
    seen = np.flatnonzero(size)
    less = _surplus(counts)
    kept = np.flatnonzero(counts > less)
    return ColumnProfile(
        name=name,
        kind="text",
        rows=len(values),
        missing=values.null_count,
        bins=bins.from_counts(bins.keys_of(seen.astype(np.float64)), size[seen]),
        categories=dict(zip(texts.take(pa.array(kept)).to_pylist(), (counts[kept] - less).tolist(), strict=True)),
        uncounted=less,
    )
