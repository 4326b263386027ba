"""Gives a check the URLs of the endpoints that its parameters name."""

from collections.abc import Mapping

from harness.errors import HarnessError
from harness.plugins.specs import CheckSpec
from harness.plugins.tasks import Task


def find_endpoints(spec: CheckSpec, task: Task) -> Mapping[str, str]:
    """Return the URL for each parameter of a task that names an endpoint; an unknown one is a HarnessError."""
    named = spec.endpoint_names(task.params)
    for argument, name in named.items():
        if name not in task.endpoints:
            raise HarnessError(
                f"check {spec.name!r}, {argument!r}: the run has no endpoint {name!r}; name it in the suite"
            )
    return {argument: task.endpoints[name] for argument, name in named.items()}
