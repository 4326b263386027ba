"""Distances of text columns: of their categories, and of the lengths where nearly each text is its own category."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from harness import ColumnProfile, Measurement, samples
from harness_drift import numbers, uncounted
from harness_drift.column_pair import Counts, Moved, failure_measurement

MOST_BINS = 30
Categories = Mapping[str, int]


def measure(moved: Moved) -> Iterator[Measurement]:
    """Yield the distances of a text column."""
    if not (moved.reference.uncounted or moved.current.uncounted):
        yield from _measure_all(moved)
        return
    yield from _measure_most_frequent(moved)
    yield from numbers.measure(replace(moved, labels={**moved.labels, "of": "length"}))


def _measure_all(moved: Moved) -> Iterator[Measurement]:
    reference, current = moved.reference.categories, moved.current.categories
    one, other = bin_categories(moved.reference, moved.current)
    yield moved.measure_bins("psi", one, other)
    yield moved.measure_bins("js", one, other)
    yield moved.point("total_variation", total_variation(reference, current))
    yield moved.point("chi_square", chi_square(one, other), bins=str(len(one)))
    new = {name: count for name, count in current.items() if name not in reference}
    shown = ", ".join(sorted(new, key=lambda name: (-new[name], name))[:5])
    share = samples.proportion(k=sum(new.values()), n=moved.current.present)
    yield moved.measure_rate("new_categories", share, **({"new": shown} if new else {}))


def _measure_most_frequent(moved: Moved) -> Iterator[Measurement]:
    """Yield the distances of the most frequent of more categories than are counted, if any stands out."""
    one, other = bin_categories(moved.reference, moved.current)
    if len(one) > 1:
        for metric in ("psi", "js"):
            off = uncounted.max_error(metric, (one, moved.reference.uncounted), (other, moved.current.uncounted))
            yield moved.measure_bins(metric, one, other, off)
    reason = (
        f"column {moved.current.name!r} has more than 50,000 different texts, so not each of them is counted; ask for "
        f"`psi` or `js` of the most frequent ones, whose intervals take in what is not, or name other `columns`"
    )
    for metric in ("total_variation", "chi_square", "new_categories"):
        yield failure_measurement(metric, reason, moved.labels)


def bin_categories(reference: ColumnProfile, current: ColumnProfile) -> tuple[Counts, Counts]:
    """Return both sides' counts of the reference's 30 most frequent categories, and of all others as one.

    A category that may be no more frequent than one that was not counted does not stand out.
    """
    found = {name: count for name, count in reference.categories.items() if count > reference.uncounted}
    named = sorted(found, key=lambda name: (-found[name], name))[:MOST_BINS]
    one, other = (_counts(side, named) for side in (reference, current))
    return (one, other) if one[-1] or other[-1] else (one[:-1], other[:-1])


def _counts(side: ColumnProfile, named: list[str]) -> list[int]:
    found = [side.categories.get(name, 0) for name in named]
    return [*found, side.present - sum(found)]


def total_variation(reference: Categories, current: Categories) -> float:
    """Return half the summed distance of the shares of all categories."""
    n, m = sum(reference.values()), sum(current.values())
    apart = (abs(reference.get(name, 0) / n - current.get(name, 0) / m) for name in {*reference, *current})
    return math.fsum(apart) / 2  # exact, as the names come in another order in every process


def chi_square(reference: Counts, current: Counts) -> float:
    """Return Pearson's chi-square of the two-row table; it grows with the rows, so nothing is decided on it."""
    n, m = sum(reference), sum(current)
    pairs = zip(reference, current, strict=True)
    return sum((one * m - other * n) ** 2 / (n * m * (one + other)) for one, other in pairs if one + other)
