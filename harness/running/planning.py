"""The second step of a run: says what is to be performed, task by task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.plugins.tasks import TargetSpec, Task
from harness.running.inputs import columns_to_profile
from harness.running.opening import OpenSuite, endpoint_urls, target_spec
from harness.running.options import RunOptions, RunServices
from harness.suite.steps import Resolved
from harness.values.canonical import canonical, sha256


def plan_tasks(
    steps: Sequence[Resolved], opened: OpenSuite, options: RunOptions, services: RunServices
) -> Sequence[Task]:
    """Return a task for every step and every target it can be measured on."""
    profiled = columns_to_profile(steps, opened.checks, opened.targets)
    deadline = opened.started + options.timeout if options.timeout else None
    return [
        Task(
            step=step.name,
            check=step.check.name,
            target=_target_spec(opened, name, services),
            arguments=arguments,
            params=step.params,
            datasets=opened.datasets,
            profiled=profiled,
            exclusive=step.check.exclusive,
            seed=_seed(step, name, opened, options),
            deadline=deadline,
            endpoints=endpoint_urls(opened.suite, step.name, services),
        )
        for step, name, arguments in _measurable(steps, opened)
    ]


def _measurable(steps: Sequence[Resolved], opened: OpenSuite) -> Sequence[tuple[Resolved, str, Mapping[str, str]]]:
    """Return each step with the targets that are open and the datasets that hold there."""
    return [
        (step, name, arguments)
        for step in steps
        for name, arguments in step.arguments.items()
        if name in opened.targets and not opened.why_broken(name, arguments)
    ]


def _target_spec(opened: OpenSuite, name: str, services: RunServices) -> TargetSpec:
    spec = target_spec(opened.suite, name, endpoint_urls(opened.suite, opened.steps[0].name, services))
    return replace(spec, identity=opened.identities[name], url=opened.targets[name].url)


def _seed(step: Resolved, target: str, opened: OpenSuite, options: RunOptions) -> int:
    digests = {name: data.digest for name, data in opened.datasets.items()}
    return int(sha256(canonical([options.seed, step.name, target, digests]))[7:15], 16)
