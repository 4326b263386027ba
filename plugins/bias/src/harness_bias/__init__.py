"""Measures whether groups of people are decided about alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field

from harness import Check, Dataset, Measurement, check, hookimpl

RateName = Literal["selection_rate", "tpr", "fpr", "fnr", "precision"]
Asked = Literal[RateName, "equalized_odds", "calibration"]
RATES: tuple[RateName, ...] = get_args(RateName)
DEFAULT: tuple[Asked, ...] = (*RATES, "equalized_odds")
METRICS: Mapping[str, str] = {
    **{str(rate): "proportion" for rate in RATES},
    **{f"{rate}_ratio": "ratio" for rate in RATES},
    **{f"{rate}_gap": "gap" for rate in RATES},
    "equalized_odds": "odds",
    "calibration": "calibration",
}
Rates = Annotated[Sequence[Asked], Field(min_length=1)]
Groups = Annotated[Sequence[str], Field(min_length=1)]


@check("bias.group_rates", metrics=METRICS)
def group_rates(
    data: Dataset,
    *,
    groups: Groups,
    reference: str | Mapping[str, str],
    intersections: bool = False,
    rates: Rates = DEFAULT,
) -> Iterator[Measurement]:
    """Measure each group's rates, and their ratios and gaps to one reference group that is named in advance."""
    from harness_bias import comparison, grouping, rows  # noqa: PLC0415 - pyarrow costs, and listing needs none of it

    cells, known = grouping.count_cells(data, groups), grouping.outcomes(data)
    calibrated, together = "calibration" in rates, not grouping.independent(data)
    found = rows.fetch_rows(data, groups, calibrated) if calibrated or together else None
    for grouped in grouping.groupings(cells, groups, reference, intersections):
        yield from comparison.measure_rates(grouped, found if together else None, known, rates)
        if found is not None and calibrated:
            yield from comparison.calibration(grouped, found)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `bias.group_rates`."""
    return {group_rates.name: group_rates}
