"""Room in a bound for clusters that nobody drew: one broken terminal in thirty is often in no sample."""

import math

from scipy import special

from harness.stats.roots import root

FEW, MANY = (
    4,
    10,
)  # clusters' worth of the rarer outcome: below, what was drawn says little of what was not; beyond, all
SQUARE = 0.7  # of the squared reach: between them no bound grows by more than 30 %, nor an interval by more than 20 %
USUAL = 0.025  # the level of a first look
MOST = 14.0  # a million times the rows, in logarithms


def add_room(reach: float, share: float, groups: float, alpha: float) -> float:
    """Return how far an upper bound of a share lies above it where a kind of cluster that was not drawn is all hits.

    The most of such clusters that equally heavy groups may miss with chance alpha (the rule of three, by Clopper,
    Pearson 1934) is squared and added (Zou, Donner 2008). Where groups * min(share, 1 - share) reaches 4, bad clusters
    would mostly have been seen and the room is limited; from 10 on there is none. Levels below 0.025 ask for more, as
    the number that may be missed grows as -log(alpha).
    """
    seen = groups * min(share, 1 - share) / max(1.0, math.log(alpha) / math.log(USUAL))
    if seen >= MANY:
        return reach
    room = (1 - share) * -math.expm1(math.log(alpha) / groups)
    if seen >= FEW:
        room = min(room, reach * math.sqrt(SQUARE * (1 - share)))
    return math.hypot(reach, room)


def rows_with_room(rows: float, per_group: float, threshold: float, truth: float, alpha: float, beta: float) -> float:
    """Return how many rows decide with that room, where `rows` decide without it."""
    share, distance = (truth if truth < threshold else 1 - truth), abs(threshold - truth)
    z, other = float(special.ndtri(alpha)), float(special.ndtri(beta))
    own = z / (z + other)

    def excess(log_rows: float) -> float:
        n = math.exp(log_rows)
        scale = distance * math.sqrt(rows / n)
        return add_room(own * scale, share, n / per_group, alpha) + (1 - own) * scale - distance

    least = math.log(rows)
    return rows if excess(least) <= 0 else math.exp(root(excess, least, least + MOST, xtol=1e-9))
