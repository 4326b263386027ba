"""What a judge's scores say about the truth, once people have checked some of them."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.columns import Numbers
from harness.stats.design_variance import Influence, mean_part, spread
from harness.stats.effective import korn_graubard, student
from harness.stats.inference import Inference
from harness.stats.roots import root
from harness.stats.searched import Searched
from harness.values.samples import Sample

FEWEST = 30  # labels
COUNTS = ("k", "n", "tp", "positives", "tn", "negatives")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A judge's scores of all rows, and what people said about some: `human` is 0 where they did not look."""

    score: Numbers
    human: Numbers
    looked: Numbers


def infer(sample: Sample) -> Inference:
    """Return the true mean, 0 to 1, of rows with `score` by the judge and `y` by a person or missing.

    PPI++ (Angelopoulos, Duchi, Zrnic 2023): the judge's mean on unchecked rows plus its mean error on checked ones,
    with the weight of least variance; what leaves 0 to 1 is cut. Bounds Korn-Graubard 1998, as Wald's err up to 9.5 %
    at 5 %. The checked rows must be a random sample of these rows, 30 or more.

    Counts {k, n, tp, positives, tn, negatives}: k of n passed by a judge who elsewhere passed tp of the good and
    failed tn of the bad: Rogan, Gladen 1978; bounds Lang, Reiczigel 2014, below also Fieller 1954.
    """
    if sample.rows is None:
        return _rogan_gladen(*_counts(sample))
    rows = columns.table(sample)
    value, parts = ppi(_read_judgements(rows))
    design = spread(parts, columns.clusters(rows))
    edge = 0.5 / design.groups if design.variance > 0 else 0.0
    seen = korn_graubard(min(max(value, edge), 1 - edge), rows.num_rows, design)
    return replace(seen, value=min(max(value, 0.0), 1.0), method="PPI++")


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Return the candidate's true mean less the baseline's on the same ids, by t bent for skew.

    The judge's weight of each side is fitted to the labels, which costs each side a degree of freedom.
    """
    left, right = columns.pair_rows(candidate, baseline)
    ours, theirs = _read_judgements(left), _read_judgements(right)
    (new, plus), (old, minus) = ppi(ours), ppi(theirs)
    labels = min(float(side.looked.sum()) for side in (ours, theirs))
    fitted = math.sqrt((labels - 1) / (labels - 3))
    parts = [*(part.times(fitted) for part in plus), *(part.times(-fitted) for part in minus)]
    design = spread(parts, columns.clusters(left))
    if not design.variance > 0:
        raise HarnessError("neither judge nor people tell the rows apart, so their spread cannot be told; check more")
    return student(new - old, left.num_rows, design, method="paired PPI++, t", reach=1.0)


def ppi(rows: Checked, weight: float | None = None) -> tuple[float, list[Influence]]:
    """Return the PPI++ mean and what each row moves it by; `weight` of the judge is chosen between 0 and 1."""
    human, judge = rows.human[rows.looked == 1], rows.score[rows.looked == 1]
    unchecked = len(rows.score) - len(human)
    if not unchecked:
        value, part = mean_part(rows.human, rows.looked)
        return value, [part]
    if weight is None:
        spread_of_judge = float(np.var(rows.score, ddof=1)) * (1 + len(human) / unchecked)
        shared = float(np.cov(human, judge, ddof=0)[0, 1])
        weight = min(max(shared / spread_of_judge, 0.0), 1.0) if spread_of_judge > 0 else 0.0
    error, checked = mean_part(rows.human - weight * rows.score, rows.looked)
    judged, others = mean_part(weight * rows.score, 1 - rows.looked)
    return error + judged, [checked, others]


def _read_judgements(rows: pa.Table) -> Checked:
    if "weight" in rows.column_names:
        raise HarnessError("statistic 'judge_correction' cannot take weights; found column 'weight'; leave it out")
    score = columns.numbers(rows, "score")
    looked = ~pc.is_null(rows["y"], nan_is_null=True).to_numpy()
    human = np.zeros(len(score))
    if looked.sum() < FEWEST:
        raise HarnessError(
            f"statistic 'judge_correction' needs {FEWEST} rows or more with 'y' by a person; found "
            f"{int(looked.sum())} of {len(score)}; check more, chosen at random"
        )
    human[looked] = columns.numbers(rows.filter(pa.array(looked)), "y")
    for name, values in (("score", score), ("y", human)):
        if values.min() < 0 or values.max() > 1:
            raise HarnessError(f"column {name!r} must lie between 0 and 1; found {values.min():g} to {values.max():g}")
    return Checked(score=score, human=human, looked=looked.astype(np.float64))


def _rogan_gladen(k: float, n: float, tp: float, positives: float, tn: float, negatives: float) -> Inference:
    youden = tp / positives + tn / negatives - 1
    if not youden > 0:
        raise HarnessError(
            f"a judge no better than chance (sensitivity + specificity - 1 = {youden:.2f}) tells nothing"
        )
    value = min(max((k / n + tn / negatives - 1) / youden, 0.0), 1.0)

    def bounds_at(alpha: float) -> tuple[float, float]:
        lower, upper = lang_reiczigel(k, n, tp, positives, tn, negatives, alpha)
        return min(lower, fieller_lower(k, n, tp, positives, tn, negatives, alpha)), upper

    lower, upper = bounds_at(0.05)
    worth = value * (1 - value) / max(((upper - lower) / 3.29) ** 2, 1e-12)
    n_eff = min(n, worth) if worth > 0 else float(n)
    return Inference(
        value=value, n=int(n), n_eff=n_eff, method="Lang-Reiczigel, Fieller", interval=Searched(at=bounds_at)
    )


def lang_reiczigel(
    k: float, n: float, tp: float, positives: float, tn: float, negatives: float, alpha: float
) -> tuple[float, float]:
    """Return one-sided bounds of the true share by Lang, Reiczigel 2014, as in R's asht::prevSeSp."""
    z = -float(special.ndtri(alpha))
    share, sensitive, specific = (k + z**2 / 2) / (n + z**2), (tp + 1) / (positives + 2), (tn + 1) / (negatives + 2)
    youden = sensitive + specific - 1
    if not youden > 0:
        return 0.0, 1.0
    truth = (share + specific - 1) / youden
    missed, alarmed = sensitive * (1 - sensitive) / (positives + 2), specific * (1 - specific) / (negatives + 2)
    center = truth + 2 * z**2 * (truth * missed - (1 - truth) * alarmed)
    variance = share * (1 - share) / (n + z**2) + truth**2 * missed + (1 - truth) ** 2 * alarmed
    reach = z * math.sqrt(variance) / youden
    return min(max(center - reach, 0.0), 1.0), min(max(center + reach, 0.0), 1.0)


def fieller_lower(k: float, n: float, tp: float, positives: float, tn: float, negatives: float, alpha: float) -> float:
    """Return the smallest true share that a one-sided test of a ratio does not reject (Fieller 1954).

    Lang and Reiczigel's lower bound errs up to 9 % at 5 % for a judge who misses half of the bad and was checked on 50.
    """
    z = -float(special.ndtri(alpha))
    share, sensitive, specific = (k + 1) / (n + 2), (tp + 1) / (positives + 2), (tn + 1) / (negatives + 2)
    passed = share * (1 - share) / (n + 2)
    missed, alarmed = sensitive * (1 - sensitive) / (positives + 2), specific * (1 - specific) / (negatives + 2)

    def excess(truth: float) -> float:
        expected = truth * tp / positives + (1 - truth) * (1 - tn / negatives)
        return k / n - expected - z * math.sqrt(passed + truth**2 * missed + (1 - truth) ** 2 * alarmed)

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
