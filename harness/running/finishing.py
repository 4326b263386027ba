"""The fourth step of a run: makes of what was measured in a step what can be judged, and keeps the rows behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from harness.errors import HarnessError
from harness.plugins.discovery import owner
from harness.plugins.tasks import TaskResult
from harness.records.contract import keep_declared
from harness.records.evidence import store_samples
from harness.running.opening import OpenSuite
from harness.running.options import RunOptions, RunServices
from harness.running.slices import slice_measurements
from harness.suite.planted import planted_texts
from harness.suite.steps import Resolved
from harness.text import printable
from harness.values.calls import Calls
from harness.values.cost import Cost, total_cost
from harness.values.keys import MetricKey
from harness.values.measurements import Measurement


@dataclass(frozen=True, kw_only=True)
class FinishedStep:
    """What a step measured, whole and by slices; `failures` says, by target, why nothing was measured there.

    `plugins` holds the versions of those that measured it, `calls` says how language models answered it.
    """

    step: str
    measurements: Sequence[Measurement] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    plugins: Mapping[str, str] = field(default_factory=dict)
    calls: Calls | None = None


def finish_step(
    step: Resolved, results: Sequence[TaskResult], opened: OpenSuite, options: RunOptions, services: RunServices
) -> FinishedStep:
    """Return a step's measurements split by its slices, the rows behind them stored."""
    own = [result for result in results if result.task.step == step.name]
    failures = _task_failures(step, own, opened, options)
    measurements: list[Measurement] = []
    planted = planted_texts(opened.suite)
    for result in own:
        try:
            found = _distinct([_printable(each) for each in _slice_result(step, result, opened)])
            measurements += store_samples(found, services.evidence_store, options.evidence, planted)
        except HarnessError as error:
            failures[result.task.target.name] = str(error)
        except pa.ArrowException as error:  # ids or slice columns of a type that cannot be matched or digested
            message = f"what {step.check.name!r} measured cannot be split or stored: {error}; use ids of a plain type"
            failures[result.task.target.name] = printable(message)
    door, suite = services.door, opened.suite.name
    spent = [door.cost(suite, step.name)] if door else []
    used = {owner(name) for result in own for name in (result.task.check, result.task.target.kind)}
    return FinishedStep(
        step=step.name,
        measurements=measurements,
        failures=failures,
        cost=total_cost([*(result.cost for result in own), *spent]),
        plugins={name: version for name, version in opened.plugins.items() if name in used},
        calls=door.calls(suite, step.name) if door else None,
    )


def _task_failures(
    step: Resolved, results: Sequence[TaskResult], opened: OpenSuite, options: RunOptions
) -> dict[str, str]:
    """Return why nothing was measured on some targets: what an executor forgot is missed, too."""
    broken = {name: opened.why_broken(name, arguments) for name, arguments in step.arguments.items()}
    failures = {**opened.failures, **{name: why for name, why in broken.items() if why}}
    failures |= {result.task.target.name: result.error for result in results if result.error}
    missing = set(step.arguments) - {result.task.target.name for result in results} - set(failures)
    return failures | dict.fromkeys(missing, f"executor {options.executor!r} returned nothing for this step")


def _slice_result(step: Resolved, result: TaskResult, opened: OpenSuite) -> Sequence[Measurement]:
    measurements = [replace(keep_declared(measurement), asked=step.asked) for measurement in result.measurements]
    if not step.step.by or not measurements:
        return measurements
    if "data" not in result.task.arguments:
        raise HarnessError(f"check {step.check.name!r} reads no dataset, so it cannot be split `by` columns")
    data = opened.targets[result.task.target.name].dataset(result.task.arguments["data"])
    in_slices = {requirement.metric for requirement in step.step.requirements if requirement.where != "overall"}
    return slice_measurements(measurements, step.step.by, data, in_slices)


def _printable(found: Measurement) -> Measurement:
    """Return the measurement with its texts printable: a plugin may have them from data, as the values of slices."""
    return replace(
        found,
        metric=printable(found.metric),
        unit=printable(found.unit),
        event=printable(found.event),
        labels={printable(name): printable(value) for name, value in found.labels.items()},
        evidence={printable(name): printable(value, keep="\n") for name, value in found.evidence.items()},
        failure=printable(found.failure, keep="\n"),
        readings=tuple(
            replace(each, beside=printable(each.beside), says=printable(each.says)) for each in found.readings
        ),
    )


def _distinct(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    """Return the measurements if each is of something else: looks at one that is there twice could not be counted."""
    seen: set[MetricKey] = set()
    for key in (measurement.key for measurement in measurements):
        if key in seen:
            raise HarnessError(f"{key.metric!r} ({key.where}) was measured twice in one step; give each its own labels")
        seen.add(key)
    return measurements
