"""Performs one work unit: opens the target, calls the check, and refuses what is not a measurement."""

import math
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.parameters import validate_arguments
from harness.plugins.checks import Check
from harness.plugins.discovery import Plugins, discover
from harness.plugins.targets import Target
from harness.plugins.tasks import TargetSpec, Task, TaskResult
from harness.settings import find_settings
from harness.stats import STATISTICS
from harness.values.measurements import Measurement
from harness.values.samples import Sample

MEASUREMENT = TypeAdapter(Measurement)


def open_target(
    subject: TargetSpec, datasets: Mapping[str, Dataset], plugins: Plugins
) -> AbstractContextManager[Target]:
    """Return the target's context manager, its configuration strictly validated."""
    connect = plugins.connect(subject.kind)
    return connect(datasets, **validate_arguments(connect, subject.config, f"target kind {subject.kind!r}"))


def perform_alone(work: Task) -> TaskResult:
    """Perform a work unit in a process of its own, where nothing is open yet."""
    plugins = discover(find_settings(Path.cwd()))
    with open_target(work.subject, work.datasets, plugins) as target:
        return perform(work, plugins.check(work.check), target)


def perform(work: Task, check: Check, target: Target) -> TaskResult:
    """Return what a check measures on an opened target; whatever goes wrong becomes the work's error."""
    started = time.perf_counter()
    try:
        measurements, error = measure_task(work, check, target), None
    except HarnessError as trouble:
        measurements, error = [], str(trouble)
    except (Exception, SystemExit) as trouble:  # noqa: BLE001 - a stranger's check may raise anything, or exit with 0
        measurements, error = [], f"check {check.name!r} raised {type(trouble).__name__}: {trouble}"
    return TaskResult(work=work, measurements=measurements, error=error, seconds=time.perf_counter() - started)


def measure_task(work: Task, check: Check, target: Target) -> list[Measurement]:
    """Return what a check measures, refused if the target changed meanwhile; what goes wrong is raised."""
    _in_time(work, "was not started")
    before = target.identity()
    datasets = {argument: _dataset(work, target, name) for argument, name in work.arguments.items()}
    measurements = check.measure_target(target, datasets, work.params)
    after = target.identity()
    if (after.revision, after.digest) != (before.revision, before.digest):
        raise HarnessError(
            f"the target changed from {before.revision} to {after.revision} during {check.name!r}; "
            f"pin its version and run again"
        )
    _in_time(work, "ended too late")
    return list(_tag_measurements(measurements, work, datasets.get("data")))


def _dataset(work: Task, target: Target, name: str) -> Dataset:
    return replace(target.dataset(name), profiled=work.profiled.get(name, ()))


def _in_time(work: Task, what: str) -> None:
    if work.deadline is not None and datetime.now(UTC) > work.deadline:
        raise HarnessError(f"step {work.step!r} {what}: the run's time ended at {work.deadline:%H:%M:%S} UTC")


def _tag_measurements(found: Iterable[object], work: Task, data: Dataset | None) -> Iterable[Measurement]:
    for measurement in found:
        admitted = _validate_measurement(measurement, work)
        _heeds_clusters(admitted, work, data)
        yield replace(admitted, check=work.check, step=work.step, target=work.subject.name)


def _validate_measurement(found: object, work: Task) -> Measurement:
    """Return a measurement that can be judged and recorded; a field of another type would spoil the ledger."""
    if not isinstance(found, Measurement):
        raise HarnessError(f"check {work.check!r} returned {type(found).__name__}, not Measurement values")
    sample = vars(found.sample) if isinstance(found.sample, Sample) else found.sample
    try:
        valid = MEASUREMENT.validate_python({**vars(found), "sample": sample})
    except ValidationError as error:
        wrong = error.errors()[0]
        message = f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}; found {wrong['input']!r}"
        raise HarnessError(f"check {work.check!r} returned a measurement of {found.metric!r} with {message}") from error
    _refuse_other_side(valid, work)
    return _countable(valid)


def _refuse_other_side(found: Measurement, work: Task) -> None:
    """Refuse a distance or an error that is said to be better the greater it is: it would be judged upside down."""
    statistic = STATISTICS.get(found.sample.statistic)
    if statistic and statistic.better and found.better != statistic.better:
        raise HarnessError(
            f"check {work.check!r} measures {found.metric!r} with better={found.better!r}, but a "
            f"{found.sample.statistic!r} is better the {statistic.better} it is; return it with "
            f"better={statistic.better!r}"
        )


def _countable(found: Measurement) -> Measurement:
    """Return the measurement, failed where a count is no number: it is not judged, and others are."""
    wrong = {name: count for name, count in found.sample.counts.items() if not math.isfinite(count)}
    if not wrong:
        return found
    message = f"{found.metric!r} was measured with counts that are no numbers: {wrong}; repair what they are made of"
    return replace(found, sample=replace(found.sample, counts={}), failure=found.failure or message)


def _heeds_clusters(measurement: Measurement, work: Task, data: Dataset | None) -> None:
    sample = measurement.sample
    statistic = STATISTICS.get(sample.statistic)
    if data is None or not data.roles.cluster or (statistic and statistic.interval != "estimated"):
        return
    columns = sample.rows.column_names if sample.rows is not None else []
    missing = [name for name in data.roles.cluster if f"cluster.{name}" not in columns]
    if missing:
        raise HarnessError(
            f"dataset {data.name!r} says that rows of one {missing[0]} belong together, but {work.check!r} measures "
            f"{measurement.metric!r} without it; return rows with a column 'cluster.{missing[0]}'"
        )
