"""How far a column's distribution has moved, as an effect with bounds: a million rows alarm for no trifle."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import special

from harness.errors import HarnessError
from harness.stats.columns import Numbers
from harness.stats.cumulated import furthest, noise_alone
from harness.stats.inference import Inference
from harness.stats.noncentral import Noncentral
from harness.stats.searched import DistanceBounds, Mapped, Searched, Widened, Wider
from harness.stats.sparse_bins import SPARSE, Distance, Flags, bounds_of_few_rows, chance_alone, is_lopsided, is_sparse
from harness.values.samples import Sample

SMOOTHING = 0.5  # added to each count, so that an empty bin has a logarithm
TRIFLE = 1e-9  # a PSI so small has the variance of none
FEWEST = 100  # rows on each side
FEWEST_PER_BIN = {"psi": 10, "js": 20}  # below these the noise is no chi-square: 8 to 50 % erred at 5 %
RESERVE = 1.03  # on the variance: keeps pass and fail below 5 % at T where a few hundred rows err up to 5.3 %


@dataclass(frozen=True, kw_only=True)
class Binned:
    """Counts per bin, in order of the bins' numbers; bins empty on both sides are left out."""

    reference: Numbers
    current: Numbers

    @property
    def sparse(self) -> Flags:
        """Return the bins whose rows are too few to say how far they moved."""
        return is_sparse(self.reference, self.current)

    @property
    def scale(self) -> float:
        """Return 1/n + 1/m: what noise alone adds to the distance per degree of freedom."""
        return float(1 / self.reference.sum() + 1 / self.current.sum())


@dataclass(frozen=True, kw_only=True)
class _Moved:
    """One side of a PSI: its smoothed shares, those of the other side, and its number of rows."""

    own: Numbers
    other: Numbers
    n: float

    def slope(self) -> Numbers:
        """Return what each of its shares moves the PSI by."""
        slope: Numbers = np.log(self.own / self.other) + 1 - self.other / self.own
        return slope

    def variance(self) -> float:
        """Return what its noise adds to the variance of the PSI."""
        slope = self.slope()
        return float(self.own @ slope**2 - (self.own @ slope) ** 2) / self.n

    def bias(self) -> Numbers:
        """Return what its noise and its smoothing add to the PSI, by bin."""
        noise = 0.5 * (1 + self.other / self.own) * (1 - self.own)
        smoothed = self.slope() * (SMOOTHING - SMOOTHING * len(self.own) * self.own)
        added: Numbers = (noise + smoothed) / self.n
        return added


def infer_psi(sample: Sample) -> Inference:
    """Return the population stability index of counts per bin, its noise subtracted; 0 is none, unbounded above.

    Counts `reference.<bin>` and `current.<bin>`; to merge windows add the current ones, the reference ones count once.
    `within`, if it is counted too, is how far the counts may be off in the distance: bounds are that much wider.
    Sum of (p - q) ln(p/q) with 0.5 added to each count, less what noise and that 0.5 add to it in the second order,
    about (bins - 1)(1/n + 1/m); of sparse bins less what chance adds to rows that moved together. Bounds by inverting
    the noncentral chi-square (Potgieter et al. 2023), wider by what bins of few rows may hide, and scaled to the
    variance of the first order, which is larger for large drifts. Rows must be independent.
    """
    bins = _enough(sample.statistic, _bins_from_counts(sample))
    one, other = _both_moved(bins)
    seen = float((one.own - other.own) @ np.log(one.own / other.own))
    heavier = (one.variance() + other.variance()) / (4 * seen * bins.scale) if seen > TRIFLE else 1.0
    bias = _bias(bins, _noise_of_psi, _psi_of_counts)
    found = _infer_from_distance(bins, seen, heavier * RESERVE, "noncentral chi-square", bias)
    if is_lopsided(bins.reference, bins.current).any():
        few = Searched(at=partial(bounds_of_few_rows, bins.reference, bins.current, found))
        found = replace(found, interval=Wider(one=found.interval, other=few))
    return _widen_bounds(sample, found)


def infer_js(sample: Sample) -> Inference:
    """Return the Jensen-Shannon distance (base 2, 0 to 1) of counts as for `psi`, its noise subtracted.

    Its square is 1/8 of a noncentral chi-square for shifts that are not large (it is the likelihood ratio of n = m).
    Bins of few rows add more or less than a chi-square does, by how they moved: bounds allow for both.
    """
    bins = _enough(sample.statistic, _bins_from_counts(sample))
    n, m = float(bins.reference.sum()), float(bins.current.sum())
    nats, noise = float(_js_of_counts(bins.reference, bins.current, n, m).sum()), float(_noise_of_js(bins).sum())
    method = "noncentral chi-square, Jensen-Shannon"
    seen = _infer_from_distance(bins, nats, 1 / 8, method, _bias(bins, _noise_of_js, _js_of_counts))
    if bins.sparse.any():
        smooth = _infer_from_distance(bins, nats, 1 / 8, method, noise)
        seen = replace(seen, interval=Wider(one=seen.interval, other=smooth.interval))
    interval = Mapped(inner=seen.interval, forth=_distance, back=_divergence)
    return _widen_bounds(sample, replace(seen, value=_distance(seen.value), interval=interval))


def infer_ks(sample: Sample) -> Inference:
    """Return the Kolmogorov-Smirnov distance, 0 to 1, between bins numbered in their order, of counts as for `psi`.

    Upper bound: at the point where the truth is furthest, wherever that is, so the highest of the bounds at all points
    (square-and-add of Newcombe 1998 on Clopper-Pearson's, as for `gap`); lower: anywhere,
    Dvoretzky-Kiefer-Wolfowitz with Massart's constant 1990 for each side. Both hold at every n; the lower is wide.
    """
    bins = _bins_from_counts(sample)
    n, m = float(bins.reference.sum()), float(bins.current.sum())
    value = float(np.abs(np.cumsum(bins.reference) / n - np.cumsum(bins.current) / m).max())

    def bounds_at(alpha: float) -> tuple[float, float]:
        below = math.sqrt(math.log(4 / alpha) / 2) * (n**-0.5 + m**-0.5)
        return max(0.0, value - below), min(1.0, furthest(bins.reference, bins.current, alpha))

    def reach(alpha: float) -> float:
        return furthest(bins.reference, bins.current, alpha) - value

    def widest(alpha: float) -> float:
        return -float(special.ndtri(alpha)) * math.sqrt(1 / n + 1 / m) / 2

    noise = partial(noise_alone, bins.reference, bins.current)
    interval = DistanceBounds(at=bounds_at, noise=noise, reach=reach, widest=widest, reference=n)
    seen = Inference(value=value, n=int(m), n_eff=m, method="Newcombe, DKW", interval=interval)
    return _widen_bounds(sample, seen)


def no_difference(candidate: Sample, baseline: Sample) -> Inference:
    """Refuse to compare two drifts: each already is a comparison."""
    raise HarnessError(
        f"statistic {candidate.statistic!r} already compares current with reference and cannot be compared with "
        f"{baseline.statistic!r} of a baseline; ask for at_most"
    )


def _bias(bins: Binned, noise: Callable[[Binned], Numbers], distance: Distance) -> float:
    """Return what noise adds to a distance: in the second order, and of sparse bins what chance adds, exactly.

    What sparse bins moved together shows in none of them alone, and is subtracted: the divergence of all is that of
    their sum and what they moved within it (chain rule), which is taken for none.
    """
    k, now = (float(side[bins.sparse].sum()) for side in (bins.reference, bins.current))
    n, m = float(bins.reference.sum()), float(bins.current.sum())
    usual = float(noise(bins)[~bins.sparse].sum())
    if (k + now) * min(n, m) / (n + m) < SPARSE:
        return usual + float(chance_alone(bins.reference, bins.current, distance, m / (n + m)).sum())
    share = (now + SMOOTHING) / (k + now + 2 * SMOOTHING)
    chance = float(chance_alone(bins.reference, bins.current, distance, share).sum())
    two = Binned(reference=np.array([k, n - k]), current=np.array([now, m - now]))
    together = distance(two.reference, two.current, n, m) - noise(two)
    return usual + chance - float(together[0])


def _both_moved(bins: Binned) -> tuple[_Moved, _Moved]:
    """Return either side of a PSI, the reference first."""
    p, q = (side + SMOOTHING for side in (bins.reference, bins.current))
    p, q = p / p.sum(), q / q.sum()
    n, m = float(bins.reference.sum()), float(bins.current.sum())
    return _Moved(own=p, other=q, n=n), _Moved(own=q, other=p, n=m)


def _noise_of_psi(bins: Binned) -> Numbers:
    one, other = _both_moved(bins)
    return one.bias() + other.bias()


def _noise_of_js(bins: Binned) -> Numbers:
    shares = (bins.reference / bins.reference.sum() + bins.current / bins.current.sum()) / 2
    added: Numbers = bins.scale / 8 * (1 - shares)
    return added


def _psi_of_counts(reference: Numbers, current: Numbers, n: float, m: float) -> Numbers:
    """Return what each bin adds to the PSI of n and m rows, but for what smoothing adds to n and m."""
    p, q = (reference + SMOOTHING) / n, (current + SMOOTHING) / m
    added: Numbers = (p - q) * np.log(p / q)
    return added


def _js_of_counts(reference: Numbers, current: Numbers, n: float, m: float) -> Numbers:
    """Return what each bin adds to the Jensen-Shannon divergence of n and m rows, in nats."""
    p, q = reference / n, current / m
    half = (p + q) / 2
    added: Numbers = (special.xlogy(p, p / half) + special.xlogy(q, q / half)) / 2
    return added


def _widen_bounds(sample: Sample, seen: Inference) -> Inference:
    """Widen the bounds by how far the counts may be off."""
    by = sample.counts.get("within", 0.0)
    if not by >= 0:
        raise HarnessError(f"`within` is 0 or more; found {by:g}")
    return replace(seen, interval=Widened(inner=seen.interval, by=by)) if by else seen


def _infer_from_distance(bins: Binned, seen: float, factor: float, method: str, bias: float) -> Inference:
    """Return bounds of a distance that noise raises by `bias`."""
    scale, df = bins.scale * factor, len(bins.reference) - 1
    n, m = float(bins.reference.sum()), float(bins.current.sum())
    value = seen - bias
    interval = Noncentral(seen=max(value + df * scale, 0.0), scale=scale, df=df, reference=n, per=factor)
    return Inference(value=max(value, 0.0), n=int(m), n_eff=m, method=method, interval=interval)


def _bins_from_counts(sample: Sample) -> Binned:
    sides = {side: _side_counts(sample, side) for side in ("reference", "current")}
    named = sorted(set(sides["reference"]) | set(sides["current"]))
    counts = [np.array([sides[side].get(name, 0.0) for name in named]) for side in ("reference", "current")]
    held = (counts[0] + counts[1]) > 0
    if held.sum() < 2 or not all(side.sum() > 0 for side in counts):
        raise HarnessError(
            f"statistic {sample.statistic!r} takes counts reference.<bin> and current.<bin> of 2 bins or more, "
            f"some on each side; found {int(held.sum())} bins, {counts[0].sum():g} and {counts[1].sum():g} rows"
        )
    return Binned(reference=counts[0][held], current=counts[1][held])


def _enough(statistic: str, bins: Binned) -> Binned:
    """Refuse so few rows that their noise is no chi-square."""
    sides = (bins.reference.sum(), bins.current.sum())
    needed = max(FEWEST, FEWEST_PER_BIN[statistic] * len(bins.reference))
    if min(sides) < needed:
        raise HarnessError(
            f"statistic {statistic!r} of {len(bins.reference)} bins needs {needed} rows or more on each side; found "
            f"{sides[0]:g} in the reference and {sides[1]:g} now; collect more, or merge windows"
        )
    return bins


def _side_counts(sample: Sample, side: str) -> dict[tuple[float, str], float]:
    found = {name.partition(".")[2]: count for name, count in sample.counts.items() if name.startswith(f"{side}.")}
    bad = [name for name, count in found.items() if not (0 <= count < math.inf and count == math.floor(count))]
    if bad:
        raise HarnessError(f"counts of bins are whole and 0 or more; found {side}.{bad[0]} = {found[bad[0]]:g}")
    return {(float(name) if name.isdigit() else math.inf, name): float(count) for name, count in found.items()}


def _distance(divergence: float) -> float:
    return math.sqrt(max(divergence, 0.0) / math.log(2))


def _divergence(distance: float) -> float:
    return max(distance, 0.0) ** 2 * math.log(2)
