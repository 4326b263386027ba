"""How unusual the current window is among past ones: a rank, which no season and no number of columns deceives.

Every window is compared with all others together, the current one like any other. If it were exchangeable with W past
ones, fewer than k of them would be as unusual as it with chance k / (W + 1) at most.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness import ColumnProfile, HarnessError, Measurement, samples
from harness_drift import rounded
from harness_drift.distances import Codes, Numbers, between_quantiles
from harness_drift.windowed import Windows

BINS = 10
MOST_CATEGORIES = 30
LEAST_SPREAD = 1e-9


def measure(windows: Windows) -> Iterator[Measurement]:
    """Yield how many past windows were as unusual as the current one: over all columns at once, and for each."""
    names = list(windows.past)
    unusual: dict[str, Numbers] = {}
    failures: dict[str, str] = {}
    for column in dict.fromkeys(name for each in (*windows.past.values(), windows.current) for name in each.columns):
        try:
            unusual[column] = standard_scores(effects(_counts(_column(windows, column))))
        except HarnessError as error:
            failures[column] = str(error)
    yield _overall(unusual, failures, names)
    for column, scores in unusual.items():
        yield _measurement("column_windows_as_extreme", scores, names, {"column": column})
    for column, reason in failures.items():
        yield _failure_measurement("column_windows_as_extreme", reason, {"column": column})


def effects(counts: Codes) -> Numbers:
    """Return each window's PSI against all others together, less what noise adds; a row of counts is a window."""
    smoothed = counts[:, counts.sum(axis=0) > 0] + 0.5
    others = smoothed.sum(axis=0) - smoothed
    p, q = (side / side.sum(axis=1, keepdims=True) for side in (smoothed, others))
    noise = (smoothed.shape[1] - 1) * (1 / smoothed.sum(axis=1) + 1 / others.sum(axis=1))
    found: Numbers = ((p - q) * np.log(p / q)).sum(axis=1) - noise
    return found


def standard_scores(effect: Numbers) -> Numbers:
    """Return how many standard deviations of the others each effect lies above their mean."""
    count = effect.size - 1
    mean = (effect.sum() - effect) / count
    square = np.array([np.delete(effect, place).var() for place in range(effect.size)])
    found: Numbers = (effect - mean) / np.maximum(np.sqrt(square), LEAST_SPREAD)
    return found


def _overall(unusual: Mapping[str, Numbers], failures: Mapping[str, str], names: Sequence[str]) -> Measurement:
    if failures or not unusual:
        message = "; ".join(failures.values()) or "there is no column to compare"
        return _failure_measurement("windows_as_extreme", f"not every column can be compared: {message}", {})
    scores = np.array(list(unusual.values()))
    most = list(unusual)[int(scores[:, -1].argmax())]
    return _measurement("windows_as_extreme", scores.max(axis=0), names, {}, column=most)


def _measurement(
    metric: str, scores: Numbers, names: Sequence[str], labels: Mapping[str, str], **evidence: str
) -> Measurement:
    alike = [name for name, score in zip(names, scores[:-1], strict=True) if score >= scores[-1]]
    message = {"rank": f"{len(alike) + 1} of {len(names) + 1}", "effect": f"{scores[-1]:.3g}", **evidence}
    most = f"; the column most unlike them is {evidence['column']!r}" if evidence else ""
    return Measurement(
        metric=metric,
        unit=f"past windows{most}",
        labels=labels,
        sample=samples.exact(value=len(alike), n=len(names)),
        evidence={**message, **({"like": ", ".join(alike[-5:])} if alike else {})},
    )


def _failure_measurement(metric: str, reason: str, labels: Mapping[str, str]) -> Measurement:
    sample = samples.unmeasured("exact")
    return Measurement(metric=metric, unit="windows", labels=labels, sample=sample, failure=reason)


def _column(windows: Windows, name: str) -> Sequence[ColumnProfile]:
    """Return one column of every window, the current one last."""
    profiles = {**windows.past, "the current window": windows.current}
    without = [window for window, profile in profiles.items() if name not in profile.columns]
    if without:
        raise HarnessError(f"column {name!r} is not in {', '.join(without[:3])}; name other `columns`")
    found = [profile[name] for profile in profiles.values()]
    empty = [window for window, column in zip(profiles, found, strict=True) if not column.rows]
    if empty:
        raise HarnessError(f"{', '.join(empty[:3])} has no rows; leave it out or repair it")
    kinds = sorted({column.kind for column in found if column.present})
    if len(kinds) > 1:
        raise HarnessError(f"column {name!r} is {' in some windows and '.join(kinds)} in others; use one type")
    rounded.refuse(found, [windows.types.get(name, "")])
    return found


def _counts(columns: Sequence[ColumnProfile]) -> Codes:
    """Return a row of counts for each window: missing, below and above all numbers, then the bins of all windows."""
    apart = np.array([[column.missing, column.below, column.above] for column in columns])
    of_kind = _category_counts if any(column.categories for column in columns) else _number_counts
    return np.hstack([apart, of_kind(columns)])


def _number_counts(columns: Sequence[ColumnProfile]) -> Codes:
    shift = max(column.bins.shift for column in columns)
    bins = [column.bins.coarsen(shift) for column in columns]
    codes = np.unique(np.concatenate([each.bin for each in bins]))
    if not codes.size:
        return np.zeros((len(columns), 0), np.int64)
    counts = np.zeros((len(columns), codes.size), np.int64)
    for row, each in zip(counts, bins, strict=True):
        row[np.searchsorted(codes, each.bin)] = each.count
    found: Codes = np.add.reduceat(counts, between_quantiles(counts.sum(axis=0), BINS), axis=1)
    return found


def _category_counts(columns: Sequence[ColumnProfile]) -> Codes:
    total: dict[str, int] = {}
    for column in columns:
        for name, count in column.categories.items():
            total[name] = total.get(name, 0) + count
    named = sorted(total, key=lambda name: (-total[name], name))[:MOST_CATEGORIES]
    counts = np.array([[column.categories.get(name, 0) for name in named] for column in columns])
    rest = np.array([column.present for column in columns]) - counts.sum(axis=1)
    return np.hstack([counts, rest[:, None]])
