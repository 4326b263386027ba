"""Draws what verdicts rest on: ROC and precision-recall curves, reliability, confusion, and how columns moved."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from harness import HarnessError, Measurement, ReadRows, Run
from harness_reports import curves, tallies
from harness_reports.curves import Counted, Curve

SHOWN = 12  # figures of one kind that a page holds; the worst are shown, the others counted
CANDIDATE = "candidate"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Curves of the candidate and of its baselines over axes from 0 to 1, where `diagonal` is what tells nothing."""

    title: str
    caption: str
    x: str
    y: str
    curves: Sequence[Curve]
    diagonal: bool = False
    form: str = "chart"


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Rows by label (1, 0) and decision (1, 0)."""

    title: str
    caption: str
    cells: Sequence[Sequence[float]]
    form: str = "matrix"


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Shares of rows per bin, of the reference and of the rows that were judged."""

    title: str
    caption: str
    pairs: Sequence[tuple[float, float]]
    most: float
    form: str = "bars"


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A figure that cannot be drawn, and why."""

    title: str
    caption: str
    form: str = "unseen"


Figure = Chart | Matrix | Bars | Unseen
Sides = Mapping[str, Counted]  # the rows of the candidate and of each baseline


def figures(run: Run, read_rows: ReadRows) -> Sequence[Figure]:
    """Return the figures of a run: of each step what its rows show, then the columns that moved most."""
    return [*_of_rows(run, read_rows), *_of_bins(run)]


def moved_unshown(run: Run) -> int:
    """Return how many columns moved that have no figure of their own."""
    return max(len(_binned(run)) - SHOWN, 0)


def _of_rows(run: Run, read_rows: ReadRows) -> Iterator[Figure]:
    drawable = [each for each in run.measurements if _is_drawn(each)]
    seen: set[tuple[str, object]] = set()
    for measurement in drawable:
        name, draw = DRAWN[measurement.sample.statistic]
        key = (name, (measurement.step, *measurement.labels.items()))
        if key not in seen and len(seen) < SHOWN:
            seen.add(key)
            yield _draw(run, measurement, read_rows, name, draw)


def _is_drawn(measurement: Measurement) -> bool:
    """Tell whether a measurement is the candidate's, of rows, and no slice: those would be the same picture again."""
    sample = measurement.sample
    whole = not sample.where and not measurement.failure and measurement.target == CANDIDATE
    return whole and sample.statistic in DRAWN and (sample.digest is not None or sample.rows is not None)


def _draw(
    run: Run, measurement: Measurement, read_rows: ReadRows, name: str, draw: Callable[[str, Sides], Figure]
) -> Figure:
    labels = ", ".join(f"{key}={value}" for key, value in measurement.labels.items())
    title = f"{name} · {measurement.step}{f' · {labels}' if labels else ''}"
    try:
        return draw(title, _sides(run, measurement, read_rows))
    except HarnessError as error:
        return Unseen(title=title, caption=f"not drawn: {error}")


def _sides(run: Run, measurement: Measurement, read_rows: ReadRows) -> Sides:
    """Return the rows of the candidate and of the baselines that were measured by the same metric."""
    who = [CANDIDATE, *run.baselines]
    found = {name: run.measured.get((name, measurement.key), [None])[0] for name in who}
    kept = {name: each for name, each in found.items() if each is not None and not each.failure}
    return {name: curves.count(read_rows(each)) for name, each in kept.items()}


def _roc(title: str, sides: Sides) -> Figure:
    drawn = [curves.roc(name, rows) for name, rows in sides.items()]
    return Chart(
        title=title,
        caption=_counted(sides),
        x="false positive rate",
        y="true positive rate",
        curves=drawn,
        diagonal=True,
    )


def _precision_recall(title: str, sides: Sides) -> Figure:
    drawn = [curves.precision_recall(name, rows) for name, rows in sides.items()]
    return Chart(title=title, caption=_counted(sides), x="recall", y="precision", curves=drawn)


def _reliability(title: str, sides: Sides) -> Figure:
    drawn = [curves.reliability(name, rows) for name, rows in sides.items()]
    return Chart(
        title=title,
        caption=f"{_counted(sides)}; tenths of the rows by score, each with its share's 95 % interval (Wilson)",
        x="mean score",
        y="share of positives",
        curves=drawn,
        diagonal=True,
    )


def _confusion(title: str, sides: Sides) -> Figure:
    rows = sides[CANDIDATE]
    return Matrix(title=title, caption=_counted({CANDIDATE: rows}), cells=curves.confusion(rows))


DRAWN: Mapping[str, tuple[str, Callable[[str, Sides], Figure]]] = {
    "auc": ("ROC", _roc),
    "average_precision": ("Precision and recall", _precision_recall),
    "calibration": ("Reliability", _reliability),
    "brier": ("Reliability", _reliability),
    "f1": ("Confusion", _confusion),
    "balanced_accuracy": ("Confusion", _confusion),
}


def _counted(sides: Sides) -> str:
    rows = sides[CANDIDATE]
    return f"{rows.y.size:,} rows, {int(rows.y.sum()):,} positive"


def _of_bins(run: Run) -> Iterator[Figure]:
    for measurement in islice(_binned(run), SHOWN):
        counts = measurement.sample.counts
        pairs = curves.shares(_side(counts, "reference."), _side(counts, "current."))
        if not pairs:
            continue
        name = ", ".join(f"{value}" for value in measurement.labels.values())
        yield Bars(
            title=f"{name or measurement.metric} · {measurement.step}",
            caption=f"{sum(_side(counts, 'current.')):,.0f} rows against {sum(_side(counts, 'reference.')):,.0f}",
            pairs=pairs,
            most=max(max(pair) for pair in pairs),
        )


def _binned(run: Run) -> Sequence[Measurement]:
    """Return one measurement of bins for each column that was judged, the worst verdict first."""
    verdicts = {verdict.key: verdict for verdict in run.verdicts}
    found: dict[tuple[str, object], tuple[tuple[int, float], Measurement]] = {}
    for each in run.measurements:
        if each.sample.statistic not in ("psi", "js") or not each.sample.counts or each.key not in verdicts:
            continue
        verdict = verdicts[each.key]
        value = verdict.estimate.value if verdict.estimate else math.inf
        rank = (tallies.ORDER.index(verdict.outcome), -value)
        key = (each.step, tuple(each.labels.items()))
        if key not in found or rank < found[key][0]:
            found[key] = (rank, each)
    return [each for _, each in sorted(found.values(), key=lambda entry: entry[0])]


def _side(counts: Mapping[str, float], prefix: str) -> Sequence[float]:
    return [value for name, value in counts.items() if name.startswith(prefix)]
