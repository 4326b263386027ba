"""What a judge's scores say about the truth, where labels from elsewhere show how often it errs."""

import math
from collections.abc import Callable, Sequence
from functools import partial

from harness.errors import HarnessError
from harness.stats.binomial import Binomial
from harness.stats.inference import Inference
from harness.stats.roots import root
from harness.stats.searched import Searched
from harness.values.samples import Sample

COUNTS = ("k", "n", "tp", "positives", "tn", "negatives")


def infer(sample: Sample) -> Inference:
    """Return the true share, 0 to 1, of counts {k, n, tp, positives, tn, negatives}.

    k of n passed by a judge who elsewhere passed tp of the good and failed tn of the bad: Rogan, Gladen 1978. Bounds by
    Fieller 1954, the noise of each share by its exact bound on the side that matters (MOVER: Donner, Zou 2012). Wald's
    noise, as in Lang, Reiczigel 2014, lets up to 13 % err at 5 % where 5 to 10 labels are of the bad.
    """
    return _from_counts(*_counts(sample))


def _from_counts(k: float, n: float, tp: float, positives: float, tn: float, negatives: float) -> Inference:
    youden = tp / positives + tn / negatives - 1
    if not youden > 0:
        raise HarnessError(
            f"a judge no better than chance (sensitivity + specificity - 1 = {youden:.2f}) tells nothing"
        )
    value = min(max((k / n + tn / negatives - 1) / youden, 0.0), 1.0)
    shares = ((k, n), (tp, positives), (negatives - tn, negatives))
    interval = Searched(at=partial(_bounds_at, [Binomial(k=hits, n=of) for hits, of in shares]))
    lower, upper = interval.bounds(0.05)
    worth = value * (1 - value) / max(((upper - lower) / 3.29) ** 2, 1e-12)
    n_eff = min(n, worth) if worth > 0 else float(n)
    return Inference(value=value, n=int(n), n_eff=n_eff, method="Rogan-Gladen, MOVER", interval=interval)


def _bounds_at(shares: Sequence[Binomial], alpha: float) -> tuple[float, float]:
    """Return the true shares between which what the judge passed does not differ from what is expected.

    `shares` are those that it passed of all, of the good and of the bad.
    """
    seen, bounds = [each.k / each.n for each in shares], [each.bounds(alpha) for each in shares]
    less, more = ([abs(share - each[side]) for share, each in zip(seen, bounds, strict=True)] for side in (0, 1))

    def excess(truth: float, sign: int, noise: Sequence[float]) -> float:
        good, bad = truth, 1 - truth
        apart = seen[0] - good * seen[1] - bad * seen[2]
        return sign * apart - math.hypot(noise[0], good * noise[1], bad * noise[2])

    lower = _crossing(lambda truth: excess(truth, 1, [less[0], *more[1:]]))
    upper = 1 - _crossing(lambda other: excess(1 - other, -1, [more[0], *less[1:]]))
    return lower, upper


def _crossing(excess: Callable[[float], float]) -> float:
    """Return where a falling excess between 0 and 1 is none."""
    if excess(0.0) <= 0:
        return 0.0
    return 1.0 if excess(1.0) >= 0 else root(excess, 0.0, 1.0)


def _counts(sample: Sample) -> tuple[float, ...]:
    k, n, tp, positives, tn, negatives = found = tuple(sample.counts.get(name, math.nan) for name in COUNTS)
    if not (0 <= k <= n < math.inf and 0 <= tp <= positives < math.inf and 0 <= tn <= negatives < math.inf):
        raise HarnessError(
            f"statistic 'judge_correction' takes rows, or counts {', '.join(COUNTS)}; found {dict(sample.counts)}"
        )
    if not min(n, positives, negatives) > 0:
        raise HarnessError(
            "statistic 'judge_correction' takes n, positives and negatives above 0; collect some of each"
        )
    return found
