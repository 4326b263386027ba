"""Tells whether the rows at hand say enough of their spread to plan from, and how many would."""

import math
from dataclasses import replace

from harness.stats.binomial import Binomial
from harness.stats.discordant import Discordant
from harness.stats.gaffke import Gaffke
from harness.stats.inference import Inference, Worst
from harness.stats.intervals import Interval
from harness.stats.mover import Mover
from harness.stats.one_unseen import OneUnseen
from harness.stats.searched import Grouped, Mapped, Nearer, Wider
from harness.stats.student import Student

TAIL = 0.25  # of the root of the number of rows: more than that, as the squared skew of a row, hides a longer tail
TELLS_TAIL = 250  # rows, of which the skew of exponential values is told apart from a longer tail's
FEWEST = 20  # rows of the rarer class, or rows that count, or rows' worth of value
MOST_DOUBT = 1.5  # times the plan, that as many more changed rows as a pilot may hide may make it
MISRANKED = 4  # below, an AUC or an average precision counts each positive once, as no more of them would
PILOTS = (2, 3, 4, 6, 8, 12, 16, 32, 64)  # times the rows at hand


def pilot_needed(inference: Inference, distance: float, *, alpha: float = 0.05, beta: float = 0.05) -> int | None:
    """Return how many rows, at least, would tell the spread that a plan for a distance needs; None where these do.

    They do not where they are too few to decide a must, nor where the estimate is as skewed as a few of the furthest
    rows make it: of a long tail, more than was seen is to come. Nor where so few rows differ that as many more as may
    be hidden would make the plan half as large again, or fewer than 20 are of the rarer class, or fewer than 4 of these
    misranked.
    """
    interval = inference.interval
    if not inference.proves:
        return inference.least
    if isinstance(interval, Worst):
        return _pilot_of_groups(inference, interval.parts, distance, alpha, beta)
    units = count_units(interval)
    if 0 < units < FEWEST:
        return math.ceil(inference.n * FEWEST / units - 1e-6)
    if isinstance(interval, Wider | Nearer):
        either = [replace(inference, interval=each) for each in (interval.one, interval.other)]
        pilots = [pilot_needed(each, distance, alpha=alpha, beta=beta) for each in either]
        needed = [each for each in pilots if each is not None]
        if isinstance(interval, Nearer):
            return min(needed) if len(needed) == len(pilots) else None
        return max(needed, default=None)
    if isinstance(interval, OneUnseen):
        return _pilot_of_tail(interval.seen, inference.n)
    if isinstance(interval, Student):
        return _pilot_of_tail(interval, inference.n)
    if isinstance(interval, Binomial):
        return _pilot_of_rank(interval, inference.n)
    if isinstance(interval, Gaffke) and inference.clusters is None and interval.is_uneven:
        return None if interval.worth >= FEWEST else math.ceil(inference.n * FEWEST / interval.worth)
    if isinstance(interval, Discordant) and distance:
        return _pilot_of_changes(interval, inference.n, distance, alpha, beta)
    return None


def may_hide_tail(inference: Inference) -> bool:
    """Tell whether so few values without limits are at hand that a long tail may not show, whatever their skew."""
    interval = inference.interval
    interval = interval.one if isinstance(interval, Nearer) else interval
    if not (isinstance(interval, Wider) and isinstance(interval.other, Gaffke)):
        return False
    return isinstance(interval.one, Student) and interval.one.groups < TELLS_TAIL


def count_units(interval: Interval) -> float:
    """Return how many rows carry a rank or a decision: those of the rarer class, or positive or alerted; else 0."""
    if isinstance(interval, Grouped):
        return interval.least
    if isinstance(interval, OneUnseen):
        return interval.seen.groups
    if isinstance(interval, Wider) and interval.units is not None:
        return interval.units
    if isinstance(interval, Wider) and isinstance(interval.other, Mover):
        carried = interval.one
        return carried.least if isinstance(carried, Binomial) else _groups(carried)
    inner = interval.inner if isinstance(interval, Mapped) else None
    if isinstance(inner, Grouped):
        return inner.least
    return inner.least or inner.n if isinstance(inner, Binomial) else 0.0


def _pilot_of_groups(
    whole: Inference, parts: tuple[Inference, ...], distance: float, alpha: float, beta: float
) -> int | None:
    """Return how many rows in all would tell the spread of each of several groups."""
    pilots = [(each, pilot_needed(each, distance, alpha=alpha, beta=beta)) for each in parts]
    return max((math.ceil(rows * whole.n / each.n) for each, rows in pilots if rows is not None), default=None)


def _groups(interval: Interval) -> float:
    return interval.groups if isinstance(interval, Student) else 0.0


def _pilot_of_tail(interval: Student, n: int) -> int | None:
    """Return how many rows it takes until their tail is one that so many show."""
    square = interval.skew**2 * interval.groups
    if square <= TAIL * math.sqrt(interval.groups):
        return None
    return math.ceil(n / interval.groups * (square / TAIL) ** 2)


def _pilot_of_rank(interval: Binomial, n: int) -> int | None:
    """Return how many rows it takes until positives are more than what bounds of a rank count of a few misranked."""
    misranked = interval.least * min(interval.share, 1 - interval.share)
    is_counted = interval.df is None or interval.unseen or interval.n > interval.least * (1 + 1e-9)
    return None if is_counted or misranked >= MISRANKED else math.ceil(n * MISRANKED / max(misranked, 1.0))


def _pilot_of_changes(interval: Discordant, n: int, distance: float, alpha: float, beta: float) -> int | None:
    """Return how many rows would show enough changed ones, if they change as often as those seen."""

    def is_enough(times: int) -> bool:
        more = interval.times(times)
        least, most = (each.rows_needed(distance, alpha, beta) for each in (more, more.with_hidden()))
        return most <= MOST_DOUBT * least

    if is_enough(1):
        return None
    return n * next((times for times in PILOTS if is_enough(times)), PILOTS[-1])
