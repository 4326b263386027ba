"""The third step of a run: calls checks on targets, and refuses what is not a measurement."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.isolated.checks import isolated_check, open_rooms
from harness.plugins.checks import Performed
from harness.plugins.discovery import Plugins, discover, owner
from harness.plugins.endpoints import target_endpoints
from harness.plugins.parameters import validate_arguments
from harness.plugins.targets import Target
from harness.plugins.tasks import Executor, TargetSpec, Task, TaskResult
from harness.running.row_copies import RowCopies
from harness.settings import find_settings
from harness.text import printable
from harness.values.cost import Cost
from harness.values.measurements import Measurement
from harness.values.samples import Sample
from harness.values.statistics import describe_statistic

MEASUREMENT = TypeAdapter(Measurement)


def open_target(spec: TargetSpec, datasets: Mapping[str, Dataset], plugins: Plugins) -> AbstractContextManager[Target]:
    """Return the target's context manager, its configuration strictly validated."""
    connect = plugins.connect(spec.kind)
    config = validate_arguments(connect, spec.config, f"target kind {spec.kind!r}")
    return connect(datasets, **{**config, **target_endpoints(connect, config, spec)})


def perform_alone(task: Task) -> TaskResult:
    """Perform a task in a process of its own, where nothing is open yet."""
    plugins = discover(find_settings(Path.cwd()))
    with (
        open_target(task.target, task.datasets, plugins) as target,
        open_rooms([owner(task.check)], plugins) as rooms,
    ):
        check = isolated_check(plugins, task.check, rooms, _keep_no_file) or plugins.check(task.check)
        return perform(task, check, target)


def _keep_no_file(_file: Path) -> str:
    return "not kept, as it was made in a process of its own"


def perform_tasks(
    tasks: Sequence[Task],
    checks: Mapping[str, Performed],
    targets: Mapping[str, Target],
    executor: Executor,
    on_start: Callable[[Task], None],
    on_result: Callable[[TaskResult], None],
) -> Sequence[TaskResult]:
    """Return what came of each task, performed on targets that are open; each is told as it starts and ends."""

    def perform_and_tell(task: Task) -> TaskResult:
        on_start(task)
        result = perform(task, checks[task.step], targets[task.target.name])
        on_result(result)
        return result

    return list(executor(tasks, perform_and_tell))


def perform(task: Task, check: Performed, target: Target) -> TaskResult:
    """Return what a check measures on an opened target; whatever goes wrong becomes the task's error."""
    started = time.perf_counter()
    try:
        measurements, error = measure_task(task, check, target), None
    except HarnessError as trouble:
        measurements, error = [], str(trouble)
    except BaseException as trouble:
        if isinstance(trouble, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # Ctrl-C, which Python hands to the main thread alone
        message = f"check {check.name!r} raised {type(trouble).__name__}: {trouble}"
        measurements, error = [], printable(message, keep="\n")
    cost = Cost(seconds=time.perf_counter() - started)
    return TaskResult(task=task, measurements=measurements, error=error, cost=cost)


def measure_task(task: Task, check: Performed, target: Target) -> list[Measurement]:
    """Return what a check measures, refused if the target changed meanwhile; what goes wrong is raised."""
    _in_time(task, "was not started")
    before = target.identity()
    datasets = {argument: _dataset(task, target, name) for argument, name in task.arguments.items()}
    found = check.measure_target(target, datasets, task)
    measurements = list(_tag_measurements(found, task, datasets.get("data")))
    after = target.identity()
    if (after.revision, after.digest) != (before.revision, before.digest):
        raise HarnessError(
            f"the target changed from {before.revision} to {after.revision} during {check.name!r}; "
            f"pin its version and run again"
        )
    _in_time(task, "ended too late")
    return measurements


def _dataset(task: Task, target: Target, name: str) -> Dataset:
    return replace(target.dataset(name), profiled=task.profiled.get(name, ()))


def _in_time(task: Task, what: str) -> None:
    if task.deadline is not None and datetime.now(UTC) > task.deadline:
        raise HarnessError(f"step {task.step!r} {what}: the run's time ended at {task.deadline:%H:%M:%S} UTC")


def _tag_measurements(found: Iterable[object], task: Task, data: Dataset | None) -> Iterable[Measurement]:
    """Yield each measurement as it stands when the check hands it over: what is changed later is not judged."""
    copies = RowCopies()
    for measurement in found:
        admitted = _copy_rows(_validate_measurement(measurement, task), copies)
        _heeds_clusters(admitted, task, data)
        yield replace(admitted, check=task.check, step=task.step, target=task.target.name)


def _validate_measurement(found: object, task: Task) -> Measurement:
    """Return a measurement that can be judged and recorded; a field of another type would spoil the ledger."""
    if not isinstance(found, Measurement):
        raise HarnessError(f"check {task.check!r} returned {type(found).__name__}, not Measurement values")
    sample = vars(found.sample) if isinstance(found.sample, Sample) else found.sample
    _refuse_other_counts(found, task)
    try:
        valid = MEASUREMENT.validate_python({**vars(found), "sample": sample})
    except ValidationError as error:
        wrong = error.errors()[0]
        message = f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}; found {wrong['input']!r}"
        raise HarnessError(f"check {task.check!r} returned a measurement of {found.metric!r} with {message}") from error
    _refuse_other_rows(valid, task)
    _refuse_other_side(valid, task)
    return _countable(valid)


def _refuse_other_counts(found: Measurement, task: Task) -> None:
    """Refuse counts of a type that only looks like a number: who counts does not get texts, truths or decimals."""
    counts = found.sample.counts if isinstance(found.sample, Sample) else None
    for name, count in counts.items() if isinstance(counts, Mapping) else ():
        if isinstance(count, bool) or not isinstance(count, int | float | np.integer | np.floating):
            raise HarnessError(
                f"check {task.check!r} measured {found.metric!r} with the count {name!r} as {type(count).__name__}: "
                f"{str(count)[:40]!r}; give an int, as by `int(...)`"
            )


def _copy_rows(found: Measurement, copies: RowCopies) -> Measurement:
    if found.sample.rows is None:
        return found
    return replace(found, sample=replace(found.sample, rows=copies.copy_table(found.sample.rows)))


def _refuse_other_rows(found: Measurement, task: Task) -> None:
    """Refuse rows that are no Arrow table, or one with a name twice: they could be neither judged nor kept."""
    rows = found.sample.rows
    if rows is None:
        return
    said = f"check {task.check!r} returned rows of {found.metric!r}"
    if not isinstance(rows, pa.Table):
        raise HarnessError(f"{said} as {type(rows).__name__}; give a pyarrow.Table, as from `pyarrow.table`")
    twice = sorted(name for name, times in Counter(rows.column_names).items() if times > 1)
    if twice:
        raise HarnessError(f"{said} with the column {twice[0]!r} more than once; give each a name of its own")


def _refuse_other_side(found: Measurement, task: Task) -> None:
    """Refuse a distance or an error that is said to be better the greater it is: it would be judged upside down."""
    statistic = describe_statistic(found.sample.statistic)
    if statistic.better and found.better != statistic.better:
        raise HarnessError(
            f"check {task.check!r} measures {found.metric!r} with better={found.better!r}, but a "
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


def _heeds_clusters(measurement: Measurement, task: Task, data: Dataset | None) -> None:
    sample = measurement.sample
    estimated = describe_statistic(sample.statistic).interval == "estimated"
    if data is None or not data.roles.cluster or not estimated:
        return
    columns = sample.rows.column_names if sample.rows is not None else []
    missing = [name for name in data.roles.cluster if f"cluster.{name}" not in columns]
    if missing:
        raise HarnessError(
            f"dataset {data.name!r} says that rows of one {missing[0]} belong together, but {task.check!r} measures "
            f"{measurement.metric!r} without it; return rows with a column 'cluster.{missing[0]}'"
        )
