"""What a judge's scores say about the truth, where labels from elsewhere show how often it errs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness.errors import HarnessError
from harness.stats import columns, proportion
from harness.stats.binomial import Binomial
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.roots import root
from harness.stats.searched import Searched
from harness.values.samples import Sample

LABELS = ("tp", "positives", "tn", "negatives")
COUNTS = ("k", "n", *LABELS)


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A share that a judge passed, with its bounds."""

    share: float
    interval: Interval


def infer(sample: Sample) -> Inference:
    """Return the true share, 0 to 1, of counts {k, n} or rows with `score` 0 or 1, by what labels elsewhere say.

    k of n passed by a judge who elsewhere passed tp of the good {positives} and failed tn of the bad {negatives}:
    Rogan, Gladen 1978. Bounds by Fieller 1954, the noise of each share by its exact bound on the side that matters
    (MOVER: Donner, Zou 2012). Wald's noise, as in Lang, Reiczigel 2014, lets up to 13 % err at 5 % where 5 to 10 labels
    are of the bad. Rows in clusters, or weighted: the bounds of what passed are those of `proportion`.
    """
    if sample.rows is None:
        k, n, *labels = _counts(sample, COUNTS)
        return _correct(Inference(value=k / n, n=int(n), n_eff=n, method="", interval=Binomial(k=k, n=n)), *labels)
    rows = columns.table(sample)
    kept = rows.select([name for name in rows.column_names if name != "y"])
    passed = kept.rename_columns(["y" if name == "score" else name for name in kept.column_names])
    seen = proportion.infer(Sample(statistic="proportion", rows=passed))
    return _correct(seen, *_counts(sample, LABELS))


def _correct(seen: Inference, tp: float, positives: float, tn: float, negatives: float) -> Inference:
    """Return the true share behind the share that a judge passed."""
    youden = tp / positives + tn / negatives - 1
    if not youden > 0:
        raise HarnessError(
            f"a judge no better than chance (sensitivity + specificity - 1 = {youden:.2f}) tells nothing"
        )
    value = min(max((seen.value + tn / negatives - 1) / youden, 0.0), 1.0)
    of_labels = [Binomial(k=tp, n=positives), Binomial(k=negatives - tn, n=negatives)]
    shares = [
        Passed(share=seen.value, interval=seen.interval),
        *(Passed(share=each.share, interval=each) for each in of_labels),
    ]
    interval = Searched(at=partial(_bounds_at, shares))
    lower, upper = interval.bounds(0.05)
    worth = value * (1 - value) / max(((upper - lower) / 3.29) ** 2, 1e-12)
    return replace(
        seen,
        value=value,
        n_eff=min(seen.n, worth) if worth > 0 else float(seen.n),
        method="Rogan-Gladen, MOVER",
        interval=interval,
        hits=None,
    )


def _bounds_at(shares: Sequence[Passed], alpha: float) -> tuple[float, float]:
    """Return the true shares between which what the judge passed does not differ from what is expected.

    `shares` are those that it passed of all, of the good and of the bad.
    """
    seen, bounds = [each.share for each in shares], [each.interval.bounds(alpha) for each in shares]
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


def _counts(sample: Sample, names: Sequence[str]) -> list[float]:
    found = {name: sample.counts.get(name, math.nan) for name in names}
    n, k = found.get("n", 1.0), found.get("k", 0.0)
    tp, positives, tn, negatives = (found[name] for name in LABELS)
    if not (0 <= k <= n < math.inf and 0 <= tp <= positives < math.inf and 0 <= tn <= negatives < math.inf):
        raise HarnessError(
            f"statistic 'judge_correction' takes rows, or counts {', '.join(COUNTS)}; found {dict(sample.counts)}"
        )
    if not min(n, positives, negatives) > 0:
        raise HarnessError(
            "statistic 'judge_correction' takes n, positives and negatives above 0; collect some of each"
        )
    return list(found.values())
