"""The record of one suite held to one candidate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from harness.errors import did_you_mean
from harness.values.calls import Calls
from harness.values.cost import Cost
from harness.values.identity import Identity
from harness.values.keys import MetricKey
from harness.values.measurements import Measurement
from harness.values.outcomes import WORST_FIRST, Outcome, worst
from harness.values.statistics import keeps_own_scores
from harness.values.verdicts import Verdict
from harness.values.versions import RECORD_VERSION

SCHEDULE = "schedule"  # the trigger of runs that watch what is deployed
TRIGGERS = ("code", "data", "degradation", SCHEDULE, "manual")
LEVELS = ("none", "ids", "masked", "full")  # which rows are kept behind a verdict


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a run read: where from, its digest, the row filters as they were resolved, and how old it is.

    `judged` tells whether a check measured its rows, or they only served to compare or to set an operating point.
    `read` is how many rows the source had before its filters, where it has some; a record of before does not say.
    `repeated` is how many rows have the score, label and time of another, where that is no chance.
    `provenance` are what the suite says of where the rows came from, and what DVC tracks.
    """

    uri: str
    digest: str
    rows: int
    filters: tuple[str, ...] = ()
    latest: datetime | None = None
    judged: bool = True
    provenance: tuple[str, ...] = ()
    read: int | None = None
    repeated: int = 0


@dataclass(frozen=True, kw_only=True)
class Run:
    """The record of one suite held to one candidate; a baseline that does not exist yet is None.

    `earlier` are the ids of the recorded runs that it was judged together with; a record of before does not say.
    `calls` says how language models were called, None if none was.
    """

    record_version: int = RECORD_VERSION
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
    cost: Cost = field(default_factory=Cost)
    earlier: tuple[str, ...] | None = None
    calls: Calls | None = None

    @cached_property
    def measured(self) -> Mapping[tuple[str, MetricKey], Sequence[Measurement]]:
        """Return the measurements by target and key: one each, unless a check measured it twice."""
        found: dict[tuple[str, MetricKey], list[Measurement]] = {}
        for measurement in self.measurements:
            found.setdefault((measurement.target, measurement.key), []).append(measurement)
        return found

    @cached_property
    def judged(self) -> Mapping[MetricKey, Sequence[Verdict]]:
        """Return the verdicts by key: one for each requirement that the metric is held to."""
        found: dict[MetricKey, list[Verdict]] = {}
        for verdict in self.verdicts:
            found.setdefault(verdict.key, []).append(verdict)
        return found

    @property
    def alike(self) -> frozenset[str]:
        """Return the keys of other candidates at which some looks were looks at this one, as they scored alike."""
        return frozenset(key for verdict in self.verdicts if verdict.look for key in verdict.look.alike)

    @property
    def twins(self) -> frozenset[str]:
        """Return the keys of other candidates that are this one: each step that keeps scores of rows found them alike.

        A step without (of group rates, of latencies, of counts) tells nothing of that, and neither does a requirement
        that was never asked of the other before.
        """
        found: dict[str, set[str]] = {}
        for verdict in self.verdicts:
            if verdict.look and not verdict.look.alone:
                found.setdefault(verdict.step, set()).update(verdict.look.alike)
        scored = {each.step for each in self.measurements if keeps_own_scores(each.sample.statistic)}
        return self.alike.intersection(*(keys for step, keys in found.items() if keys or step in scored))

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of the musts; of a run without musts, error."""
        return worst([verdict.outcome for verdict in self.verdicts if verdict.requirement.severity == "must"])

    @property
    def is_recorded(self) -> bool:
        """Tell whether this run counts: an interactive one is never looked at again."""
        return self.origin != "interactive"

    @property
    def is_scheduled(self) -> bool:
        """Tell whether this run watches what is deployed: each window is a question of its own; it promotes nothing."""
        return self.trigger == SCHEDULE

    def __getitem__(self, name: str) -> Verdict:
        """Return the verdict of a metric, by its name with labels if it has some; of several, the worst."""
        found = [verdict for verdict in self.verdicts if verdict.name == name]
        if not found:
            raise KeyError(f"run {self.id} judged no {name!r}{did_you_mean(name, [v.name for v in self.verdicts])}")
        return min(found, key=lambda verdict: WORST_FIRST.index(verdict.outcome))
