"""Checks: functions that measure a target and know no threshold."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from harness.data.datasets import Dataset
from harness.errors import UsageError
from harness.parameters import arguments_of_type, validate_arguments
from harness.plugins.targets import Target
from harness.values.measurements import Measurement

Measure = Callable[..., Iterable[Measurement]]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What measuring would take, in seconds, and yield, known from the parameters alone; `n` is None if it is not."""

    seconds: float
    n: int | None
    unit: str = "rows"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named measuring function; an exclusive one runs alone (latency).

    `metrics` tells the statistic of each metric, so that a suite can be validated without measuring; `effort` says, of
    the parameters, what an exclusive check would take, as it is not run to plan; `profiles` says, of `data` and
    the parameters, which columns it asks profiles of (`EVERY`: all without a role), so that steps share one scan.
    """

    name: str
    measure: Measure
    exclusive: bool = False
    metrics: Mapping[str, str] = field(default_factory=dict)
    effort: Callable[..., Effort] | None = None
    profiles: Callable[..., Sequence[str]] | None = None

    def dataset_arguments(self) -> Mapping[str, bool]:
        """Return the arguments that take a dataset, and whether each must be given."""
        signature = inspect.signature(self.measure).parameters
        return {n: signature[n].default is inspect.Parameter.empty for n in arguments_of_type(self.measure, Dataset)}

    def parameters(self, given: Mapping[str, object]) -> Mapping[str, Any]:
        """Return a step's `with:` less its datasets, strictly validated and with defaults filled in."""
        by_host = frozenset({*self.dataset_arguments(), *arguments_of_type(self.measure, Target)})
        own = {name: value for name, value in given.items() if name not in by_host}
        return validate_arguments(self.measure, own, f"check {self.name!r}", by_host)

    def dataset_names(self, given: Mapping[str, object], default: str | None) -> Mapping[str, str]:
        """Return which dataset each dataset argument takes; `data` defaults to the target's own."""
        named = {} if default is None else {"data": default}
        named |= {name: self._name(name, value) for name, value in given.items() if name in self.dataset_arguments()}
        for name, required in self.dataset_arguments().items():
            if required and name not in named:
                raise UsageError(f"check {self.name!r} needs a dataset for {name!r}; add `with: {{{name}: DATASET}}`")
        return {name: value for name, value in named.items() if name in self.dataset_arguments()}

    def measure_target(
        self, target: Target, datasets: Mapping[str, Dataset], params: Mapping[str, Any]
    ) -> list[Measurement]:
        """Return what the function measures."""
        wanted = dict.fromkeys(arguments_of_type(self.measure, Target), target)
        return list(self.measure(**wanted, **datasets, **params))

    def describe_parameters(self) -> Mapping[str, str]:
        """Return each `with:` parameter with its type, and its default if it has one."""
        plain = get_type_hints(self.measure)
        arguments = [a.replace(annotation=plain[a.name]) for a in inspect.signature(self.measure).parameters.values()]
        return {a.name: str(a).partition(": ")[2] for a in arguments if a.kind is a.KEYWORD_ONLY}

    def _name(self, argument: str, value: object) -> str:
        if not isinstance(value, str):
            raise UsageError(f"check {self.name!r}, {argument!r} names a dataset or a path; found {value!r}")
        return value


def check(
    name: str,
    *,
    exclusive: bool = False,
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
            metrics=metrics or {},
            effort=effort,
            profiles=profiles,
        )

    return decorate
