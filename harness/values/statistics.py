"""What is known of each statistic before any sample is computed from: light, so that listing and validating ask it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.values.requirements import Better

ANY, BOTH_WAYS = (-math.inf, math.inf), (-1.0, 1.0)
OUTCOMES, SCORED, COMPARED = frozenset({"y"}), frozenset({"y", "score"}), frozenset({"y", "reference"})


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """What is asked about one kind of sample.

    `keeps` names the columns of rows that it reads, beside `id`, `weight` and clusters; none where it reads counts.
    `clusters` tells whether its rows may come in clusters. `limits` are the least and the greatest value. `interval` is
    estimated, exact where a value is certain of what it is about, or unknown. `complete` is False where a value is an
    estimate even for its own rows. `shown_as` shares in percent, differences with a sign. `looks` at new rows are
    counted, or cost nothing because bounds hold at any time, or are none, as nothing is estimated. `better` is the good
    side, where it is always the same. `proves` is False where bounds are of what a judge says and not of what is true,
    so that no must can pass or fail by them.
    """

    keeps: frozenset[str] = frozenset()
    clusters: bool = True
    limits: tuple[float, float] = (0.0, 1.0)
    interval: Literal["estimated", "exact", "unknown"] = "estimated"
    complete: bool = True
    shown_as: Literal["share", "number", "difference"] = "number"
    looks: Literal["counted", "anytime", "none"] = "counted"
    better: Better | None = None
    proves: bool = True

    @property
    def has_interval(self) -> bool:
        """Tell whether bounds are known, so that something can be decided."""
        return self.interval != "unknown"


STATISTICS: Mapping[str, Statistic] = {
    "proportion": Statistic(keeps=OUTCOMES, shown_as="share"),
    "mean": Statistic(keeps=OUTCOMES, limits=ANY),
    "auc": Statistic(keeps=SCORED),
    "average_precision": Statistic(keeps=SCORED),
    "f1": Statistic(keeps=SCORED),
    "balanced_accuracy": Statistic(keeps=SCORED, shown_as="share"),
    "brier": Statistic(keeps=SCORED, better="lower"),
    "calibration": Statistic(keeps=SCORED, better="lower"),
    "value_rate": Statistic(keeps=SCORED),
    "gap": Statistic(keeps=COMPARED, limits=BOTH_WAYS, shown_as="difference"),
    "ratio": Statistic(keeps=COMPARED, limits=ANY),
    "odds": Statistic(keeps=SCORED | COMPARED, better="lower"),
    "worst": Statistic(keeps=SCORED | {"group"}, limits=ANY),
    "psi": Statistic(clusters=False, limits=ANY, better="lower"),
    "js": Statistic(clusters=False, better="lower"),
    "ks": Statistic(clusters=False, better="lower"),
    "judge_correction": Statistic(keeps=SCORED, complete=False),
    "judge_mean": Statistic(keeps=OUTCOMES, proves=False),
    "exceedance": Statistic(keeps=SCORED | {"time"}, clusters=False),
    "canary": Statistic(clusters=False, limits=BOTH_WAYS, looks="anytime"),
    "sequence": Statistic(clusters=False, looks="anytime"),
    "exact": Statistic(clusters=False, limits=ANY, interval="exact", looks="none"),
    "point": Statistic(clusters=False, limits=ANY, interval="unknown", looks="none"),
}
UNKNOWN = Statistic(limits=ANY)
GIVEN_SCORES = ("exceedance", "odds", "value_rate")  # here `score` is not what the candidate made of a row


def keeps_own_scores(statistic: str) -> bool:
    """Tell whether rows keep what the candidate made of each, by which a model that is logged again is known."""
    return describe_statistic(statistic).keeps >= SCORED and statistic not in GIVEN_SCORES


def describe_statistic(name: str) -> Statistic:
    """Return what is known of a statistic, by its name; of one that a record does not name, no more than of any."""
    return STATISTICS.get(name, UNKNOWN)
