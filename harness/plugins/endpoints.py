"""Gives a check or a target the URLs of the endpoints that its parameters name."""

from collections.abc import Mapping
from typing import Any

from harness.errors import HarnessError, UsageError, did_you_mean
from harness.plugins.parameters import Function, arguments_of_type
from harness.plugins.specs import CheckSpec
from harness.plugins.tasks import TargetSpec, Task
from harness.values.endpoints import Endpoint


def find_endpoints(spec: CheckSpec, task: Task) -> Mapping[str, str]:
    """Return the URL for each parameter of a task that names an endpoint; an unknown one is a HarnessError."""
    named = spec.endpoint_names(task.params)
    for argument, name in named.items():
        if name not in task.endpoints:
            raise HarnessError(
                f"check {spec.name!r}, {argument!r}: the run has no endpoint {name!r}; name it in the suite"
            )
    return {argument: task.endpoints[name] for argument, name in named.items()}


def target_endpoints(connect: Function, config: Mapping[str, Any], spec: TargetSpec) -> Mapping[str, str]:
    """Return the URL for each parameter of a target that names an endpoint; an unknown one is a UsageError."""
    named = {name: config[name] for name in arguments_of_type(connect, Endpoint) if config[name] is not None}
    for argument, name in named.items():
        if name not in spec.endpoints:
            raise UsageError(
                f"target kind {spec.kind!r}, {argument!r}: no endpoint {name!r}{did_you_mean(name, spec.endpoints)}; "
                f"add `endpoints: {{{name}: URL}}` to the suite"
            )
    return {argument: spec.endpoints[name] for argument, name in named.items()}
