"""Distances of numbers, of points in time and of the lengths of text."""

from collections.abc import Iterator

from harness import HarnessError, Measurement
from harness_drift import distances
from harness_drift.column_pair import Moved
from harness_drift.distances import Pair

BINS = 10


def measure(moved: Moved) -> Iterator[Measurement]:
    """Yield PSI and Jensen-Shannon over the reference's deciles, Kolmogorov-Smirnov and Wasserstein over all bins."""
    _finite(moved)
    pair = distances.common_bins(moved.reference, moved.current)
    reference, current = distances.quantile_bins(pair, BINS)
    yield moved.measure_bins("psi", reference.tolist(), current.tolist())
    yield moved.measure_bins("js", reference.tolist(), current.tolist())
    yield _kolmogorov_smirnov(moved, pair)
    yield _wasserstein(moved, pair)


def _kolmogorov_smirnov(moved: Moved, pair: Pair) -> Measurement:
    """Return the distance as two counts a side: up to the value where it is seen, and after it."""
    distance, place = distances.kolmogorov_smirnov(pair)
    sides = pair.reference, pair.current
    before = [int(side.count[: place + 1].sum()) for side in sides]
    one, other = ([count, side.total - count] for count, side in zip(before, sides, strict=True))
    return moved.measure_bins("ks", one, other, distance.within)


def _wasserstein(moved: Moved, pair: Pair) -> Measurement:
    distance = distances.wasserstein(pair, moved.current)
    unit = {"unit": "seconds"} if moved.current.kind == "time" else {}
    return moved.point("wasserstein", distance.value, within=f"{distance.within:.2g}", **unit)


def _finite(moved: Moved) -> None:
    infinite = sum(side.below + side.above for side in (moved.reference, moved.current))
    if infinite:
        raise HarnessError(
            f"column {moved.current.name!r} holds {infinite} infinite values, from which nothing has a distance; "
            f"repair them, or name other `columns`"
        )
