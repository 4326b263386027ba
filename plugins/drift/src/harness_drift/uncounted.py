"""How far a distance may lie from the true one where categories may be more frequent than they were counted."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product

from harness_drift.column_pair import Counts

Share = tuple[float, float]
Side = tuple[Counts, int]
SMOOTHED: Mapping[str, float] = {"psi": 0.5, "js": 0.0}


def max_error(metric: str, reference: Side, current: Side) -> float:
    """Return how far PSI or Jensen-Shannon may be off: each side is counts, the rest last, and what each may lack."""
    term = TERMS[metric]
    ranges = list(zip(_ranges(reference, SMOOTHED[metric]), _ranges(current, SMOOTHED[metric]), strict=True))
    exact = zip(*(_ranges((side[0], 0), SMOOTHED[metric]) for side in (reference, current)), strict=True)
    seen = sum(term(one[0], other[0]) for one, other in exact)
    least, most = (sum(ends) for ends in zip(*(_ends(term, *pair) for pair in ranges), strict=True))
    scale = _distance if metric == "js" else float
    return max(scale(most) - scale(seen), scale(seen) - scale(least), 0.0)


def _ranges(side: Side, smoothing: float) -> Iterator[Share]:
    """Yield the least and the greatest share of each category, and of the rest."""
    counts, lacks = side
    total = sum(counts) + smoothing * len(counts)
    *named, rest = counts
    lost = min(lacks * len(named), rest)
    for count in named:
        yield (count + smoothing) / total, (count + min(lacks, rest) + smoothing) / total
    yield (rest - lost + smoothing) / total, (rest + smoothing) / total


def _ends(term: Callable[[float, float], float], one: Share, other: Share) -> Share:
    """Return the least and the greatest value of a convex term that is 0 where both shares are equal."""
    corners = [term(*pair) for pair in product(one, other)]
    overlap = max(one[0], other[0]) <= min(one[1], other[1])
    return (0.0 if overlap else min(corners)), max(corners)


def _psi(one: float, other: float) -> float:
    return (one - other) * math.log(one / other)


def _divergence(one: float, other: float) -> float:
    return sum(share * math.log2(2 * share / (one + other)) for share in (one, other) if share) / 2


def _distance(divergence: float) -> float:
    return math.sqrt(max(divergence, 0.0))


TERMS: Mapping[str, Callable[[float, float], float]] = {"psi": _psi, "js": _divergence}
