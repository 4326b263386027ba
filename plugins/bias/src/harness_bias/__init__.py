"""Measures whether groups of people are decided about alike."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, get_args

from pydantic import Field

from harness import Check, Dataset, Measurement, check, hookimpl

RateName = Literal["selection_rate", "tpr", "fpr", "fnr", "precision"]
MoreName = Literal[
    "specificity", "accuracy", "f1", "balanced_accuracy", "roc_auc", "average_precision", "brier", "log_loss"
]
Asked = Literal[RateName, "equalized_odds", "calibration", MoreName]
MORE: tuple[MoreName, ...] = get_args(MoreName)
Reference = str | bool | int | Annotated[float, Field(allow_inf_nan=False)] | datetime | date
RATES: tuple[RateName, ...] = get_args(RateName)
DEFAULT: tuple[Asked, ...] = (*RATES, "equalized_odds")
METRICS: Mapping[str, str] = {
    **{str(rate): "proportion" for rate in RATES},
    **{f"{rate}_ratio": "ratio" for rate in RATES},
    **{f"{rate}_gap": "gap" for rate in RATES},
    "equalized_odds": "odds",
    "calibration": "calibration",
    **dict.fromkeys(("specificity", "accuracy"), "proportion"),
    **{name: name for name in ("f1", "balanced_accuracy", "average_precision", "brier")},
    "roc_auc": "auc",
    "log_loss": "mean",
    **{f"{name}_worst": "worst" for name in (*RATES, "calibration", *MORE)},
}
Rates = Annotated[Sequence[Asked], Field(min_length=1)]
Groups = Annotated[Sequence[str], Field(min_length=1)]


@check("bias.group_rates", metrics=METRICS)
def group_rates(
    data: Dataset,
    *,
    groups: Groups,
    reference: Reference | Mapping[str, Reference],
    intersections: bool = False,
    rates: Rates = DEFAULT,
    worst: bool = False,
) -> Iterator[Measurement]:
    """Measure each group's rates, their ratios and gaps to one reference group named in advance, and the worst."""
    from harness_bias import comparison, grouping, metrics, rows  # noqa: PLC0415 - pyarrow costs, and listing needs none of it

    cells, known = grouping.count_cells(data, groups), grouping.outcomes(data)
    calibrated, together = "calibration" in rates, not grouping.independent(data)
    more = [name for name in MORE if name in rates]
    scored = calibrated or any("score" in metrics.METRICS[name].needs for name in more)
    found = rows.fetch_rows(data, groups, scored) if scored or together or worst or more else None
    for grouped in grouping.groupings(cells, groups, reference, intersections):
        yield from comparison.measure_rates(grouped, found if together else None, known, rates)
        if found is None:
            continue
        if calibrated:
            yield from comparison.calibration(grouped, found)
        yield from metrics.measure_groups(grouped, found, more)
        if worst:
            yield from metrics.measure_worst(grouped, found, metrics.measurable(rates, known))


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `bias.group_rates`."""
    return {group_rates.name: group_rates}
