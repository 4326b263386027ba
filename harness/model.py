"""The values that travel from suite to promotion: frozen, keyword-only, and plain enough to store as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import pyarrow as pa
from pydantic import Field, GetPydanticSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import core_schema

from harness import words
from harness.errors import did_you_mean
from harness.requirements import Better as Better
from harness.requirements import Labels as Labels
from harness.requirements import Requirement

if TYPE_CHECKING:
    import pandas

Outcome = Literal["pass", "fail", "inconclusive", "error"]
Decision = Literal["pass", "waived", "fail", "inconclusive", "error"]
Rows = Annotated[
    SkipJsonSchema[pa.Table | None],
    GetPydanticSchema(lambda _source, _handler: core_schema.any_schema()),
    Field(exclude=True),
]

WORST_FIRST: tuple[Outcome, ...] = ("error", "fail", "inconclusive", "pass")
CANDIDATE = "candidate"
SCHEDULE = "schedule"  # the trigger of runs that watch what is deployed
TRIGGERS = ("code", "data", "degradation", SCHEDULE, "manual")


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome that decides for all: error > fail > inconclusive > pass; of none, error."""
    return min(outcomes, key=WORST_FIRST.index) if outcomes else "error"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What exactly was judged: a revision, the digest that proves it, and the parts it is made of."""

    revision: str
    digest: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what tells candidates apart: the digest, or the revision of one that is only declared."""
        return self.digest or f"declared {self.revision}"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a statistic is computed from: mergeable counts, or rows.

    `rows` has one row per observation: `y` (0/1 or a number), `score`, `id`, `weight`, and any number of
    `cluster.<column>` and `slice.<column>` columns. The run stores them under `digest`.
    Rows of `proportion` and `mean`: `y`; of `auc`, `average_precision`, `brier` and `calibration`: `y` and `score`; of
    `f1`: `score` is the decision; of `value_rate`: `score` is what a row is worth; of `gap` and `ratio`: `y` and
    `reference`, 1 in the reference group; of `judged`: `score` by the judge, `y` by a person or missing; of
    `exceedance`: `y`, `score` the latency, and `time`.
    Counts of `proportion`: `k` of `n`; of `gap`, `ratio` and `canary` also `k_ref` of `n_ref`; of `sequence`: `k`, `n`
    (it and `canary` may have `plan`); of `odds` the four of each rate, `tpr.k` to
    `fpr.n_ref`; of `psi`, `js` and `ks`: `reference.<bin>` and `current.<bin>` (and `within`, by how
    much the counts may be off); of `judged`: `k`,
    `n`, `tp` of `positives`, `tn` of `negatives`; of `exceedance`: `n.<block>`, `k.<block>`, `near.<block>`; of `exact`
    and `point`: `value` (and `n`).
    """

    statistic: str
    counts: Mapping[str, float] = field(default_factory=dict)
    rows: Rows = field(default=None, repr=False, compare=False)
    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What it means, for those who read a verdict, that it is `own` and the worst of the check `beside` is `then`."""

    own: Outcome
    beside: str
    then: Outcome
    says: str


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One metric as a check saw it; it carries its sample and knows no threshold.

    `unit` names what is counted ("frauds"), `event` what happened to the good ones ("caught").
    `target` is "candidate" or the name of the baseline that was measured. `failure` says why this one could not be
    made while others were: its verdict is an error. `readings` tell what it means beside other checks.
    """

    metric: str
    sample: Sample
    better: Better = "higher"
    unit: str = "rows"
    event: str = ""
    labels: Labels = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    readings: tuple[Reading, ...] = ()
    check: str = ""
    step: str = ""
    target: str = CANDIDATE


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with one-sided bounds, each at `level` (0.95 means each bound errs at most 5 % of the time).

    `n` counts observations of the unit, `n_eff` how many independent ones they are worth. Against a baseline
    all three are the difference candidate - baseline. A point has no bounds. `p_fail` is the p-value against
    "the requirement is met".
    """

    value: float
    lower: float | None
    upper: float | None
    level: float
    n: int
    n_eff: float
    method: str
    hits: int | None = None
    clusters: int | None = None
    p_fail: float | None = None


@dataclass(frozen=True, kw_only=True)
class Look:
    """Which look at rows of one candidate a verdict is, of how many planned, and the evidence of all of them.

    `joined` counts the rows that only earlier looks saw; counts cannot be joined, so each look at them is judged
    `alone`; a look beyond the planned ones is `spent` and not judged.
    """

    number: int
    planned: int
    evidence: tuple[str, ...] = ()
    joined: int = 0
    alone: bool = False
    spent: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One requirement held to one measurement.

    `n_needed` is how many observations in all decide it if the truth is what the requirement plans for;
    `plans` lists (truth, n) for that truth, or for a few where it plans for none.
    """

    check: str
    metric: str
    outcome: Outcome
    reason: str
    requirement: Requirement
    step: str = ""
    labels: Labels = field(default_factory=dict)
    estimate: Estimate | None = None
    n_needed: int | None = None
    plans: tuple[tuple[float, int], ...] = ()
    statistic: str = ""
    better: Better = "higher"
    unit: str = "rows"
    event: str = ""
    notes: tuple[str, ...] = ()
    look: Look | None = None

    @property
    def name(self) -> str:
        """Return the metric with its labels: `recall[channel=web]`."""
        labels = ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        return f"{self.metric}[{labels}]" if labels else self.metric

    def explain(self) -> str:
        """Return the verdict as a short paragraph in plain words."""
        return words.explain(self)

    def asked(self) -> str:
        """Return what was asked, in words."""
        return words.asked(self)

    def shown(self) -> str:
        """Return the value with its interval, in words."""
        return words.shown(self)


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a run read: where from, its digest, the row filters as they were resolved, and how old it is.

    `judged` tells whether a check measured its rows, or they only served to compare or to set an operating point.
    `origins` are what the suite says of where the rows came from, and what DVC tracks.
    """

    uri: str
    digest: str
    rows: int
    filters: tuple[str, ...] = ()
    latest: datetime | None = None
    judged: bool = True
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Run:
    """The record of one suite held to one candidate; a baseline that does not exist yet is None."""

    id: str
    digest: str
    project: str
    suite: str
    suite_digest: str
    candidate: Identity
    verdicts: tuple[Verdict, ...]
    measurements: tuple[Measurement, ...]
    baselines: Mapping[str, Identity | None] = field(default_factory=dict)
    datasets: Mapping[str, Data] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    trigger: str = "manual"
    origin: Literal["cli", "pytest", "interactive"] = "cli"
    seed: int = 0
    as_of: datetime
    started: datetime
    finished: datetime
    cost: Mapping[str, float] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of the musts; of a run without musts, error."""
        return worst([verdict.outcome for verdict in self.verdicts if verdict.requirement.severity == "must"])

    @property
    def recorded(self) -> bool:
        """Tell whether this run counts: an interactive one is never looked at again."""
        return self.origin != "interactive"

    @property
    def scheduled(self) -> bool:
        """Tell whether this run watches what is deployed: each window is a question of its own; it promotes nothing."""
        return self.trigger == SCHEDULE

    def __getitem__(self, name: str) -> Verdict:
        """Return the verdict of a metric, by its name with labels if it has some; of several, the worst."""
        found = [verdict for verdict in self.verdicts if verdict.name == name]
        if not found:
            raise KeyError(f"run {self.id} judged no {name!r}{did_you_mean(name, [v.name for v in self.verdicts])}")
        return min(found, key=lambda verdict: WORST_FIRST.index(verdict.outcome))

    def folded(self) -> Sequence[tuple[Verdict, ...]]:
        """Return the verdicts for a reader: passes of one requirement that found the same are one entry."""
        entries: dict[object, list[Verdict]] = {}
        for place, verdict in enumerate(self.verdicts):
            same = (verdict.step, str(verdict.requirement), verdict.shown()) if verdict.outcome == "pass" else place
            entries.setdefault(same, []).append(verdict)
        return [tuple(entry) for entry in entries.values()]

    def to_frame(self) -> "pandas.DataFrame":
        """Return a row per verdict as a pandas frame."""
        frame: pandas.DataFrame = pa.Table.from_pylist([_row(verdict) for verdict in self.verdicts]).to_pandas()
        return frame

    def _repr_html_(self) -> str:
        return words.html(self)


def _row(verdict: Verdict) -> dict[str, object]:
    estimate = verdict.estimate
    numbers = ("value", "lower", "upper", "n", "n_eff", "method")
    return {
        "check": verdict.check,
        "metric": verdict.name,
        "outcome": verdict.outcome,
        **{name: getattr(estimate, name, None) for name in numbers},
        "asked": verdict.asked(),
        "n_needed": verdict.n_needed,
        "reason": verdict.reason,
    }


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a gate decided for one candidate, why, what to beware of, and from which runs."""

    project: str
    gate: str
    candidate: Identity
    outcome: Decision
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    runs: Mapping[str, str]
    decided: datetime
    blocks: bool
