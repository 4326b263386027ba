"""Distances of text columns: of their categories, or of the lengths where nearly each text is its own category."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from harness import HarnessError, Measurement
from harness_drift import numbers
from harness_drift.moved import Counts, Moved

MOST_BINS = 30
Categories = Mapping[str, int]


def of(moved: Moved) -> Iterator[Measurement]:
    """Yield the distances of a text column."""
    reference, current = moved.reference.categories, moved.current.categories
    if reference is not None and current is not None:
        yield from _of_categories(moved, reference, current)
    elif reference is None and current is None:
        yield from numbers.of(replace(moved, labels={**moved.labels, "of": "length"}))
    else:
        side = "reference" if reference is None else "current"
        raise HarnessError(
            f"column {moved.current.name!r} has more than 50,000 different texts in the {side} table alone, so its "
            f"categories cannot be compared; name other `columns`"
        )


def _of_categories(moved: Moved, reference: Categories, current: Categories) -> Iterator[Measurement]:
    one, other = binned(reference, current)
    yield moved.of_bins("psi", one, other)
    yield moved.of_bins("js", one, other)
    yield moved.point("total_variation", total_variation(reference, current))
    yield moved.point("chi_square", chi_square(one, other), bins=str(len(one)))
    new = {name: count for name, count in current.items() if name not in reference}
    shown = ", ".join(sorted(new, key=lambda name: (-new[name], name))[:5])
    counts = {"k": sum(new.values()), "n": moved.current.present}
    yield moved.of_rates("new_categories", "proportion", counts, **({"new": shown} if new else {}))


def binned(reference: Categories, current: Categories) -> tuple[Counts, Counts]:
    """Return both sides' counts of the reference's 30 most frequent categories, and of all others as one."""
    named = sorted(reference, key=lambda name: (-reference[name], name))[:MOST_BINS]
    one, other = (_counts(side, named) for side in (reference, current))
    return (one, other) if one[-1] or other[-1] else (one[:-1], other[:-1])


def _counts(side: Categories, named: list[str]) -> list[int]:
    found = [side.get(name, 0) for name in named]
    return [*found, sum(side.values()) - sum(found)]


def total_variation(reference: Categories, current: Categories) -> float:
    """Return half the summed distance of the shares of all categories."""
    n, m = sum(reference.values()), sum(current.values())
    return sum(abs(reference.get(name, 0) / n - current.get(name, 0) / m) for name in {*reference, *current}) / 2


def chi_square(reference: Counts, current: Counts) -> float:
    """Return Pearson's chi-square of the two-row table; it grows with the rows, so nothing is decided on it."""
    n, m = sum(reference), sum(current)
    pairs = zip(reference, current, strict=True)
    return sum((one * m - other * n) ** 2 / (n * m * (one + other)) for one, other in pairs if one + other)
