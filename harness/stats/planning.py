"""How many observations it takes to decide."""

import math
from dataclasses import replace

from scipy import special

from harness.stats.binomial import Binomial
from harness.stats.discordant import Discordant
from harness.stats.gaffke import Gaffke
from harness.stats.inference import Inference, Worst
from harness.stats.intervals import Interval
from harness.stats.mover import Mover
from harness.stats.noncentral import Noncentral
from harness.stats.one_unseen import OneUnseen
from harness.stats.pilots import count_units, pilot_needed
from harness.stats.roots import root
from harness.stats.searched import DistanceBounds, Grouped, Mapped, Nearer, WideBounds, Wider
from harness.stats.share_plans import ENDLESS, units_needed
from harness.stats.student import Student
from harness.stats.tails import rows_that_show_variance
from harness.stats.unseen import rows_with_unseen
from harness.values.requirements import Better

MOST_RESERVE = 0.5  # of the distance, where a handful of rows say next to nothing of their spread
RANK_RESERVE = 2.0  # standard errors of the number of positives that a plan for a rank keeps, as its spread is theirs
PRECISION_RESERVE = 3.5  # the same of an average precision, which also depends on the few negatives ranked above them
SHARE_RESERVE = 2.0  # over how many rows of a pilot are positive or alerted: how far it misjudges how often they come
CLASS_RESERVE = 8.0  # over how many rows of a pilot are of the rarer class, as their rate is not known either
UNIT_RESERVE, UNITS = 3.0, 100  # over how many rows, or clusters, within limits a pilot has, where these are fewer
VALUE_RESERVE = 5.0  # over how many rows' worth of value a pilot missed, or caught if that is less
TAIL_RESERVE, LONGER_RESERVE = 3.0, 2.0  # of the skew of a mean towards its bound; of a row's, squared, by root of rows


def n_needed(
    inference: Inference, threshold: float, plan_for: float, *, alpha: float = 0.05, beta: float = 0.05
) -> int | None:
    """Return how many observations in all pass a truth of `plan_for` with probability 1 - beta; None if none do.

    At the design effect of `inference`, and at least what decides a must. Proportions and AUC: exact binomial search,
    with a reserve where the design effect is estimated. Means within limits: as many more of the rows seen. Others: the
    bound by t, bent for skew, with a reserve for what they say of their spread; None if too little: `pilot_needed`.
    """
    if not inference.proves or pilot_needed(inference, plan_for - threshold, alpha=alpha, beta=beta) is not None:
        return None
    needed = _rows_needed(inference, threshold, plan_for, alpha, beta)
    return needed and max(needed, inference.least or 0, _rows_for_tail(inference.interval, beta))


def _rows_needed(inference: Inference, threshold: float, plan_for: float, alpha: float, beta: float) -> int | None:
    interval = inference.interval
    if isinstance(interval, Mapped):
        inner = replace(inference, value=interval.back(inference.value), interval=interval.inner)
        least = _rows_needed(inner, interval.back(threshold), interval.back(plan_for), alpha, beta)
        units = count_units(interval)
        reserve = CLASS_RESERVE if isinstance(inner.interval, Grouped) else SHARE_RESERVE
        return math.ceil(least * (1 + reserve / units)) if least and units else least
    if isinstance(interval, Worst):
        return _rows_for_groups(inference, interval.parts, (threshold, plan_for), alpha, beta)
    if isinstance(interval, DistanceBounds) and plan_for < threshold:
        return _rows_for_distance(inference, interval, threshold, plan_for, alpha, beta)
    if isinstance(interval, Wider | Nearer):
        return _rows_for_two(inference, interval, threshold, plan_for, alpha, beta)
    if isinstance(interval, Mover | Discordant) and plan_for != threshold:
        seen = interval.with_hidden() if isinstance(interval, Discordant) else interval
        rows = inference.n * seen.rows_needed(plan_for - threshold, alpha, beta)
        return max(2, math.ceil(rows)) if rows <= ENDLESS else None
    if isinstance(interval, Gaffke):
        grown = _grown(inference, interval, threshold, plan_for, alpha, beta)
        return grown and math.ceil(grown * (1 + _reserve_for_value(inference, interval, plan_for)))
    if isinstance(interval, Noncentral):
        return _noncentral(interval, threshold, plan_for, alpha, beta)
    if isinstance(interval, Binomial):
        rows = inference.n * _times_needed(interval, (threshold, plan_for), alpha, beta)
        if rows == math.inf:
            return None
        return math.ceil(_with_unseen(interval, inference.n, rows, (threshold, plan_for), (alpha, beta)) - 1e-9)
    if isinstance(interval, Student | OneUnseen):
        needed = _student(interval, inference.n, plan_for - threshold, alpha, beta)
        return needed and math.ceil(needed * (1 + _reserve_for_scatter(interval, plan_for - threshold)))
    return _by_width(inference, plan_for - threshold, alpha, beta)


def _rows_for_two(
    inference: Inference, interval: Wider | Nearer, threshold: float, plan_for: float, alpha: float, beta: float
) -> int | None:
    """Return how many rows clear both of two bounds, or the nearer one."""
    either = [replace(inference, interval=each) for each in (interval.one, interval.other)]
    if isinstance(interval, Nearer):
        nearer = [n_needed(each, threshold, plan_for, alpha=alpha, beta=beta) for each in either]
        return min((n for n in nearer if n is not None), default=None)
    least = [_rows_needed(each, threshold, plan_for, alpha, beta) for each in either]
    enough = [n for n in least if n is not None]
    more = 1 + _reserve(interval, plan_for - threshold)
    return math.ceil(more * max(enough)) if len(enough) == len(least) else None


def _rows_for_tail(interval: Interval, beta: float) -> int:
    """Return how many rows show that a tail has a variance, where a must asks for that."""
    if isinstance(interval, Nearer):
        return _rows_for_tail(interval.other, beta)
    return math.ceil(rows_that_show_variance(interval.slope, beta)) if isinstance(interval, OneUnseen) else 0


def _rows_for_groups(
    whole: Inference, parts: tuple[Inference, ...], sought: tuple[float, float], alpha: float, beta: float
) -> int | None:
    """Return how many rows in all pass every group, each being as bad as the worst; sought: threshold and truth."""
    needed = [(each, _rows_needed(each, *sought, alpha, beta / len(parts))) for each in parts]
    rows = [math.ceil(n * whole.n / each.n) for each, n in needed if n is not None]
    return max(rows) if len(rows) == len(parts) else None


def _rows_for_distance(
    inference: Inference, interval: DistanceBounds, threshold: float, truth: float, alpha: float, beta: float
) -> int | None:
    """Return how many rows keep the bound of a distance below the threshold, wherever noise adds to the truth."""
    reach = interval.reach(alpha)

    def excess(log_times: float) -> float:
        less = math.exp(-log_times / 2)
        return truth + reach * less + interval.scatter(truth, beta, less) - threshold

    most = math.log(ENDLESS / inference.n)
    if excess(most) > 0:
        return None
    least = -math.log(inference.n)
    times = math.exp(root(excess, least, most, xtol=1e-6)) if excess(least) > 0 else 1 / inference.n
    worth = (1 / inference.n + 1 / interval.reference) / times - 1 / interval.reference
    return max(2, math.ceil(1 / worth)) if worth > 1 / ENDLESS else None


def _reserve(interval: Wider, distance: float) -> float:
    """Return how many more rows, as a share, are planned for positives and for a tail that a pilot shows too few of."""
    if count_units(interval):  # stretches of a load where given, else positives of an average precision
        return _reserve_for_rank(interval, RANK_RESERVE if interval.units else PRECISION_RESERVE)
    return _reserve_for_tail(interval.one, distance) if isinstance(interval.one, Student) else 0.0


def _reserve_for_scatter(interval: Student | OneUnseen, distance: float) -> float:
    """Return how many more rows, as a share, are planned for bounds by t: more without limits, where a tail may be."""
    rank = _reserve_for_rank(interval)
    if isinstance(interval, Student) or math.isfinite(interval.seen.low):
        return rank
    return max(rank, _reserve_for_tail(interval.seen, distance))


def _reserve_for_tail(seen: Student, distance: float) -> float:
    """Return how many more rows, as a share, are planned for a tail towards the bound."""
    towards = max(0.0, -math.copysign(seen.skew, seen.skew * distance))
    return TAIL_RESERVE * towards + LONGER_RESERVE * towards**2 * math.sqrt(seen.groups)


def _reserve_for_value(inference: Inference, interval: Gaffke, truth: float) -> float:
    """Return how many more rows, as a share, are planned where few rows of uneven value are missed, or caught."""
    if inference.clusters is not None or not (interval.is_share and interval.is_uneven):
        return 0.0
    return min(1.0, VALUE_RESERVE / max(interval.worth * min(truth, 1 - truth), 1.0))


def _times_needed(interval: Binomial, sought: tuple[float, float], alpha: float, beta: float) -> float:
    """Return how many times the observations are needed, inf if none do; of more of them the variance is better known.

    sought: threshold and truth.
    """
    worth = interval.worth(alpha)
    units = units_needed(*sought, alpha, beta) if worth > 0 else None
    if units is None or interval.df is None:
        return math.inf if units is None else units / worth
    times = max(1.0, units / worth)
    units = units_needed(*sought, alpha, _planning_risk(alpha, beta, times * interval.df))
    return math.inf if units is None else units * times / interval.times(times).worth(alpha)


def _with_unseen(
    interval: Binomial, n: int, rows: float, sought: tuple[float, float], risks: tuple[float, float]
) -> float:
    """Return how many rows it takes where `rows` do without clusters that nobody drew; sought: threshold and truth."""
    if not interval.unseen or interval.n <= interval.least:
        return rows
    alpha, beta = risks
    per_group = n / interval.least
    most = n * _times_needed(replace(interval, df=None, n=interval.least), sought, alpha, beta)
    return min(most, rows_with_unseen(rows, per_group, *sought, *risks))


def _planning_risk(alpha: float, beta: float, df: float) -> float:
    """Return the smaller risk to plan with where the variance is estimated: a low value may come with a wide interval.

    On df degrees of freedom value and variance correlate by at most their kurtosis (Cauchy-Schwarz), so that a bound
    scatters up to 1 + z / (2 sqrt(df)) times as far as the value. Without it a gate of 12 musts stalled in 5.7 %.
    """
    spread = 1 - float(special.ndtri(alpha)) / (2 * math.sqrt(df))
    return float(special.ndtr(float(special.ndtri(beta)) * spread))


def _grown(
    inference: Inference, interval: Gaffke, threshold: float, truth: float, alpha: float, beta: float
) -> int | None:
    """Return how many rows of the kinds seen, in shares whose mean is `truth`, keep the bound off the threshold.

    Without limits the furthest of the rows at hand is not that of more rows: their own freedom is planned with.
    """
    if not interval.has_spread or (interval.is_share and not interval.tells_of(truth)):
        return _all_or_nothing(inference, interval, threshold, truth, alpha, beta)
    units, distance = interval.tilt_to(truth) if interval.is_share else interval, truth - threshold
    facing = units.mirror() if distance > 0 else units

    def missing(power: float) -> float:
        grow = facing.grow(math.exp(power))
        risk = _planning_risk(alpha, beta, grow.df if interval.is_share else 1 / (1 / facing.df + 1 / grow.df))
        edge = grow.value + abs(distance) + float(special.ndtri(risk)) * grow.se
        return -float(special.ndtri(alpha)) - grow.deviate(edge)

    least, most = math.log(2 / inference.n), math.log(ENDLESS / inference.n)
    if not distance or missing(most) > 0:
        return None
    if missing(least) <= 0:
        return 2
    few = UNIT_RESERVE * max(0.0, 1 / interval.worth - 1 / UNITS) if interval.is_share else 0.0
    return math.ceil(inference.n * math.exp(root(missing, least, most, xtol=1e-3)) * (1 + few))


def _all_or_nothing(
    inference: Inference, interval: Gaffke, threshold: float, truth: float, alpha: float, beta: float
) -> int | None:
    """Return how many rows it takes where units seen are alike or beyond the truth, as if others lay at the limits.

    Of all means within limits such a one scatters most.
    """
    width = interval.high - interval.low
    most, share = ((each - interval.low) / width for each in (threshold, truth))
    units = units_needed(most, share, alpha, beta) if 0 <= min(most, share) and max(most, share) <= 1 else None
    return None if units is None else math.ceil(units * inference.n / interval.worth)


def _reserve_for_rank(interval: Interval, errors: float = RANK_RESERVE) -> float:
    """Return how many more rows, as a share, are planned where a pilot shows few of those that carry the value."""
    units = count_units(interval)
    return errors / math.sqrt(units) if units else 0.0


def _student(interval: Student | OneUnseen, n: int, distance: float, alpha: float, beta: float) -> int | None:
    """Return the n at which bound and scatter fit into the distance.

    The spread is that of the rows at hand, so the standard error planned with is off by 1 / sqrt(2 df) of itself: over
    such plans the distance, in standard errors, scatters as well. So does the bound of the rows planned, by their own
    spread.
    """
    other = -float(special.ndtri(beta))
    reserve = min(MOST_RESERVE, other / math.sqrt(2 * interval.df))

    side, apart = (0 if distance > 0 else 1), abs(distance)

    def missing(log_times: float) -> float:
        more = interval.times(math.exp(log_times))
        bent = more.seen if isinstance(more, OneUnseen) else more
        own = math.hypot(more.se, bent.reach(alpha)[side] / math.sqrt(2 * more.df))
        return (more.reach(alpha)[side] + math.hypot(other * own, reserve * apart)) / apart - 1

    least, most = math.log(2 / n), math.log(ENDLESS / n)
    if not distance or missing(most) > 0:
        return None
    return 2 if missing(least) <= 0 else math.ceil(n * math.exp(root(missing, least, most, xtol=1e-6)) - 1e-3)


def _noncentral(interval: Noncentral, threshold: float, truth: float, alpha: float, beta: float) -> int | None:
    """Return how many current rows pass a distance of `truth`, the reference staying as it is; None if none do.

    The noncentral chi-square taken for normal: its own quantiles take minutes where it is large.
    """
    if not 0 <= truth < threshold:
        return None

    z, other = -float(special.ndtri(alpha)), -float(special.ndtri(beta))

    def excess(worth: float) -> float:
        reach = z * math.sqrt(2 * interval.df + 4 * threshold * worth)
        return (threshold - truth) * worth - reach - other * math.sqrt(2 * interval.df + 4 * truth * worth)

    if excess(ENDLESS) <= 0:
        return None
    least = interval.per * root(excess, 0.0, ENDLESS)
    return math.ceil(1 / (1 / least - 1 / interval.reference)) if least < interval.reference else None


def _by_width(inference: Inference, distance: float, alpha: float, beta: float) -> int | None:
    """Return the n at which the bounds at alpha and beta, narrowing as 1/sqrt(n), fit into the distance."""
    if isinstance(inference.interval, WideBounds):
        lower, upper = inference.interval.reach(alpha)
        less = more = -float(special.ndtri(beta)) * inference.interval.se
    else:
        lower, upper = (abs(bound - inference.value) for bound in inference.bounds(alpha))
        less, more = (abs(bound - inference.value) for bound in inference.bounds(beta))
    reach = lower + more if distance > 0 else upper + less
    if not (distance and 0 < reach < math.inf):
        return None
    needed = inference.n * (reach / distance) ** 2
    return max(2, math.ceil(needed)) if needed <= ENDLESS else None


def distances(
    inference: Inference, threshold: float, better: Better, *, alpha: float = 0.05, beta: float = 0.05
) -> tuple[tuple[float, int], ...]:
    """Return a few (truth, n needed) on the good side, nearest first, for a requirement that plans for none.

    Shares: a quarter, half and three quarters of the way from the threshold to perfect. Else: 0.05, 0.1 and 0.2
    standard deviations of one observation beyond it.
    """
    found = [
        (truth, n_needed(inference, threshold, truth, alpha=alpha, beta=beta))
        for truth in _truths(inference, threshold, better)
    ]
    return tuple((truth, n) for truth, n in found if n is not None)


def _truths(inference: Inference, threshold: float, better: Better) -> list[float]:
    sign = 1 if better == "higher" else -1
    interval = inference.interval
    if isinstance(interval, Wider | Nearer):
        return _truths(replace(inference, interval=interval.one), threshold, better)
    if isinstance(interval, Student | OneUnseen | Discordant) or (
        isinstance(interval, Gaffke) and not interval.is_share
    ):
        deviation = _deviation(interval) * math.sqrt(inference.n)
        return [threshold + sign * step * deviation for step in (0.05, 0.1, 0.2)]
    perfect = 1.0 if better == "higher" else 0.0
    return [threshold + step * (perfect - threshold) for step in (0.25, 0.5, 0.75)]


def _deviation(interval: Student | OneUnseen | Discordant | Gaffke) -> float:
    """Return the standard error, or half of what bounds as far apart as two of them leave between them."""
    if isinstance(interval, Student | Gaffke):
        return interval.se
    lower, upper = interval.bounds(float(special.ndtr(-1)))
    return (upper - lower) / 2
