"""The share of requests beyond a limit, where slow requests come in bursts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from harness.errors import HarnessError
from harness.stats import columns
from harness.stats.binomial import Binomial
from harness.stats.columns import Numbers
from harness.stats.inference import Inference
from harness.values.samples import Sample

BLOCKS = 20
SHARE = 0.05  # the slowest share of requests, whose bursts are easier to see than those beyond the limit
METHOD = "Korn-Graubard, blocks"


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """For each stretch of time: requests, those beyond the limit, those among the run's slowest."""

    n: Numbers
    k: Numbers
    near: Numbers


def infer(sample: Sample) -> Inference:
    """Return the share beyond a limit of rows in order of `time` (or as they stand): `y` 0 or 1, `score` the latency.

    Or counts `k.<block>`, `n.<block>` and `near.<block>` (requests beyond a second, lower limit) of 20 blocks of time
    or more, at least 20 requests each. The design effect is the larger of that beyond the limit and that of the
    slowest 5 %, as rare bursts hide; bounds Korn-Graubard 1998. "p99 below 100 ms" is: at most 1 % beyond 100 ms.
    """
    blocks = _blocks_from_counts(sample) if sample.rows is None else _blocks_from_rows(columns.table(sample))
    n, k = float(blocks.n.sum()), float(blocks.k.sum())
    worth = n / max(1.0, _effect(blocks.n, blocks.k), _effect(blocks.n, blocks.near))
    groups = len(blocks.n)
    interval = Binomial(k=k * worth / n, n=worth, df=groups - 1, least=min(groups, worth))
    return Inference(value=k / n, n=int(n), n_eff=worth, method=METHOD, interval=interval, hits=int(k), clusters=groups)


def difference(candidate: Sample, baseline: Sample) -> Inference:
    """Refuse: requests of two runs have no partners."""
    raise HarnessError(
        f"requests of two runs cannot be paired: {candidate.statistic!r} has no difference to {baseline.statistic!r} "
        "of a baseline; ask for at_most"
    )


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
    return Blocks(n=counted[0], k=counted[1], near=counted[2])


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
    return Blocks(n=n, k=k, near=near)


def _refuse_few(n: int) -> None:
    if n < BLOCKS**2:
        raise HarnessError(
            f"requests are judged in {BLOCKS} blocks of {BLOCKS} or more; found {n} requests; send {BLOCKS**2} or more"
        )
