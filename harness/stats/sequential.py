"""Bounds that hold at every look at once, for canaries that are watched while they run."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from harness.errors import HarnessError
from harness.stats.columns import Numbers
from harness.stats.inference import Inference
from harness.stats.roots import root
from harness.stats.searched import Searched
from harness.values.samples import Sample

ONE_SPLIT = "counted as one stretch of time, so it holds where the split between both did not change while rates did"
PLAN = 10_000  # observations at which the bounds are tightest, if counts do not say
RARE = 1e-9


def infer_canary(sample: Sample) -> Inference:
    """Return the rate of a canary less that of its concurrent control, of counts {k, n, k_ref, n_ref}, at every look.

    Or of counts `k.<stretch>` and so on of stretches of time: the differences in each, weighted by how many pairs it
    makes (Cochran 1954), so that a split which changes while rates do makes no difference. Asymptotic confidence
    sequence by the normal mixture (Waudby-Smith et al. 2021), variance with one hit and one miss added to each arm
    (Agresti, Caffo 2000). `plan`: how many each arm is expected to see when it matters, fixed beforehand. Looks cost
    nothing: ask with `looks: 1`.
    """
    k, n, k_ref, n_ref = _stretches(sample)
    weight = n * n_ref / (n + n_ref)
    (rate, variance), (rate_ref, variance_ref) = _arm(k, n, weight), _arm(k_ref, n_ref, weight)
    value, se = rate - rate_ref, math.sqrt(variance + variance_ref)
    pairs, plan = 2 * float(weight.sum()), _plan(sample)

    def bounds_at(alpha: float) -> tuple[float, float]:
        reach = se * mixture_quantile(pairs, plan, 2 * min(alpha, 0.4999))
        return max(-1.0, value - reach), min(1.0, value + reach)

    count, notes = float(n.sum()), () if len(n) > 1 else (ONE_SPLIT,)
    interval = Searched(at=bounds_at)
    return Inference(value=value, n=int(count), n_eff=count, method="normal mixture", interval=interval, notes=notes)


def _stretches(sample: Sample) -> Sequence[Numbers]:
    """Return k, n, k_ref and n_ref of each stretch of time in which both arms saw something."""
    names = sorted(name[2:] for name in sample.counts if name.startswith("n."))
    arms = [
        np.array([_count(sample, f"{of}.{name}") for name in names] if names else [_count(sample, of)])
        for of in ("k", "n", "k_ref", "n_ref")
    ]
    k, n, k_ref, n_ref = arms
    both = (n > 0) & (n_ref > 0)
    if not ((k <= n).all() and (k_ref <= n_ref).all() and both.any()):
        raise HarnessError(f"statistic 'canary' takes k of n and k_ref of n_ref; found {dict(sample.counts)}")
    return [each[both] for each in arms]


def _arm(k: Numbers, n: Numbers, weight: Numbers) -> tuple[float, float]:
    """Return an arm's rate by weighted stretches, and its variance, one hit and one miss added.

    Rates that differ vary no more than their mean would (Jensen), so few in a stretch are no trouble.
    """
    share = weight / weight.sum()
    parts = share**2 / n
    worth = float(parts.sum() ** 2 / (parts / n * parts).sum()) if len(n) > 1 else float(n[0])
    mean = (float(parts @ (k / n)) / float(parts.sum()) * worth + 1) / (worth + 2)
    return float(share @ (k / n)), mean * (1 - mean) * float(parts.sum())


def infer_sequence(sample: Sample) -> Inference:
    """Return the rate of counts {k, n} with bounds that hold at every look at once, also for rare events.

    Beta-binomial mixture (Howard et al. 2021), as `bernoulli_confidence_interval` of confseq; `plan` as for `canary`.
    """
    k, n = _count(sample, "k"), _count(sample, "n")
    if not (k <= n and n > 0):
        raise HarnessError(f"statistic 'sequence' takes k of n; found {dict(sample.counts)}")
    plan = _plan(sample)

    def bounds_at(alpha: float) -> tuple[float, float]:
        return bernoulli_bounds(k, n, 2 * min(alpha, 0.4999), plan)

    return Inference(
        value=k / n, n=int(n), n_eff=n, method="beta-binomial mixture", interval=Searched(at=bounds_at), hits=int(k)
    )


def no_difference(candidate: Sample, baseline: Sample) -> Inference:
    """Refuse: a canary already is compared with its control."""
    raise HarnessError(
        f"statistic {candidate.statistic!r} is not compared with {baseline.statistic!r} of a baseline; "
        "count the control as k_ref of n_ref in a 'canary'"
    )


def best_rho(variance: float, alpha: float) -> float:
    """Return the mixture's parameter that makes a two-sided bound tightest at this variance (Howard et al. 2021)."""
    width = 2 * math.log(1 / alpha)
    return variance / (width + math.log(1 + width))


def normal_log_mixture(total: float, variance: float, best: float, alpha: float) -> float:
    """Return the log of the two-sided normal mixture supermartingale of a sum with this variance."""
    rho = best_rho(best, alpha)
    return 0.5 * math.log(rho / (variance + rho)) + total**2 / (2 * (variance + rho))


def normal_mixture_bound(variance: float, alpha: float, best: float) -> float:
    """Return how far a sum of this variance may move from 0 at any time, but for a chance of alpha."""
    rho = best_rho(best, alpha)
    return math.sqrt((variance + rho) * math.log((variance + rho) / (alpha**2 * rho)))


def mixture_quantile(n: float, plan: float, alpha: float) -> float:
    """Return how many standard errors a mean of n may lie off at any time, two-sided: what replaces 1.96."""
    return normal_mixture_bound(n, alpha, plan) / math.sqrt(n)


def beta_binomial_log_mixture(total: float, variance: float, best: float, below: float, above: float) -> float:
    """Return the log of the two-sided beta-binomial mixture supermartingale of steps within -below and above."""
    rho = max(best_rho(best, 0.05) - below * above, 1e-3 * below * above)
    reach = below + above
    a, b = rho / (below * reach), rho / (above * reach)
    x, y = (rho + variance - below * total) / (below * reach), (rho + variance + above * total) / (above * reach)
    drift = variance / (below * above) * math.log(reach)
    drift -= (variance + above * total) / (above * reach) * math.log(below)
    drift -= (variance - below * total) / (below * reach) * math.log(above)
    return float(drift + special.betaln(x, y) - special.betaln(a, b))


def bernoulli_bounds(k: float, n: float, alpha: float, plan: float) -> tuple[float, float]:
    """Return bounds of a share that hold at every n at once, two-sided at level 1 - alpha, tightest at n = plan."""
    share = k / n

    def excess(p: float) -> float:
        variance = p * (1 - p)
        return beta_binomial_log_mixture((share - p) * n, variance * n, variance * plan, p, 1 - p) + math.log(alpha)

    lower = 0.0 if share <= 0 or excess(RARE) < 0 else root(excess, RARE, min(share, 1 - RARE))
    upper = 1.0 if share >= 1 or excess(1 - RARE) < 0 else root(excess, max(share, RARE), 1 - RARE)
    return lower, upper


def _plan(sample: Sample) -> float:
    plan = _count(sample, "plan") if "plan" in sample.counts else float(PLAN)
    if not plan > 0:
        raise HarnessError("count 'plan' must be above 0: how many observations are expected when it matters")
    return plan


def _count(sample: Sample, name: str) -> float:
    found = sample.counts.get(name, math.nan)
    if not (0 <= found < math.inf and found == math.floor(found)):
        raise HarnessError(f"statistic {sample.statistic!r} takes a whole count {name!r}; found {found:g}")
    return float(found)
