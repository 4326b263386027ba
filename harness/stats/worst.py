"""The worst of several groups: the least of what is better higher, the greatest of what is better lower."""

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import HarnessError
from harness.stats import (
    auc,
    average_precision,
    balanced_accuracy,
    brier,
    calibration,
    columns,
    f1,
    mean,
    proportion,
)
from harness.stats.inference import Inference, Worst
from harness.values.samples import Sample

GROUP = "group"
INFER: Mapping[str, Callable[[Sample], Inference]] = {
    "proportion": proportion.infer,
    "mean": mean.infer,
    "auc": auc.infer,
    "average_precision": average_precision.infer,
    "f1": f1.infer,
    "balanced_accuracy": balanced_accuracy.infer,
    "brier": brier.infer,
    "calibration": calibration.infer,
}


def infer(sample: Sample) -> Inference:
    """Return the worst value of rows with `group`, and `y` and `score` as the statistic named in the counts reads them.

    Counts hold one name, of that statistic, with 1 where higher is better and -1 where lower is; none is a proportion.
    The bound on the bad side is the worst of the groups' own, as an intersection-union test keeps its level (Berger
    1982); that on the good side takes every group for a try (Bonferroni), as the worst is chosen by what was seen.
    """
    name, sign = next(iter(sample.counts.items()), ("proportion", 1.0))
    groups = _infer_groups(sample, name)
    worst = min(groups.values(), key=lambda each: sign * each.value)

    def bounds_at(alpha: float) -> tuple[float, float]:
        own = [each.bounds(alpha) for each in groups.values()]
        shared = [each.bounds(alpha / len(groups)) for each in groups.values()]
        if sign > 0:
            return min(low for low, _ in own), min(high for _, high in shared)
        return max(low for low, _ in shared), max(high for _, high in own)

    clusters = [each.clusters for each in groups.values() if each.clusters is not None]
    return Inference(
        value=worst.value,
        n=sum(each.n for each in groups.values()),
        n_eff=sum(each.n_eff for each in groups.values()),
        method=f"worst of {len(groups)} groups, {worst.method}",
        interval=Worst(at=bounds_at, parts=tuple(groups.values())),
        clusters=min(clusters) if clusters else None,
        notes=next((each.notes for each in groups.values() if each.notes), ()),
    )


def no_difference(candidate: Sample, baseline: Sample) -> Inference:
    """Refuse to compare two, each of which may be of another group."""
    raise HarnessError(
        f"statistic {candidate.statistic!r} cannot be compared with that of a baseline; compare each group's own value"
    )


def _infer_groups(sample: Sample, name: str) -> Mapping[str, Inference]:
    if name not in INFER:
        raise HarnessError(f"no worst of {name!r} is known; there is {', '.join(INFER)}")
    rows = columns.table(sample)
    for needed in (GROUP, "score"):
        if needed not in rows.column_names:
            raise HarnessError(f"statistic 'worst' reads columns y, score and group; found no {needed!r}")
    words = rows[GROUP].cast(pa.string())
    if words.null_count:
        raise HarnessError(f"{words.null_count} rows have no {GROUP!r}; make a group of them, or leave them out")
    return {group: _infer_group(name, rows.filter(pc.equal(words, group)), group) for group in _values(words)}


def _values(words: pa.ChunkedArray) -> list[str]:
    return sorted(pc.unique(words).to_pylist())


def _infer_group(name: str, rows: pa.Table, group: str) -> Inference:
    """Return what one group shows; of a group that shows nothing nobody knows whether it is the worst."""
    try:
        return INFER[name](Sample(statistic=name, rows=rows.drop_columns([GROUP])))
    except HarnessError as error:
        raise HarnessError(f"group {group!r}: {error}; merge it with a like group, or leave it out") from error
