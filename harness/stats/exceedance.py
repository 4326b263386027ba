"""The share of requests beyond a limit, where slow requests come in bursts."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.columns import Numbers
from harness.stats.inference import Inference
from harness.stats.intervals import Interval
from harness.stats.mover import Mover, Moves
from harness.stats.searched import Wider
from harness.values.samples import Sample

BLOCKS = 20
APART = 0.1  # of their mean distance: slow requests that follow each other by less are of one burst
FEW = 4  # bursts, below which nobody knows how often they come
TELLING = 100  # requests of a block, below which bursts may outlast it, so that a plan knows too little of them
LONG = 3  # requests in a row that are no coincidence
START = 5  # times as many slow requests in the first block as in a block on average: a start, not the service
SHARE = 0.05  # the slowest share of requests, whose bursts are easier to see than those beyond the limit
METHOD = "Korn-Graubard, blocks"


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """For each stretch of time: requests, those beyond the limit, those among the run's slowest.

    `bursts` are how many requests beyond the limit came together, each time; `stall` is how many a single one may
    hold up, as declared (0: nobody said).
    """

    n: Numbers
    k: Numbers
    near: Numbers
    bursts: Numbers
    stall: float = 0.0

    @property
    def longest(self) -> float:
        """Return how many requests one more burst may take: those of the longest seen, or declared."""
        return max(self.stall, float(self.bursts.max(initial=0.0)))

    @property
    def are_few(self) -> bool:
        """Tell whether slow requests came together, and too seldom to tell how often they do."""
        return 0 < len(self.bursts) < FEW and self.bursts.max() >= LONG


def infer(sample: Sample) -> Inference:
    """Return the share beyond a limit of rows in order of `time` (or as they stand): `y` 0 or 1, `score` the latency.

    Or counts `k.<block>`, `n.<block>` and `near.<block>` (requests beyond a second, lower limit) of 20 blocks of time
    or more, at least 20 requests each. The design effect is the larger of that beyond the limit and that of the
    slowest 5 %, as rare bursts hide; bounds Korn-Graubard 1998, no nearer than one more burst, as long as the longest,
    may take them (Fay, Feuer 1997), and of fewer than 4 bursts no nearer than blocks counted once each. A count
    `stall` declares how many requests one burst may hold up, where none so long was seen.
    "p99 below 100 ms" is: at most 1 % beyond 100 ms.
    """
    counted = _blocks_from_counts(sample) if sample.rows is None else _blocks_from_rows(columns.table(sample))
    blocks = replace(counted, stall=_stall_of(sample))
    n, k = float(blocks.n.sum()), float(blocks.k.sum())
    worth = n / max(1.0, _effect(blocks.n, blocks.k), _effect(blocks.n, blocks.near))
    groups = len(blocks.n)
    usual = Binomial(k=k * worth / n, n=worth, df=groups - 1, least=min(groups, worth))
    return Inference(
        value=k / n,
        n=int(n),
        n_eff=worth,
        method=METHOD,
        interval=_widen(usual, blocks),
        hits=int(k),
        clusters=groups,
        notes=tuple(_notes_of(blocks)),
    )


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Refuse: requests of two runs have no partners."""
    raise HarnessError(
        f"requests of two runs cannot be paired: {candidate.statistic!r} has no difference to {baseline.statistic!r} "
        "of a baseline; ask for at_most"
    )


def _stall_of(sample: Sample) -> float:
    """Return how many requests one burst may hold up as it was declared; 0 where it was not."""
    stall = float(sample.counts.get("stall", 0.0))
    if not 0 <= stall < math.inf:
        raise HarnessError(f"a stall holds up 0 requests or more; found {stall:g}; correct `stall`")
    return stall


def _widen(usual: Binomial, blocks: Blocks) -> Interval:
    """Return the further of the usual bounds and of those that know how slow requests came, or may come, together."""
    sizes, n = blocks.bursts, float(blocks.n.sum())
    if not blocks.longest:
        return usual
    stretches = 2 * len(blocks.n)  # each tells of those beyond the limit and of the slowest
    units = min(stretches, n / TELLING, BLOCKS / FEW * len(sizes))
    moves = Moves(mean=sizes.sum() / n, variance=float(sizes @ sizes) / n**2, most=blocks.longest / n)
    still = Moves(mean=0.0, variance=0.0, most=0.0)
    more = Mover(value=moves.mean, rises=moves, falls=still, variance=moves.variance, low=0.0, high=1.0)
    if not blocks.are_few:
        return Wider(one=usual, other=more, units=units)
    once = Binomial(k=int((blocks.k > 0).sum()), n=len(blocks.n))
    known = Wider(one=usual, other=once, units=units)
    return Wider(one=known, other=more, units=units) if blocks.stall else known


def _notes_of(blocks: Blocks) -> Iterator[str]:
    """Yield what few bursts, or none, do not show, and what a declared stall adds to that."""
    came = _describe_bursts(blocks)
    if blocks.are_few:
        message = f"each of {len(blocks.n)} blocks of time counts once until {FEW} are seen"
        yield f"requests beyond the limit came in {came}: how often they come is not known, so {message}"
    n, longest = int(blocks.n.sum()), int(blocks.stall)
    if longest > blocks.bursts.max(initial=0.0):
        yield f"{came} seen; stalls that hold up {longest:,} of {n:,} requests, as declared, are reckoned with"
    elif blocks.bursts.max(initial=0.0) < LONG:
        message = "longer loads would show it, and a declared `longest_stall` is reckoned with"
        yield f"a stall that comes less than 3 times in {n:,} requests may not have come; {message}"
    if blocks.near[0] > START * blocks.near.mean():
        slowest = f"{int(blocks.near[0])} of the {int(blocks.near.sum()):,} slowest requests"
        message = "if that was a start, a longer warm-up leaves it out"
        yield f"{slowest} came in the first of {len(blocks.n)} blocks of time: {message}"


def _describe_bursts(blocks: Blocks) -> str:
    """Return how many bursts were seen, in words."""
    count = len(blocks.bursts)
    largest = f", the largest of {int(blocks.bursts.max()):,}" if count else ""
    return f"{count} burst{'' if count == 1 else 's'}{largest}"


def _measure_bursts(y: Numbers) -> Numbers:
    """Return how many hits came together, each time, of rows in their order."""
    at = np.flatnonzero(y)
    starts = np.diff(at) > max(1.0, APART * len(y) / (len(at) + 1))
    return np.bincount(np.concatenate([[0], np.cumsum(starts)])[: len(at)]).astype(np.float64)


def _effect(n: Numbers, k: Numbers) -> float:
    """Return how many times the variance of a share is that of independent requests."""
    total, share, count = n.sum(), k.sum() / n.sum(), len(n)
    if not 0 < share < 1:
        return 1.0
    variance = count / (count - 1) * float(((k - share * n) ** 2).sum()) / total**2
    return float(variance / (share * (1 - share) / total))


def _blocks_from_rows(rows: pa.Table) -> Blocks:
    if "weight" in rows.column_names:
        raise HarnessError("statistic 'exceedance' cannot take weights; found column 'weight'; leave it out")
    ordered = _in_time(rows) if "time" in rows.column_names else rows
    y, latency = columns.outcomes(ordered), columns.numbers(ordered, "score")
    _refuse_few(len(y))
    slow = latency > np.quantile(latency, 1 - SHARE)
    block = np.arange(len(y)) * BLOCKS // len(y)
    counted = [np.bincount(block, each, minlength=BLOCKS).astype(np.float64) for each in (np.ones(len(y)), y, slow)]
    return Blocks(n=counted[0], k=counted[1], near=counted[2], bursts=_measure_bursts(y))


def _in_time(rows: pa.Table) -> pa.Table:
    """Return the rows in order of time; refuse those that have none."""
    columns.present(rows, "time")
    return rows.sort_by("time")


def _blocks_from_counts(sample: Sample) -> Blocks:
    counts: Mapping[str, float] = sample.counts
    names = sorted(name[2:] for name in counts if name.startswith("n."))
    n, k, near = (np.array([counts.get(f"{of}.{name}", math.nan) for name in names]) for of in ("n", "k", "near"))
    if len(names) < BLOCKS or not (n > 0).all() or not ((k >= 0) & (near >= k) & (near <= n)).all():
        raise HarnessError(
            f"statistic 'exceedance' takes rows, or counts n.<block> above 0, k.<block> and near.<block> with "
            f"k <= near <= n, of {BLOCKS} blocks of time or more; found {len(names)} blocks"
        )
    _refuse_few(int(n.sum()))
    return Blocks(n=n, k=k, near=near, bursts=_bursts_of_blocks(k))


def _bursts_of_blocks(k: Numbers) -> Numbers:
    """Return the hits of neighbouring blocks as bursts where they are few; nobody knows how those of many came."""
    starts = np.diff(k > 0, prepend=False) & (k > 0)
    sizes = np.bincount(np.cumsum(starts), k)[1:].astype(np.float64)
    return sizes if 0 < len(sizes) < FEW and sizes.max() >= LONG else np.ones(int(k.sum()))


def _refuse_few(n: int) -> None:
    if n < BLOCKS**2:
        raise HarnessError(
            f"requests are judged in {BLOCKS} blocks of {BLOCKS} or more; found {n} requests; send {BLOCKS**2} or more"
        )
