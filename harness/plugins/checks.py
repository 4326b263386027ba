"""Checks: functions that measure a target and know no threshold."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from harness.data.datasets import Dataset
from harness.plugins.endpoints import find_endpoints
from harness.plugins.parameters import arguments_of_type, has_own_rules, schema_of, validate_arguments
from harness.plugins.specs import CheckSpec, doc_line
from harness.plugins.targets import Target
from harness.plugins.tasks import Task
from harness.values.endpoints import Endpoint
from harness.values.measurements import Measurement

Measure = Callable[..., Iterable[Measurement]]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What measuring would take, in seconds, and yield, known from the parameters alone; `n` is None if it is not."""

    seconds: float
    n: int | None
    unit: str = "rows"


class Performed(Protocol):
    """A check as a run performs it, here or in an environment of its own."""

    @property
    def name(self) -> str:
        """Return what suites call it."""

    @property
    def spec(self) -> CheckSpec:
        """Return its description."""

    @property
    def profiles(self) -> Callable[..., Sequence[str]] | None:
        """Return what says which columns it profiles."""

    def parameters(self, given: Mapping[str, object]) -> Mapping[str, Any]:
        """Return parameters as it takes them."""

    def measure_target(self, target: Target, datasets: Mapping[str, Dataset], task: Task) -> Iterable[Measurement]:
        """Return what it measures in a task; some measure one after another, as they are asked for the next."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named measuring function with its description, `spec`; an exclusive one runs alone (latency).

    No waiver stands for what a check found that is not `waivable`.
    `metrics` tells the statistic of each metric, so that a suite can be validated without measuring; `effort` says, of
    the parameters, what an exclusive check would take, as it is not run to plan; `profiles` says, of `data` and
    the parameters, which columns it asks profiles of (`EVERY`: all without a role), so that steps share one scan.
    """

    name: str
    measure: Measure
    exclusive: bool = False
    waivable: bool = True
    metrics: Mapping[str, str] = field(default_factory=dict)
    effort: Callable[..., Effort] | None = None
    profiles: Callable[..., Sequence[str]] | None = None

    @cached_property
    def spec(self) -> CheckSpec:
        """Return what the host needs to know to resolve and plan a step of it."""
        return CheckSpec(
            name=self.name,
            doc=doc_line(self.measure),
            datasets=_dataset_arguments(self.measure),
            parameters=schema_of(self.measure, self._given_by_host),
            own_rules=has_own_rules(self.measure, self._given_by_host),
            paths=tuple(sorted(arguments_of_type(self.measure, Path))),
            endpoints=tuple(sorted(arguments_of_type(self.measure, Endpoint))),
            metrics=dict(self.metrics),
            exclusive=self.exclusive,
            waivable=self.waivable,
            takes_target=bool(arguments_of_type(self.measure, Target)),
            has_effort=self.effort is not None,
            has_profiles=self.profiles is not None,
        )

    def parameters(self, given: Mapping[str, object]) -> Mapping[str, Any]:
        """Return parameters as the functions take them: strictly validated, converted, with defaults filled in."""
        return validate_arguments(self.measure, given, f"check {self.name!r}", self._given_by_host)

    def measure_target(self, target: Target, datasets: Mapping[str, Dataset], task: Task) -> Iterable[Measurement]:
        """Return what the function measures with parameters as a suite gives them; a generator is not run yet."""
        wanted = dict.fromkeys(arguments_of_type(self.measure, Target), target)
        named = find_endpoints(self.spec, task)
        return self.measure(**wanted, **datasets, **{**self.parameters(task.params), **named})

    @cached_property
    def _given_by_host(self) -> frozenset[str]:
        return frozenset({*_dataset_arguments(self.measure), *arguments_of_type(self.measure, Target)})


def _dataset_arguments(measure: Measure) -> dict[str, bool]:
    """Return the arguments that take a dataset, in order, and whether each must be given."""
    found = arguments_of_type(measure, Dataset)
    arguments = inspect.signature(measure).parameters
    return {name: argument.default is argument.empty for name, argument in arguments.items() if name in found}


def check(
    name: str,
    *,
    exclusive: bool = False,
    waivable: bool = True,
    metrics: Mapping[str, str] | None = None,
    effort: Callable[..., Effort] | None = None,
    profiles: Callable[..., Sequence[str]] | None = None,
) -> Callable[[Measure], Check]:
    """Make a function a check: `target: Target` and `data: Dataset` are given, the rest is `with:`."""

    def decorate(measure: Measure) -> Check:
        return Check(
            name=name,
            measure=measure,
            exclusive=exclusive,
            waivable=waivable,
            metrics=metrics or {},
            effort=effort,
            profiles=profiles,
        )

    return decorate
