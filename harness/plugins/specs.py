"""What a plugin says of itself as plain values, from which suites are resolved without importing it."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from harness.errors import UsageError
from harness.plugins.parameters import Function, validate_by_schema
from harness.plugins.schemas import Schema, parameter_texts
from harness.values.versions import FileVersion


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """A check without its functions.

    `datasets` tells of each argument that takes a dataset whether it must be given; `parameters` is the JSON schema of
    the others in a suite's `with:`, `paths` are those that start at the suite's folder, `endpoints` those that name
    an endpoint of the suite; `metrics` gives the statistic of each metric. With `own_rules`, its parameters obey more
    than the schema says, so the check itself is asked.
    """

    name: str
    doc: str
    datasets: Mapping[str, bool]
    parameters: Schema
    own_rules: bool = False
    paths: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    metrics: Mapping[str, str] = field(default_factory=dict)
    exclusive: bool = False
    waivable: bool = True
    takes_target: bool = False
    has_effort: bool = False
    has_profiles: bool = False

    def own_parameters(self, given: Mapping[str, object]) -> Mapping[str, object]:
        """Return a step's `with:` less its datasets."""
        return {name: value for name, value in given.items() if name not in self.datasets}

    def validate(self, given: Mapping[str, object]) -> None:
        """Hold a step's `with:`, less its datasets, to the schema; what does not fit is a UsageError."""
        validate_by_schema(self.parameters, self.own_parameters(given), f"check {self.name!r}")

    def endpoint_names(self, given: Mapping[str, object]) -> Mapping[str, str]:
        """Return which endpoint each of its parameters names, as given or by default; one left out names none."""
        defaults = {name: self.parameters["properties"][name].get("default") for name in self.endpoints}
        named = {name: given.get(name, default) for name, default in defaults.items()}
        return {argument: str(name) for argument, name in named.items() if name is not None}

    def dataset_names(self, given: Mapping[str, object], default: str | None) -> Mapping[str, str]:
        """Return which dataset each dataset argument takes; `data` defaults to the target's own."""
        named = {} if default is None else {"data": default}
        named |= {name: self._name(name, value) for name, value in given.items() if name in self.datasets}
        for name, required in self.datasets.items():
            if required and name not in named:
                raise UsageError(f"check {self.name!r} needs a dataset for {name!r}; add `with: {{{name}: DATASET}}`")
        return {name: value for name, value in named.items() if name in self.datasets}

    def _name(self, argument: str, value: object) -> str:
        if not isinstance(value, str):
            raise UsageError(f"check {self.name!r}, {argument!r} names a dataset or a path; found {value!r}")
        return value


@dataclass(frozen=True, kw_only=True)
class TargetKind:
    """What a suite may write under `target: {kind:, config:}`, as a JSON schema; `own_rules` as of a check."""

    name: str
    doc: str
    parameters: Schema
    own_rules: bool = False

    def validate(self, config: Mapping[str, object]) -> None:
        """Hold a target's configuration to the schema; what does not fit is a UsageError."""
        validate_by_schema(self.parameters, config, f"target kind {self.name!r}")


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """How a plugin is performed in an environment of its own; the author writes it, not `describe`.

    `lock` is the file of requirements with hashes beside the plugin's module, made for the Python named (default: the
    host's). A step takes at most so many `seconds`, and a process so many `megabytes` of address space (0: no limit).
    `variables` are set for its worker, which has no others.
    """

    lock: str
    python: str | None = None
    seconds: float = 900
    megabytes: int = 16_384
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PluginDescription:
    """All that a plugin offers: checks and target kinds by name, and the names of the rest.

    An `isolated` one is not imported to measure: its checks are performed in an environment of its own.
    """

    version: FileVersion = 1
    isolated: Isolation | None = None
    checks: Mapping[str, CheckSpec] = field(default_factory=dict)
    targets: Mapping[str, TargetKind] = field(default_factory=dict)
    executors: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    promoters: tuple[str, ...] = ()


Spec = TypeVar("Spec", CheckSpec, TargetKind)


def comparable(spec: Spec) -> Spec:
    """Return a description with its schema told in a way that is the same whichever pydantic wrote it."""
    schema = spec.parameters
    required = sorted(schema.get("required", ()))
    return replace(spec, parameters={"texts": parameter_texts(schema), "required": required})


def doc_line(function: Function) -> str:
    """Return the first line of a docstring, or nothing."""
    return (inspect.getdoc(function) or "").partition("\n")[0]
