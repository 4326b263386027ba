"""What `ci/pipelines.yaml` says: targets, their stages, and which event leads through which of them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness import parse, read_yaml
from harness_ci.canaries import Canary
from harness_ci.elsewhere import Elsewhere
from harness_ci.ramps import Ramp
from harness_ci.spans import Secret, Span, Strict
from harness_ci.triggers.schedules import moment_before

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
STORES = ("s3://", "abfs://", "abfss://")
COPIED = ("sqlite:///", *STORES)


Name = Annotated[str, Field(pattern=NAME)]


class Hooks(Strict):
    """The secrets of those who may tell that something happened; who has none is not listened to."""

    github: Secret | None = None
    gitlab: Secret | None = None
    azure: Secret | None = None
    mlflow: Secret | None = None
    alertmanager: Secret | None = None
    api: Secret | None = None
    gates: Secret | None = None


class Statuses(Strict):
    """Where GitHub is told how pipelines stand, with whose token, and as a `status` or as a `check` run of an App."""

    api: str = "https://api.github.com"
    token: Secret
    kind: Literal["status", "check"] = "status"


class Repository(Strict):
    """Where a target's code is, what its forge calls it, and which branch is protected."""

    url: str
    branch: str = "main"
    github: str | None = None
    gitlab: str | None = None
    azure: bool = False
    poll: Span | None = None
    statuses: Statuses | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.statuses and not self.github:
            raise ValueError("`statuses` are GitHub's; say what it calls the repository, as `github: owner/name`")
        if self.azure and not self.poll:
            raise ValueError("`azure` signs nothing, so its deliveries are hints; say how often to `poll` besides")
        return self


class Work(Strict):
    """A command before the suites, such as a training; `repeatable` may run anew where it was killed half-way."""

    run: Annotated[tuple[str, ...], Field(min_length=1)]
    repeatable: bool = False
    timeout: Span = timedelta(hours=4)


class Stage(Strict):
    """Runs that it starts elsewhere, commands, suites, then a gate, which may promote.

    `deploy` starts what it passed before that is promoted, and `canary` leads traffic to it. A stage that `examines`
    another measures who is promoted there again, for a gate with `watch: true`.
    """

    start: tuple[Elsewhere, ...] = ()
    commands: tuple[Work, ...] = ()
    suites: tuple[str, ...] = ()
    params: Mapping[str, str] = {}
    gate: Name
    promote: bool = False
    deploy: tuple[Work, ...] = ()
    canary: Ramp | None = None
    approve: bool = False
    examines: Name | None = None
    timeout: Span = timedelta(hours=1)

    @model_validator(mode="after")
    def _deploys(self) -> Self:
        if self.deploy and not self.promote:
            raise ValueError("`deploy` starts what is promoted, and this stage says no `promote: true`")
        if self.canary and not self.promote:
            raise ValueError("`canary` leads traffic to what is promoted, and this stage says no `promote: true`")
        return self


class Watched(Strict):
    """A file or folder of data, whose digest is looked at again and again; of DVC's files, what they say of theirs."""

    path: Path
    every: Span = timedelta(seconds=60)


class Scheduled(Strict):
    """Stages that a clock starts: `cron` in five fields, UTC."""

    cron: str
    stages: Annotated[tuple[Name, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _comes(self) -> Self:
        moment_before(self.cron, datetime.now(UTC))
        return self


class Registry(Strict):
    """An alias in MLflow's registry, which is looked at again and again, and whenever a webhook hints at it."""

    mlflow: Annotated[str, Field(pattern=r"^https?://")]
    model: str
    alias: str
    token: Secret | None = None
    every: Span = timedelta(minutes=5)


class Retrains(Strict):
    """How often a degradation may retrain or roll back, and what lies between two of them."""

    at_most: Annotated[int, Field(ge=1)] = 3
    per: Span = timedelta(days=7)
    cool_down: Span = timedelta(hours=6)


class On(Strict):
    """Which stages an event leads through; a degradation tells the owner, unless something else is asked."""

    code: Annotated[tuple[Name, ...], Field(min_length=1)]
    data: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    model: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    degradation: Literal["notify", "rollback"] | Annotated[tuple[Name, ...], Field(min_length=1)] = "notify"


class TargetPipeline(Strict):
    """A target: its code, its data, its stages."""

    repository: Repository
    stages: Annotated[Mapping[Name, Stage], Field(min_length=1)]
    on: On
    watch: Mapping[Name, Watched] = {}
    schedule: Mapping[Name, Scheduled] = {}
    registry: Registry | None = None
    link: Mapping[str, Path] = {}
    env: tuple[str, ...] = ()
    retrains: Retrains = Retrains()
    deadline: Span = timedelta(hours=12)
    notify: Secret | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        degraded = self.on.degradation if self.retrains_on_degradation else ()
        asked = (*self.on.code, *(self.on.data or ()), *(self.on.model or ()), *degraded)
        scheduled = (name for each in self.schedule.values() for name in each.stages)
        for name in (*asked, *scheduled):
            if name not in self.stages:
                raise ValueError(f"there is no stage {name!r}; there is {', '.join(self.stages)}")
        for name, stage in self.stages.items():
            if stage.examines and not (stage.suites and self.stages.get(stage.examines, stage).promote):
                raise ValueError(f"stage {name} `examines` who is promoted: give it suites, and a stage that promotes")
            if stage.examines and name in self.on.code:
                raise ValueError(
                    f"stage {name} `examines` who is promoted, whatever the code; lead `schedule` through it"
                )
        if self.on.degradation == "rollback" and self.promoting is None:
            raise ValueError("`degradation: rollback` needs a stage with `promote: true`")
        if self.watch and not self.on.data:
            raise ValueError("data are watched, and `on` does not say which stages new `data` lead through")
        if (self.registry is None) != (self.on.model is None):
            raise ValueError("`registry` and `on: {model: ...}` go together: what is watched, and where it leads")
        for name, stage in self.stages.items():
            if stage.canary and stage.canary.within >= self.deadline:
                raise ValueError(
                    f"the canary of stage {name} may take as long as `deadline`, {self.deadline}; lengthen that"
                )
        for path in self.link:
            if Path(path).is_absolute() or ".." in Path(path).parts:
                raise ValueError(f"`link` {path!r} leaves the checkout; name a path inside it")
        return self

    @property
    def retrains_on_degradation(self) -> bool:
        """Tell whether a degradation leads through stages."""
        return not isinstance(self.on.degradation, str)

    @property
    def promoting(self) -> Stage | None:
        """Return the stage that promotes."""
        return next((stage for stage in self.stages.values() if stage.promote), None)


class Signers(Strict):
    """Whose key signs runs, and whose promotions: file:PATH, env:NAME or a KMS."""

    runs: str
    promotions: str


class PipelinesFile(Strict):
    """The whole file."""

    project: Name
    ledger: Secret | str
    signers: Signers | None = None
    gates: str = "ci/gates.yaml"
    hooks: Hooks = Hooks()
    canaries: Mapping[Name, Canary] = {}
    targets: Annotated[Mapping[Name, TargetPipeline], Field(min_length=1)]

    @model_validator(mode="after")
    def _copied(self) -> Self:
        if isinstance(self.ledger, str) and not self.ledger.startswith(COPIED):
            known = ", ".join(COPIED)
            raise ValueError(f"`ledger` should begin with one of {known}, as candidates are given a copy of it")
        return self

    @model_validator(mode="after")
    def _signed(self) -> Self:
        for name, target in self.targets.items():
            if target.promoting and not self.signers:
                raise ValueError(
                    f"target {name} promotes, and there are no `signers`; name those of runs and promotions"
                )
        return self


def list_secrets(part: object) -> Iterator[Secret]:
    """Yield every secret that a part of the file names."""
    if isinstance(part, Secret):
        yield part
    elif isinstance(part, Strict):
        yield from list_secrets(tuple(getattr(part, name) for name in type(part).model_fields))
    elif isinstance(part, Mapping):
        yield from list_secrets(tuple(part.values()))
    elif isinstance(part, tuple):
        for each in part:
            yield from list_secrets(each)


def read_pipelines(path: Path) -> PipelinesFile:
    """Return what a pipelines file says; UsageError names each key that is wrong."""
    return parse(PipelinesFile, read_yaml(path), str(path))
